"""A recipe of a text to a `Recipe`: every setting evaluated and checked, all mistakes found in one go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from archdsl.diagnostics import Diagnostic, Problems, Span
from archdsl.diagnostics.wording import alternatives, quoted
from archdsl.elaborate.evaluate import scalars
from archdsl.elaborate.evaluate.describe import named
from archdsl.elaborate.evaluate.expressions import evaluate
from archdsl.elaborate.evaluate.scope import bare
from archdsl.elaborate.evaluate.values import Scope, Value
from archdsl.elaborate.instantiate.apply import place
from archdsl.elaborate.problems import ElaborationError, bounded_depth
from archdsl.elaborate.recipes import counterparts, vocabulary
from archdsl.elaborate.recipes.errors import (
    BadSetting,
    FunctionOfAnotherSetting,
    LongWarmup,
    MissingSettings,
    MissingTableColumn,
    NotFunction,
    NotSettingName,
    NoValueToTake,
    SetAndInTable,
    SettingCannotRise,
    SettingOfItself,
    SettingWithFact,
    TooManyPhases,
    UnknownFunction,
    UnknownSetting,
    UnknownTable,
    UnknownTableColumn,
)
from archdsl.elaborate.recipes.merge import MergedRecipe, TableRow, fit_table, lineage, merge, placed, removes_table
from archdsl.elaborate.resolve.definitions import Environment, RecipeDefinition
from archdsl.elaborate.resolve.dimensions import BYTES, PIXELS, TIME, dimension, without_unit
from archdsl.elaborate.resolve.signatures import fit, missing
from archdsl.ir.base import Frozen
from archdsl.ir.checks import refusal
from archdsl.ir.recipe.phases import PROGRESSIVE, Progressive, Ramp
from archdsl.ir.recipe.recipe import Recipe
from archdsl.language import tree
from archdsl.language.nodes import cells_of

_EXAMPLES = {
    "epochs": "epochs = 90",
    "batch": "batch = 256",
    "optimizer": "optimizer = sgd(lr = 0.1, weight_decay = 1e-4)",
}


def elaborate_recipe(definition: RecipeDefinition, problems: Problems) -> Recipe | None:
    """The recipe that a text describes; None, and the mistakes among `problems`, where there are any."""
    return _Elaborator(definition, problems).run()


class _Elaborator:
    def __init__(self, definition: RecipeDefinition, problems: Problems):
        self.definition, self.recipe, self.problems = definition, definition.recipe, problems
        self.merged = MergedRecipe()
        self.values: dict[str, Value] = {}
        self.failed: dict[str, ElaborationError] = {}
        self.pending: list[str] = []
        # Whether there is a setting that nobody knows: a missing one may be what was meant.
        self.is_misspelt = False

    def run(self) -> Recipe | None:
        before = len(self.problems)
        line, problem = lineage(self.definition)
        self.problems.add(*filter(None, [problem]))
        for each in line:
            self._check_names(each)
        self.merged = merge(line)
        fields: dict[str, Any] = {}
        for name in self.merged.settings:
            if name in vocabulary.settings():
                try:
                    fields[name] = self._setting(name)
                except ElaborationError as error:
                    self.problems.add(error.diagnostic)
        fields["progressive"] = self._table()
        self._check_missing(problem is not None or any(each.environment.is_partial for each in line))
        fields["parameters"] = self._parameters()
        # What is missing may be in a file that could not be read, which is reported elsewhere.
        if len(self.problems) > before or any(name not in fields for name in _EXAMPLES):
            return None
        made = self._made(fields)
        self._check_whole(made)
        return made if len(self.problems) == before else None

    def _made(self, fields: dict[str, Any]) -> Recipe:
        reference = self.recipe.model
        whole = {
            "name": self.recipe.name.text,
            "doc": self.recipe.doc,
            "model": reference.name.text,
            "variant": reference.variant.text if reference.variant else None,
            "place": place(self.recipe.name.span),
            **fields,
        }
        # Few files have recipes, and nothing waits for them: here pydantic validates once more what was checked above.
        return Recipe.model_validate(whole, strict=True)

    # Names -----------------------------------------------------------------------------------------------------------

    def _check_names(self, definition: RecipeDefinition) -> None:
        """The statements of one recipe of the line whose names mean nothing."""
        for statement in definition.recipe.body:
            name = statement.name
            if isinstance(statement, tree.Nested):
                if name.text != vocabulary.TABLE:
                    self.problems.add(UnknownTable(name.text).at(name.span).suggesting(name.text, [vocabulary.TABLE]))
                else:
                    self.problems.add(*fit_table(statement)[1])
                    self._check_columns(statement)
            elif statement.fact is not None:
                self.problems.add(SettingWithFact(name.text, statement.fact.text).at(name.span.to(statement.fact.span)))
            elif removes_table(statement):
                continue
            elif name.text == vocabulary.TABLE:
                help = "it is a table: `progressive(stages = 4) { | setting | from | to | ... }`"
                self.problems.add(UnknownSetting(name.text).at(name.span, help=help))
            elif name.text not in vocabulary.settings():
                problem = UnknownSetting(name.text).at(name.span, help=counterparts.of_setting(name.text))
                if problem.help is None:
                    known = f"the settings are {quoted(vocabulary.settings())}"
                    problem = problem.suggesting(name.text, vocabulary.settings(), known)
                self.problems.add(problem)
                self.is_misspelt = True

    def _check_columns(self, table: tree.Nested) -> None:
        header = [column.text for column in table.table.header]
        for column in table.table.header:
            if column.text and column.text not in vocabulary.TABLE_COLUMNS:
                problem = UnknownTableColumn(column.text).at(column.span)
                self.problems.add(problem.suggesting(column.text, vocabulary.TABLE_COLUMNS))
        if header and all(column in vocabulary.TABLE_COLUMNS for column in header):
            for needed in vocabulary.TABLE_COLUMNS:
                if needed not in header:
                    self.problems.add(MissingTableColumn(needed).at(table.table.header[0].span))

    def _check_missing(self, may_be_elsewhere: bool) -> None:
        if may_be_elsewhere or self.is_misspelt:
            return
        absent = [name for name in _EXAMPLES if name not in self.merged.settings]
        if absent:
            examples = quoted(_EXAMPLES[name] for name in absent)
            problem = MissingSettings(self.recipe.name.text, quoted(absent), examples)
            self.problems.add(problem.at(self.recipe.name.span))

    # Values ----------------------------------------------------------------------------------------------------------

    def _setting(self, name: str) -> Any:
        """The value of a setting. Raises the same ElaborationError each time when it has none."""
        if name in self.values:
            return self.values[name]
        if name in self.failed:
            raise self.failed[name]
        written = self.merged.settings[name]
        if name in self.pending:
            raise ElaborationError(SettingOfItself(name).at(written.name.span))
        self.pending.append(name)
        try:
            with bounded_depth(written.value.span):
                value = self._value(Recipe, name, written.value, self._scope(written.environment))
        except ElaborationError as error:
            self.failed[name] = error
            raise
        finally:
            self.pending.pop()
        self.values[name] = value
        return value

    def _scope(self, environment: Environment) -> Scope:
        """Expressions can speak of the other settings: `lr = 0.1 * batch / 256`."""
        waiting = frozenset(name for name in self.merged.settings if name in vocabulary.settings())
        return bare(environment, {}, {}, self._setting, waiting)

    def _value(self, cls: type[Frozen], field: str, node: tree.Expression, scope: Scope) -> Any:
        """The value of a field. Raises ElaborationError where it cannot be one."""
        if isinstance(node, tree.Conditional):
            taken = scalars.truth(evaluate(node.condition, scope), node.condition.span)
            return self._value(cls, field, node.chosen if taken else node.otherwise, scope)
        functions = vocabulary.functions_of(field) if cls is Recipe else {}
        if functions and not (isinstance(node, tree.Literal) and node.value is None):
            return self._function(field, node, functions, scope)
        words = vocabulary.words_of(cls, field)
        if isinstance(node, tree.Name) and (node.text in words or (words and node.text not in self.merged.settings)):
            if node.text in words:
                return node.text
            expected = refusal(cls, field, object())
            raise ElaborationError(
                BadSetting(field, str(expected), node.text).at(node.span).suggesting(node.text, words)
            )
        value = evaluate(node, scope)
        if (of := dimension(node)) in (TIME, BYTES) or (of == PIXELS and field not in vocabulary.SIDES):
            digits = without_unit(node)
            help = f"leave out the unit: `{digits}`" if digits else None
            raise ElaborationError(
                BadSetting(field, str(refusal(cls, field, object())), str(of)).at(node.span, help=help)
            )
        return self._admitted(cls, field, value, node.span)

    def _admitted(self, cls: type[Frozen], field: str, value: Value, span: Span) -> Any:
        """A value that a field can have, a whole number as such. Raises ElaborationError for another."""
        if isinstance(value, float) and value.is_integer() and refusal(cls, field, int(value)) is None:
            value = int(value)
        expected = refusal(cls, field, value)
        if expected is None:
            return value
        help = None
        if isinstance(value, int | float) and 2 <= value <= 100 and refusal(cls, field, value / 100) is None:
            help = f"a part, not a percentage: `{value / 100:g}`"
        raise ElaborationError(BadSetting(field, expected, named(value)).at(span, help=help))

    def _function(self, field: str, node: tree.Expression, functions: dict[str, type[Frozen]], scope: Scope) -> Any:
        """`sgd(lr = 0.1)` as the part of the recipe that it means."""
        match node:
            case tree.Call(function=tree.Name(text=name) as function, arguments=arguments):
                pass
            case tree.Name(text=name) as function:
                arguments = ()
            case _:
                expected = alternatives(f"`{each}(...)`" for each in functions)
                value = evaluate(node, scope)
                raise ElaborationError(NotFunction(field, expected, named(value)).at(node.span))
        if name not in functions:
            raise ElaborationError(self._unknown_function(field, function, functions))
        fitting, wrong = fit(tree.Call(node.span, function, arguments), vocabulary.takes(name, functions[name]))
        return self._part(functions[name], name, {each: (given, scope) for each, given in fitting}, node.span, wrong)

    def _unknown_function(self, field: str, function: tree.Name, functions: dict[str, type[Frozen]]) -> Diagnostic:
        name = function.text
        owner = vocabulary.owners_of().get(name)
        if owner is not None:
            return FunctionOfAnotherSetting(name, owner, field).at(function.span)
        what = {"clip": "way to clip", "fixres": "fine-tuning"}.get(field, field)
        known = f"{'there is' if len(functions) == 1 else 'there are'} {quoted(functions)}"
        problem = UnknownFunction(what, name).at(function.span, help=counterparts.of_function(name))
        return problem if problem.help else problem.suggesting(name, functions, known)

    def _part(
        self,
        cls: type[Frozen],
        name: str,
        arguments: Mapping[str, tuple[tree.Argument, Scope]],
        span: Span,
        wrong: Iterable[Diagnostic] = (),
    ) -> Frozen:
        """What a function makes of its arguments. Raises ElaborationError for one of the problems, `wrong` included."""
        found = Problems()
        found.add(*wrong)
        given: dict[str, Any] = {}
        for field, (argument, scope) in arguments.items():
            try:
                given[field] = self._value(cls, field, argument.value, scope)
            except ElaborationError as error:
                found.add(error.diagnostic)
        found.add(*filter(None, [missing(vocabulary.takes(name, cls), arguments, span)]))
        if not found:
            return cls.model_validate(given, strict=True)
        first, *others = found.sorted()
        self.problems.add(*others)
        raise ElaborationError(first)

    def _parameters(self) -> dict[str, Any]:
        """The parameters of the model that the recipe is for: `for base(width = 2)`."""
        scope = bare(self.definition.environment, {}, {})
        values = {}
        for argument in self.recipe.model.arguments:
            try:
                if argument.name is not None:
                    values[argument.name.text] = evaluate(argument.value, scope)
            except ElaborationError as error:
                self.problems.add(error.diagnostic)
        return values

    # The table -------------------------------------------------------------------------------------------------------

    def _table(self) -> Progressive | None:
        table = self.merged.table
        if table is None:
            return None
        arguments = {name: (given, self._scope(where)) for name, (given, where) in self.merged.arguments.items()}
        try:
            made = self._part(Progressive, vocabulary.TABLE, arguments, table.name.span)
        except ElaborationError as error:
            self.problems.add(error.diagnostic)
            made = None
        ramps = {}
        for name, row in self.merged.rows.items():
            try:
                ramps[name] = self._ramp(name, row)
            except ElaborationError as error:
                self.problems.add(error.diagnostic)
        for cell in [cell for each in table.table.rows for cell in cells_of(table.table, each, "setting")]:
            if not isinstance(cell, tree.Name):
                self.problems.add(NotSettingName(f"`{cell.span.text}`").at(cell.span))
        return Progressive.made(**{**dict(made), "ramps": ramps}) if isinstance(made, Progressive) else None

    def _ramp(self, name: str, row: TableRow) -> Ramp:
        where = row.cells["setting"].span
        if name not in PROGRESSIVE:
            if name in vocabulary.settings():
                problem = SettingCannotRise(name, quoted(PROGRESSIVE)).at(where)
            else:
                problem = (
                    UnknownSetting(name).at(where, help=counterparts.of_setting(name)).suggesting(name, PROGRESSIVE)
                )
            raise ElaborationError(problem)
        ends = {end: self._end(name, row, end) for end in ("from", "to") if end in row.cells}
        own = self.merged.settings.get(name)
        if (
            own is not None
            and own.environment is row.environment
            and not any(isinstance(row.cells.get(end), tree.DefaultCell) for end in ("from", "to"))
        ):
            same = any(own.name is statement.name for statement in self.recipe.body)
            is_here = any(row.row in s.table.rows for s in self.recipe.body if isinstance(s, tree.Nested))
            if same and is_here:
                raise ElaborationError(SetAndInTable(name).at(own.name.span))
        return Ramp(start=float(ends.get("from", 0)), end=float(ends.get("to", 0)))

    def _end(self, name: str, row: TableRow, end: str) -> float:
        cell = row.cells[end]
        if isinstance(cell, tree.DefaultCell):
            value = self._setting(name) if name in self.merged.settings else Recipe.model_fields[name].default
            if value is None:
                raise ElaborationError(NoValueToTake(name).at(cell.span))
            return float(value)
        value = self._value(Recipe, name, cell, self._scope(row.environment))
        if value is None:
            raise ElaborationError(BadSetting(name, "a number in this table", "none").at(cell.span))
        return float(value)

    # The whole -------------------------------------------------------------------------------------------------------

    def _check_whole(self, recipe: Recipe) -> None:
        """What no setting says by itself."""
        settings = self.merged.settings
        table = self.merged.table
        if recipe.progressive is not None and table is not None and recipe.progressive.stages > recipe.epochs:
            phases = TooManyPhases(recipe.epochs, recipe.progressive.stages)
            self.problems.add(placed(phases, table.name.span, self.recipe))
        if recipe.schedule.warmup >= recipe.epochs and "schedule" in settings:
            warmup = LongWarmup(recipe.schedule.warmup, recipe.epochs)
            self.problems.add(placed(warmup, settings["schedule"].value.span, self.recipe))
