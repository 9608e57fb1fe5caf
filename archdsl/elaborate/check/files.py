"""All mistakes in the names of a file at once, found without elaborating anything.

Only the file's own blocks and models are looked at: those of a file that it uses are that file's to check.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from archdsl.diagnostics import Diagnostic, Note, Problems, Span
from archdsl.elaborate.check.claims import check_claim
from archdsl.elaborate.check.columns import check_label
from archdsl.elaborate.check.errors import (
    ExternComputes,
    NameOfInput,
    NoOut,
    NotDeclared,
    ParameterCalledOut,
    SameNetwork,
    SameVariant,
    TooManyNetworks,
)
from archdsl.elaborate.check.expressions import Vocabulary
from archdsl.elaborate.check.models import ModelNames
from archdsl.elaborate.effort import Effort
from archdsl.elaborate.problems import ElaborationError, bounded_depth
from archdsl.elaborate.resolve.definitions import Environment, ModelDefinition, computes
from archdsl.elaborate.resolve.dimensions import mismatches
from archdsl.elaborate.resolve.inheritance import parameters_of
from archdsl.elaborate.resolve.labels import label
from archdsl.elaborate.resolve.linking import repeats, twice
from archdsl.elaborate.resolve.merge import no_parameter, variants
from archdsl.elaborate.resolve.scopes import labels, parameters_in, scope_of_model
from archdsl.elaborate.resolve.symbols import (
    Kind,
    Occurrence,
    Symbol,
    of_binding,
    of_block,
    of_fact,
    of_model,
    of_parameter,
)
from archdsl.elaborate.resolve.words import DECLARED
from archdsl.language import tree
from archdsl.language.nodes import cells_of
from archdsl.limits import limits


def resolve_names(environment: Environment) -> tuple[Occurrence, ...]:
    """Each name of the file that means something, with what it means, in the order of the text."""
    found: list[Occurrence] = []
    check_names(environment, Problems(), found)
    return tuple(sorted(dict.fromkeys(found), key=lambda each: each.span.start))


def check_names(environment: Environment, problems: Problems, resolved: list[Occurrence] | None = None) -> None:
    """Adds every mistake in a name of the file: unknown ones, ones defined twice, arguments that do not fit.

    `resolved` takes the names that mean something.
    """
    if too_many := _too_many_networks(environment):
        problems.add(too_many)
        return
    for item in environment.module.items:
        if problems.is_full and resolved is None:
            return
        words = Vocabulary(environment, problems, resolved, has_settings=not isinstance(item, tree.Variants))
        if isinstance(item, tree.Block):
            _guarded(partial(_check_block, item, words), item.name.span, problems)
        elif isinstance(item, tree.Variants):
            _guarded(partial(_check_variants, item, words), item.model.span, problems)
        elif isinstance(item, tree.Recipe):
            from archdsl.elaborate.check.recipes import check_recipe  # late: few files have any

            _guarded(partial(check_recipe, item, words), item.name.span, problems)
        elif isinstance(item, tree.Use):
            path = Span(item.span.source, item.span.start + item.span.text.index('"'), item.span.end)
            words.resolve(path, Symbol(Kind.FILE, item.path, span=path))
    effort = Effort()
    for model in [ModelNames(definition, problems, effort, resolved) for definition in environment.own_models]:
        if problems.is_full and resolved is None:
            return
        _guarded(model.check, model.model.name.span, problems)
    _check_labels(environment, problems)


def _too_many_networks(environment: Environment) -> Diagnostic | None:
    rows = sum(len(table.table.rows) for definition in environment.own_models for table in definition.variants)
    count = len(environment.own_models) + rows
    if count <= limits().networks:
        return None
    return TooManyNetworks(count).at(environment.own_models[0].model.name.span)


def _guarded(check: Callable[[], None], span: Span, problems: Problems) -> None:
    """Runs a check; text that is nested too deeply to follow becomes a diagnostic."""
    try:
        with bounded_depth(span):
            check()
    except ElaborationError as problem:
        problems.add(problem.diagnostic)


# Blocks --------------------------------------------------------------------------------------------------------------


def _check_block(block: tree.Block, words: Vocabulary) -> None:
    problems, name = words.problems, block.name.text
    definition = words.environment.blocks.get(name)
    if definition is not None and definition.block is block:
        words.resolve(block.name.span, of_block(definition), is_definition=True)
    bindings = [s for s in block.body if isinstance(s, tree.Binding) and s.fact is None]
    identifiers = [parameter.name for parameter in block.parameters] + [binding.name for binding in bindings]
    words.later = {name.text: name.span for name in reversed(identifiers)}  # the first place of a name counts
    words.own["in"] = Symbol(Kind.INPUT, "in", name, block.name.span)
    for parameter in block.parameters:
        if parameter.default is not None:
            words.check(parameter.default)
        _bind(of_parameter(parameter, name), parameter.name, words, "parameter ")
        if parameter.name.text == "out":
            problems.add(ParameterCalledOut().at(parameter.name.span))
    facts: dict[tuple[str, str], Span] = {}
    values: dict[str, list[tree.Expression]] = {
        **{one.name.text: [one.default] if one.default is not None else [] for one in block.parameters},
        **{binding.name.text: [binding.value] for binding in bindings},
    }
    for statement in block.body:
        if isinstance(statement, tree.Require):
            before = len(problems)
            words.check(statement.claim)
            if len(problems) == before:  # of a name that is unknown nothing can be said
                problems.add(*check_claim(statement.claim, words, "in.channels % 8 == 0"))
                problems.add(*mismatches(statement.claim, {}, values))
        elif statement.fact is None:
            symbol = of_binding(statement, name)
            if statement.part_of is None:
                words.check_binding(statement, symbol)
            _bind(symbol, statement.name, words, is_said=not statement.unpacked)
        else:
            words.check(tree.Name(statement.name.span, statement.name.text))
            words.resolve(statement.fact.span, of_fact(statement.fact, statement.fact.span), is_definition=True)
            words.check(statement.value)
            fact = (statement.name.text, statement.fact.text)
            if fact in facts:
                both = tree.Identifier(statement.name.span.to(statement.fact.span), ".".join(fact))
                problems.add(twice(both, facts[fact]))
            facts.setdefault(fact, statement.span)
    if block.is_extern:
        _check_declared(block, words)
    elif "out" not in words.own:
        problems.add(NoOut(block.name.text).at(block.name.span))


def _check_declared(block: tree.Block, words: Vocabulary) -> None:
    """Whether an extern block says what it must, and no more."""
    name = block.name.text
    for declared in DECLARED:
        if declared not in words.own:
            words.problems.add(NotDeclared(name, declared).at(block.name.span))
    for statement in block.body:
        if isinstance(statement, tree.Binding) and (place := computes(statement)):
            words.problems.add(ExternComputes(name).at(place))


def _bind(symbol: Symbol, name: tree.Identifier, words: Vocabulary, what: str = "", *, is_said: bool = True) -> None:
    """A name becomes known; once. One that is not said is that of a list which is taken apart."""
    text = name.text
    if is_said:
        words.resolve(name.span, symbol, is_definition=True)
    if text == "in":
        words.problems.add(NameOfInput().at(name.span))
    elif text in words.own:
        first = words.own[text].span
        assert first is not None
        words.problems.add(twice(name, first, what))
    words.own.setdefault(text, symbol)
    words.later.pop(text, None)


# Variants ------------------------------------------------------------------------------------------------------------


def _check_variants(item: tree.Variants, words: Vocabulary) -> None:
    environment, problems = words.environment, words.problems
    definition = environment.models.get(item.model.text)
    words.resolve(item.model.span, of_model(definition) if definition is not None else None)
    if definition is None or definition.environment is not environment:
        return  # reported when the file was linked
    _resolve_columns(item.table, definition, words)
    problems.add(*repeats(item.table.header, "column "))
    if "name" not in (column.text for column in item.table.header):
        return  # reported when the file was linked
    parameters = parameters_of(definition)
    for column in item.table.header:
        if column.text and column.text != "name" and column.text not in parameters:
            given = [other.text for other in item.table.header]
            problems.add(no_parameter(definition.name, column, parameters, given))
    for row in item.table.rows:
        for column, cell in zip(item.table.header, row.cells, strict=True):
            if column.text == "name":
                problems.add(*filter(None, [check_label(cell, "variant")]))
            elif not isinstance(cell, tree.DefaultCell):
                words.check(cell)


def _resolve_columns(table: tree.Table, definition: ModelDefinition, words: Vocabulary) -> None:
    """Notes the columns of a table of variants, which are parameters of the model, and the labels of its rows."""
    if words.resolved is None:
        return
    parameters, known = parameters_in(scope_of_model(definition)), labels(definition)
    for column in table.header:
        is_name = column.text == "name"
        words.resolve(column.span, Symbol(Kind.COLUMN, "name", "variants") if is_name else parameters.get(column.text))
    for row in table.rows:
        for cell in cells_of(table, row, "name"):
            variant = known.get(label(cell) or "")
            if variant is not None and variant.span == cell.span:
                words.resolve(cell.span, variant, is_definition=True)


def _check_labels(environment: Environment, problems: Problems) -> None:
    """No two networks of a file have one name."""
    seen: dict[str, Span] = {}
    for definition in environment.own_models:
        met: dict[str, Span] = {}
        for table in definition.variants:
            index = next(i for i, column in enumerate(table.table.header) if column.text == "name")
            for row in table.table.rows:
                cell = row.cells[index]
                text = label(cell)
                if text is not None and text in met:
                    notes = (Note("first here", met[text]),)
                    problems.add(SameVariant(definition.name, text).at(cell.span, notes=notes))
                elif text is not None:
                    met[text] = cell.span
        for variant in variants(definition):
            place = met.get(variant.label or "", definition.model.name.span)
            first = seen.setdefault(variant.name, place)
            if first != place:
                notes = (Note("the other one", first),)
                problems.add(SameNetwork(variant.name).at(place, notes=notes))
