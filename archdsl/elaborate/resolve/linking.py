"""A file with everything it uses: which blocks, models and variants its names mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from archdsl.diagnostics import Diagnostic, Edit, Fix, Note, Problems, Span
from archdsl.diagnostics.nearest import question
from archdsl.elaborate.resolve.definitions import Definition, Environment, ModelDefinition, RecipeDefinition
from archdsl.elaborate.resolve.errors import (
    BlockAsModel,
    DefinedTwice,
    ExtendsItself,
    NoNameColumn,
    ReservedName,
    TooManyAncestors,
    UnknownModel,
    VariantsOfAnotherFile,
    VariantWithoutDot,
)
from archdsl.elaborate.resolve.inheritance import ancestry, parent
from archdsl.elaborate.resolve.words import RESERVED
from archdsl.language import tree
from archdsl.limits import limits

# Reads the file that a `use` names: the environment of that file, or a diagnostic.
Loader = Callable[[tree.Use], "Environment | Diagnostic"]

_MOST_LONGER = 3  # models that a question names

_ONE_EACH = "a block, a model and a recipe of one file have different names"
# Items as they look, one whose keyword is misspelt among them.
_DECLARED = (
    r"^[ \t]*(?:(?:extern[ \t]+)?block|model|(?!variants|recipe|require|use)[A-Za-z]+(?=[ \t]+\w+[^\n=|#]*\{))"
    r"[ \t]+([A-Za-z_]\w*)"
)


def link(module: tree.Module, library: Environment | None, load: Loader, problems: Problems) -> Environment:
    """The environment of a module. Names defined twice, and files that cannot be used, become problems.

    `problems` has those of reading the module already.
    """
    environment = Environment(module, library=library)
    for item in module.items:
        if isinstance(item, tree.Use) and not problems.is_full:
            _use(item, environment, load, problems)
    _define(module, environment, problems)
    if problems:  # Without any, all that is declared could be read.
        declared = set(re.findall(_DECLARED, module.source.text, re.MULTILINE | re.ASCII))
        environment.unread.update(declared - {*environment.blocks, *environment.models})
    for item in module.items:
        if isinstance(item, tree.Variants) and not problems.is_full:
            _attach(item, environment, problems)
    for definition in environment.own_models:
        if not problems.is_full:
            _check_parents(definition, problems)
    return environment


def _use(item: tree.Use, environment: Environment, load: Loader, problems: Problems) -> None:
    used = load(item)
    if isinstance(used, Diagnostic):
        problems.add(used)
        environment.is_partial = True
        return
    environment.blocks.update(used.blocks)
    environment.models.update(used.models)
    environment.recipes.update(used.recipes)
    environment.unread |= used.unread
    environment.is_partial |= used.is_partial


def _define(module: tree.Module, environment: Environment, problems: Problems) -> None:
    """The file's own blocks, models and recipes, each name once."""
    seen: dict[str, tree.Block | tree.Model | tree.Recipe] = {}
    own: list[ModelDefinition] = []
    recipes: list[RecipeDefinition] = []
    for item in module.items:
        if not isinstance(item, tree.Block | tree.Model | tree.Recipe):
            continue
        name = item.name
        if name.text in RESERVED and not isinstance(item, tree.Recipe):
            problems.add(ReservedName(name.text).at(name.span))
            if not isinstance(item, tree.Model):
                continue
        if name.text in seen:
            first = seen[name.text]
            problems.add(twice(name, first.name.span, help=None if type(first) is type(item) else _ONE_EACH))
            if type(first) is not type(item):
                environment.unread.add(name.text)  # which of them is meant further on is not known
            continue
        seen[name.text] = item
        if isinstance(item, tree.Block):
            environment.blocks[name.text] = Definition(item, environment)
        elif isinstance(item, tree.Model):
            definition = ModelDefinition(item, environment)
            environment.models[name.text] = definition
            own.append(definition)
        else:
            recipe = environment.recipes[name.text] = RecipeDefinition(item, environment)
            recipes.append(recipe)
    environment.own_models = tuple(own)
    environment.own_recipes = tuple(recipes)


def _attach(item: tree.Variants, environment: Environment, problems: Problems) -> None:
    """Gives a model its table of variants."""
    model = environment.models.get(item.model.text)
    if model is None:
        unknown = unknown_model(item.model, environment)
        problems.add(*filter(None, [unknown]))
    elif model.environment is not environment:
        defined = Note("defined here", model.model.name.span)
        problems.add(VariantsOfAnotherFile(model.name).at(item.model.span, notes=(defined,)))
    elif item.table.header and "name" not in (column.text for column in item.table.header):
        problems.add(NoNameColumn().at(item.table.header[0].span.to(item.table.header[-1].span)))
    elif item.table.header:
        model.variants.append(item)


def unknown_model(name: tree.Identifier, environment: Environment) -> Diagnostic | None:
    """A diagnostic for a model that is not there; None when it may be where it could not be read."""
    if environment.excuses(name.text):
        return None
    if environment.block(name.text) is not None:
        return BlockAsModel(name.text).at(name.span)
    return misspelt_model(name, environment) or UnknownModel(name.text).at(name.span)


def misspelt_model(name: tree.Identifier | tree.Name, environment: Environment) -> Diagnostic | None:
    """The same, where the file has a model that is likely meant: as it is spelt, a variant of it, a longer name."""
    text, models = name.text, environment.models
    variant = next((m for m in models.values() if text.startswith(f"{m.name}_") and m.variants), None)
    if variant is not None:
        return _with_dot(name, variant)
    longer = [other for other in models if other.startswith(f"{text}_")]
    problem = UnknownModel(text).at(name.span).suggesting(text, models, question(longer[:_MOST_LONGER]))
    return problem if problem.help != UnknownModel.help else None


def variant_without_dot(name: tree.Name, environment: Environment) -> Diagnostic | None:
    """The same where it is a variant for certain: `resnet_18` for `resnet.18`."""
    for model in environment.models.values():
        labels = (cell for table in model.variants for cell in _labels(table.table))
        if any(name.text == f"{model.name}_{label}" for label in labels):
            return _with_dot(name, model)
    return None


def _labels(table: tree.Table) -> Iterator[str]:
    for row in table.rows:
        yield from (
            cell.span.text for column, cell in zip(table.header, row.cells, strict=False) if column.text == "name"
        )


def _with_dot(name: tree.Identifier | tree.Name, model: ModelDefinition) -> Diagnostic:
    dotted = f"{model.name}.{name.text.removeprefix(f'{model.name}_')}"
    fix = Fix(f"replace `{name.text}` by `{dotted}`", (Edit(name.span, dotted),))
    return VariantWithoutDot(name.text, dotted).at(name.span, fix=fix)


def twice(
    name: tree.Identifier, first: Span, what: str = "", verb: str = "defined", help: str | None = None
) -> Diagnostic:
    """A diagnostic for a name that is defined a second time; `what` says what it is a name of."""
    return DefinedTwice(what, name.text, verb).at(name.span, notes=(Note(f"first {verb} here", first),), help=help)


def repeats(names: Iterable[tree.Identifier], what: str, verb: str = "defined") -> Iterator[Diagnostic]:
    """A diagnostic for each name that came before."""
    seen: dict[str, Span] = {}
    for name in names:
        if name.text and name.text in seen:
            yield twice(name, seen[name.text], what, verb)
        seen.setdefault(name.text, name.span)


def _check_parents(definition: ModelDefinition, problems: Problems) -> None:
    line = ancestry(definition)
    last = line[-1]
    reference = last.model.parent
    if reference is None:
        return
    if len(line) > limits().ancestors:
        place = definition.model.parent or reference
        problems.add(TooManyAncestors().at(place.span))
    elif parent(last) is None:
        problems.add(*filter(None, [unknown_model(reference.name, last.environment)]))
    elif parent(last) is definition and definition is min(line, key=lambda member: member.model.span.start):
        assert definition.model.parent is not None
        way = " -> ".join([*(member.name for member in line), definition.name])
        problems.add(ExtendsItself(definition.name).at(definition.model.parent.span, way if len(line) > 1 else ""))
