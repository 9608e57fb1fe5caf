"""The rows of a table of stages, as written or as changed by a model that extends the one with the table."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from archdsl.diagnostics import Note, Span
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import Environment
from archdsl.elaborate.resolve.errors import (
    ChangesRemovedStages,
    NoStagesLeft,
    RemovedTwice,
    StagesOutOfRange,
    TooManyChangedCells,
    TooManyStages,
)
from archdsl.language import tree
from archdsl.limits import limits

# Columns that are not arguments of the row's block.
OWN_COLUMNS = ("op", "layers", "name")


class StageRow(Struct):
    """One row: its cells by column, each with the file whose names it means; and where each column is named."""

    number: int
    span: Span
    cells: dict[str, tuple[tree.Expression | tree.DefaultCell, Environment]]
    columns: dict[str, Span]
    before: int | None = None
    """Its number in the table that the model changes; None for a row that the model adds."""

    def holds(self, span: Span) -> bool:
        """Whether a place is in the row itself, not in a model that changes it."""
        return span.source is self.span.source and self.span.start <= span.start < self.span.end

    def set(self, binding: tree.CellBinding, environment: Environment) -> None:
        """Gives a cell another value. With `-` the row is as if it had no such column, whatever block it has now."""
        column = binding.name.text
        if isinstance(binding.value, tree.DefaultCell) and column in self.cells and column != "op":
            del self.cells[column], self.columns[column]
            return
        self.cells[column] = (binding.value, environment)
        self.columns[column] = binding.name.span


# What changes some of the rows of an inherited table.
Change = tree.StagesOverride | tree.AddedStages | tree.RemovedStages


class StageRows(Struct):
    rows: list[StageRow] = field(default_factory=list)
    environment: Environment | None = None
    changed: int = 0
    """How many cells models that extend the one with the table have changed."""

    @staticmethod
    def of(table: tree.Table, environment: Environment) -> StageRows:
        return StageRows(_rows(table, environment), environment)

    def change(self, changes: Sequence[Change], environment: Environment) -> None:
        """The changes of one model, whose numbers are all those of the table as it was, in whatever order they stand.

        Raises ElaborationError where a change names no rows.
        """
        for row in self.rows:
            row.before = row.number
        removed: dict[int, tree.RemovedStages] = {}
        added: dict[int, list[StageRow]] = {}
        for statement in changes:
            if isinstance(statement, tree.RemovedStages):
                self._remove(statement, removed)
        for statement in changes:
            if isinstance(statement, tree.StagesOverride):
                self._override(statement, environment, removed)
            elif isinstance(statement, tree.AddedStages):
                self._check(statement.number, statement.number, statement)
                place = statement.number if statement.is_after else statement.number - 1
                added.setdefault(place, []).extend(_rows(statement.table, environment))
        if not removed and not added:
            return
        rows = list(added.get(0, ()))
        for number, row in enumerate(self.rows, start=1):
            rows += [row] if number not in removed else []
            rows += added.get(number, ())
        if not rows:
            raise _none_left([one for one in changes if isinstance(one, tree.RemovedStages)], len(self.rows))
        if len(rows) > limits().stages:
            raise ElaborationError(TooManyStages(len(rows)).at(_keyword(changes[-1])))
        for number, row in enumerate(rows, start=1):
            row.number = number
        self.rows = rows

    def _override(
        self, statement: tree.StagesOverride, environment: Environment, removed: dict[int, tree.RemovedStages]
    ) -> None:
        """Sets cells of the rows `first..last`, but for those that are removed."""
        self._check(statement.first, statement.last, statement)
        chosen = [row for row in self.rows[statement.first - 1 : statement.last] if row.number not in removed]
        if not chosen:
            notes = (Note("removed here", removed[statement.first].span),)
            raise ElaborationError(ChangesRemovedStages(_range(statement)).at(_keyword(statement), notes=notes))
        self.changed += len(chosen) * len(statement.bindings)
        if self.changed > limits().effort:
            raise ElaborationError(TooManyChangedCells().at(statement.span))
        for row in chosen:
            for binding in statement.bindings:
                row.set(binding, environment)

    def _remove(self, statement: tree.RemovedStages, removed: dict[int, tree.RemovedStages]) -> None:
        self._check(statement.first, statement.last, statement)
        for number in range(statement.first, statement.last + 1):
            if number in removed:
                notes = (Note("removed here", removed[number].span),)
                raise ElaborationError(RemovedTwice(number).at(statement.span, notes=notes))
            removed[number] = statement

    def _check(self, first: int, last: int, statement: Change) -> None:
        """Raises ElaborationError when there are no rows of these numbers."""
        count = len(self.rows)
        if 1 <= first <= last <= count:
            return
        adds = isinstance(statement, tree.AddedStages)
        raise ElaborationError(StagesOutOfRange(_written(statement), count, adds).at(_keyword(statement)))


def _none_left(removals: Sequence[tree.RemovedStages], count: int) -> ElaborationError:
    """For a model that removes every row of its table."""
    last, *before = removals[::-1]
    notes = tuple(Note("removed here", one.span) for one in before)
    return ElaborationError(NoStagesLeft(_written(last), count).at(last.span, notes=notes))


def _rows(table: tree.Table, environment: Environment) -> list[StageRow]:
    columns = {column.text: column.span for column in table.header}
    return [
        StageRow(
            number,
            row.span,
            {column.text: (cell, environment) for column, cell in zip(table.header, row.cells, strict=True)},
            dict(columns),
        )
        for number, row in enumerate(table.rows, start=1)
    ]


def _written(statement: Change) -> str:
    match statement:
        case tree.AddedStages(number=number, is_after=is_after):
            return f"stages {'after' if is_after else 'before'} {number}"
        case tree.RemovedStages():
            return f"stages without {_range(statement)}"
        case _:
            return f"stages {_range(statement)}"


def _range(statement: tree.StagesOverride | tree.RemovedStages) -> str:
    first, last = statement.first, statement.last
    return f"{first}..{last}" if first != last else f"{first}"


def _keyword(statement: Change) -> Span:
    return Span(statement.span.source, statement.span.start, statement.span.start + len("stages"))
