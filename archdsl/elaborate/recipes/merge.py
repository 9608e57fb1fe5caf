"""A recipe over those that it extends: each setting and each row of the table with the file that says it."""

from __future__ import annotations

from msgspec import Struct, field

from archdsl.diagnostics import Diagnostic, Note, Problem, Span
from archdsl.elaborate.recipes.errors import RecipeExtendsItself, TooManyParents, UnknownRecipe
from archdsl.elaborate.recipes.vocabulary import TABLE, takes
from archdsl.elaborate.resolve.definitions import Environment, RecipeDefinition
from archdsl.elaborate.resolve.signatures import fit
from archdsl.ir.recipe.phases import Progressive
from archdsl.language import tree
from archdsl.limits import limits


class Written(Struct, frozen=True):
    """An expression, where the name stands that it is the value of, and the file whose names it means."""

    name: tree.Identifier
    value: tree.Expression
    environment: Environment


class TableRow(Struct, frozen=True):
    """A row of the table by its columns, and the file that it is in."""

    row: tree.Row
    cells: dict[str, tree.Expression | tree.DefaultCell]
    environment: Environment


class MergedRecipe(Struct):
    """The settings by name; the arguments of the table and its rows by setting; None for no table."""

    settings: dict[str, Written] = field(default_factory=dict)
    table: tree.Nested | None = None
    arguments: dict[str, tuple[tree.Argument, Environment]] = field(default_factory=dict)
    rows: dict[str, TableRow] = field(default_factory=dict)


def lineage(definition: RecipeDefinition) -> tuple[list[RecipeDefinition], Diagnostic | None]:
    """A recipe and those that it extends, itself first; and what is wrong with that line, which then ends there."""
    found = [definition]
    while (parent := found[-1].recipe.parent) is not None:
        last = found[-1]
        above = last.environment.recipes.get(parent.text)
        if above is None:
            if last.environment.excuses(parent.text):
                return found, None
            return found, UnknownRecipe(parent.text).at(parent.span).suggesting(parent.text, last.environment.recipes)
        if above in found:
            return found, RecipeExtendsItself(above.name).at(parent.span)
        if len(found) > limits().ancestors:
            return found, TooManyParents().at(parent.span)
        found.append(above)
    return found, None


def merge(line: list[RecipeDefinition]) -> MergedRecipe:
    """The settings of a line of recipes, the first of which overrides the others."""
    merged = MergedRecipe()
    for definition in reversed(line):
        environment = definition.environment
        for statement in definition.recipe.body:
            if isinstance(statement, tree.Nested):
                _merge_table(statement, environment, merged)
            elif removes_table(statement):
                merged.table, merged.arguments, merged.rows = None, {}, {}
            elif statement.fact is None:
                merged.settings[statement.name.text] = Written(statement.name, statement.value, environment)
    return merged


def removes_table(statement: tree.Binding) -> bool:
    """Whether a statement is `progressive = none`, which takes the table of the recipe above away."""
    is_none = isinstance(statement.value, tree.Literal) and statement.value.value is None
    return statement.name.text == TABLE and is_none


def fit_table(table: tree.Nested) -> tuple[list[tuple[str, tree.Argument]], list[Diagnostic]]:
    """The arguments of a table by name, and what is wrong with the others."""
    call = tree.Call(table.name.span, tree.Name(table.name.span, TABLE), table.arguments)
    return fit(call, takes(TABLE, Progressive))


def _merge_table(table: tree.Nested, environment: Environment, merged: MergedRecipe) -> None:
    """A table of a recipe that extends another changes the rows that it has, and the arguments that it gives."""
    merged.table = table
    for name, argument in fit_table(table)[0]:
        merged.arguments[name] = (argument, environment)
    header = [column.text for column in table.table.header]
    if "setting" not in header:
        return
    for row in table.table.rows:
        cells = dict(zip(header, row.cells, strict=False))
        setting = cells["setting"]
        if isinstance(setting, tree.Name):
            merged.rows[setting.text] = TableRow(row, cells, environment)


def placed(problem: Problem, cause: Span, recipe: tree.Recipe) -> Diagnostic:
    """A problem where a recipe says what causes it, or at its name where one that it extends does."""
    if any(
        statement.span.source is cause.source and statement.span.start <= cause.start < statement.span.end
        for statement in recipe.body
    ):
        return problem.at(cause)
    return problem.at(recipe.name.span, notes=(Note("set here", cause),))
