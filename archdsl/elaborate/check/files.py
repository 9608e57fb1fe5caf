"""All mistakes in the names of a file at once, found without elaborating anything.

Only the file's own blocks and models are looked at: those of a file that it uses are that file's to check.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from archdsl.diagnostics import Diagnostic, Note, Problems, Span
from archdsl.diagnostics.codes import DUPLICATE_NAME, MISSING_BINDING, TOO_LARGE
from archdsl.elaborate.check.claims import check_claim
from archdsl.elaborate.check.columns import check_label
from archdsl.elaborate.check.models import ModelNames
from archdsl.elaborate.check.vocabulary import Vocabulary
from archdsl.elaborate.effort import Effort
from archdsl.elaborate.problems import Stop, bounded_depth
from archdsl.elaborate.resolve.definitions import Environment
from archdsl.elaborate.resolve.dimensions import mismatches
from archdsl.elaborate.resolve.inheritance import parameters_of
from archdsl.elaborate.resolve.labels import label
from archdsl.elaborate.resolve.linking import repeats, twice, unknown_model
from archdsl.elaborate.resolve.merge import no_parameter, reference_problems, variants
from archdsl.language import tree
from archdsl.limits import limits, raising


def check_names(environment: Environment, problems: Problems) -> None:
    """Adds every mistake in a name of the file: unknown ones, ones defined twice, arguments that do not fit."""
    if too_many := _too_many_networks(environment):
        problems.add(too_many)
        return
    for item in environment.module.items:
        if problems.is_full:
            return
        if isinstance(item, tree.Block):
            _guarded(partial(_check_block, item, environment, problems), item.name.span, problems)
        elif isinstance(item, tree.Variants):
            _guarded(partial(_check_variants, item, environment, problems), item.model.span, problems)
        elif isinstance(item, tree.Recipe):
            _guarded(partial(_check_recipe, item, environment, problems), item.name.span, problems)
    effort = Effort()
    for model in [ModelNames(definition, problems, effort) for definition in environment.own_models]:
        if problems.is_full:
            return
        _guarded(model.check, model.model.name.span, problems)
    _check_labels(environment, problems)


def _too_many_networks(environment: Environment) -> Diagnostic | None:
    rows = sum(len(table.table.rows) for definition in environment.own_models for table in definition.variants)
    count = len(environment.own_models) + rows
    if count <= limits().networks:
        return None
    place = environment.own_models[0].model.name.span
    message = f"a file with {count:,} models and variants is more than the bound of {limits().networks:,}"
    return Diagnostic(TOO_LARGE, message, place, help=raising("networks", count, "split it"))


def _guarded(check: Callable[[], None], span: Span, problems: Problems) -> None:
    """Runs a check; text that is nested too deeply to follow becomes a diagnostic."""
    try:
        with bounded_depth(span):
            check()
    except Stop as problem:
        problems.add(problem.diagnostic)


# Blocks --------------------------------------------------------------------------------------------------------------


def _check_block(block: tree.Block, environment: Environment, problems: Problems) -> None:
    words = Vocabulary(environment, problems)
    bindings = [s for s in block.body if isinstance(s, tree.Binding) and s.fact is None]
    identifiers = [parameter.name for parameter in block.parameters] + [binding.name for binding in bindings]
    words.later = {name.text: name.span for name in reversed(identifiers)}  # the first place of a name counts
    words.own["in"] = block.name.span
    for parameter in block.parameters:
        if parameter.default is not None:
            words.check(parameter.default)
        _bind(parameter.name, words, "parameter ")
        if parameter.name.text == "out":
            message = "`out` is what a block gives; no parameter can be called that"
            problems.add(Diagnostic(DUPLICATE_NAME, message, parameter.name.span))
    facts: dict[tuple[str, str], Span] = {}
    values: dict[str, list[tree.Expression]] = {
        **{one.name.text: [one.default] if one.default is not None else [] for one in block.parameters},
        **{binding.name.text: [binding.value] for binding in bindings},
    }
    for statement in block.body:
        if isinstance(statement, tree.Require):
            before = len(problems)
            words.check(statement.claim)
            if len(problems) == before:  # of a name that is unknown nobody knows what it speaks of
                problems.add(*check_claim(statement.claim, words, "in.channels % 8 == 0"))
                problems.add(*mismatches(statement.claim, {}, values))
        elif statement.fact is None:
            words.check(statement.value)
            _bind(statement.name, words)
        else:
            words.check(tree.Name(statement.name.span, statement.name.text))
            words.check(statement.value)
            fact = (statement.name.text, statement.fact.text)
            if fact in facts:
                name = tree.Identifier(statement.name.span.to(statement.fact.span), ".".join(fact))
                problems.add(twice(name, facts[fact]))
            facts.setdefault(fact, statement.span)
    if "out" not in words.own:
        problems.add(
            Diagnostic(
                MISSING_BINDING,
                f"block `{block.name.text}` has no `out`",
                block.name.span,
                help="bind it to the tensor that the block gives, for example `out = in -> conv(channels)`",
            )
        )


def _bind(name: tree.Identifier, words: Vocabulary, what: str = "") -> None:
    """A name becomes known; once."""
    text = name.text
    if text == "in":
        message = "`in` is the input of the block; nothing else can be called that"
        words.problems.add(Diagnostic(DUPLICATE_NAME, message, name.span))
    elif text in words.own:
        words.problems.add(twice(name, words.own[text], what))
    words.own.setdefault(text, name.span)
    words.later.pop(text, None)


# Variants and recipes ------------------------------------------------------------------------------------------------


def _check_variants(item: tree.Variants, environment: Environment, problems: Problems) -> None:
    definition = environment.models.get(item.model.text)
    if definition is None or definition.environment is not environment:
        return  # told when the file was linked
    problems.add(*repeats(item.table.header, "column "))
    if "name" not in (column.text for column in item.table.header):
        return  # told when the file was linked
    parameters = parameters_of(definition)
    for column in item.table.header:
        if column.text and column.text != "name" and column.text not in parameters:
            given = [other.text for other in item.table.header]
            problems.add(no_parameter(definition.name, column, parameters, given))
    words = Vocabulary(environment, problems, has_settings=False)
    for row in item.table.rows:
        for column, cell in zip(item.table.header, row.cells, strict=True):
            if column.text == "name":
                problems.add(*filter(None, [check_label(cell, "variant")]))
            elif not isinstance(cell, tree.DefaultCell):
                words.check(cell)


def _check_labels(environment: Environment, problems: Problems) -> None:
    """No two networks of a file have one name."""
    seen: dict[str, Span] = {}
    for definition in environment.own_models:
        labels: dict[str, Span] = {}
        for table in definition.variants:
            index = next(i for i, column in enumerate(table.table.header) if column.text == "name")
            for row in table.table.rows:
                cell = row.cells[index]
                text = label(cell)
                if text is not None and text in labels:
                    notes = (Note("first here", labels[text]),)
                    message = f"`{definition.name}` has two variants `{text}`"
                    problems.add(Diagnostic(DUPLICATE_NAME, message, cell.span, notes=notes))
                elif text is not None:
                    labels[text] = cell.span
        for variant in variants(definition):
            place = labels.get(variant.label or "", definition.model.name.span)
            first = seen.setdefault(variant.name, place)
            if first != place:
                notes = (Note("the other one", first),)
                message = f"two networks of this file are called `{variant.name}`"
                problems.add(Diagnostic(DUPLICATE_NAME, message, place, notes=notes))


def _check_recipe(recipe: tree.Recipe, environment: Environment, problems: Problems) -> None:
    definition = environment.model(recipe.model.name.text)
    if definition is None:
        problems.add(*filter(None, [unknown_model(recipe.model.name, environment)]))
    else:
        problems.add(*reference_problems(recipe.model, definition, parameters_of(definition)))
    settings = [s.name for s in recipe.body if isinstance(s, tree.Nested) or s.fact is None]
    problems.add(*repeats(settings, "setting ", "given"))
    for statement in recipe.body:
        if isinstance(statement, tree.Nested):
            problems.add(*repeats(statement.table.header, "column "))
            arguments = statement.arguments
        else:
            arguments = statement.value.arguments if isinstance(statement.value, tree.Call) else ()
        problems.add(*repeats([argument.name for argument in arguments if argument.name], "argument ", "given"))
