"""The rows of a table of stages, as written or as changed by a model that extends the one with the table."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from archdsl.diagnostics import Note, Span
from archdsl.diagnostics.codes import BAD_VALUE, TOO_LARGE
from archdsl.elaborate.problems import Stop, stop
from archdsl.elaborate.resolve.definitions import Environment
from archdsl.language import tree
from archdsl.limits import limits, raising

# Columns that are no arguments of the row's block.
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

        Raises Stop where a change names no rows.
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
            message = f"{len(rows):,} stages are more than the bound of {limits().stages:,}"
            help = raising("stages", len(rows), "a stage repeats its block `layers` times")
            raise stop(TOO_LARGE, message, _keyword(changes[-1]), help=help)
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
            message = f"`stages {_range(statement)}` changes what this model removes"
            raise stop(BAD_VALUE, message, _keyword(statement), notes=notes, help="remove one of the two statements")
        self.changed += len(chosen) * len(statement.bindings)
        if self.changed > limits().effort:
            message = f"more cells are changed than the bound of {limits().effort:,}"
            raise stop(TOO_LARGE, message, statement.span, help=raising("effort", 0, "write the table anew"))
        for row in chosen:
            for binding in statement.bindings:
                row.cells[binding.name.text] = (binding.value, environment)
                row.columns[binding.name.text] = binding.name.span

    def _remove(self, statement: tree.RemovedStages, removed: dict[int, tree.RemovedStages]) -> None:
        self._check(statement.first, statement.last, statement)
        for number in range(statement.first, statement.last + 1):
            if number in removed:
                notes = (Note("removed here", removed[number].span),)
                raise stop(BAD_VALUE, f"stage {number} is removed twice", statement.span, notes=notes)
            removed[number] = statement

    def _check(self, first: int, last: int, statement: Change) -> None:
        """Raises Stop when there are no rows of these numbers."""
        count = len(self.rows)
        if 1 <= first <= last <= count:
            return
        written = _written(statement)
        has = {0: "there are no stages to change", 1: "there is one stage"}.get(count, f"there are {count} stages")
        help = "stages count from 1, the last one included: `stages 1..3 { ... }`"
        if isinstance(statement, tree.AddedStages) and count:
            help = f"rows are added `before 1` to `after {count}`"
        raise stop(
            BAD_VALUE,
            f"{has}, so `{written}` names none" if count == 0 else f"{has}, and this is `{written}`",
            _keyword(statement),
            help=help if count else "give the model a table, `stages { ... }`",
        )


def _none_left(removals: Sequence[tree.RemovedStages], count: int) -> Stop:
    """For a model that removes every row of its table."""
    last, *before = removals[::-1]
    table = f"leaves none of the table's {count} stages" if count > 1 else "removes the table's only stage"
    message = f"`{_written(last)}` {table}"
    notes = tuple(Note("removed here", one.span) for one in before)
    help = "keep a stage, or add others: `stages before 1 { ... }`"
    return stop(BAD_VALUE, message, last.span, notes=notes, help=help)


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
