"""The rows of a table of stages, as written or as overridden by a model that extends the one with the table."""

from __future__ import annotations

from msgspec import Struct, field

from archdsl.diagnostics import Span
from archdsl.diagnostics.codes import BAD_VALUE, TOO_LARGE
from archdsl.elaborate.problems import stop
from archdsl.elaborate.program import Environment
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

    def holds(self, span: Span) -> bool:
        """Whether a place is in the row itself, not in a model that changes it."""
        return span.source is self.span.source and self.span.start <= span.start < self.span.end


class StageRows(Struct):
    rows: list[StageRow] = field(default_factory=list)
    environment: Environment | None = None
    changed: int = 0
    """How many cells models that extend the one with the table have changed."""

    @staticmethod
    def of(table: tree.Table, environment: Environment) -> StageRows:
        columns = {column.text: column.span for column in table.header}
        rows = [
            StageRow(
                number,
                row.span,
                {column.text: (cell, environment) for column, cell in zip(table.header, row.cells, strict=True)},
                dict(columns),
            )
            for number, row in enumerate(table.rows, start=1)
        ]
        return StageRows(rows, environment)

    def override(self, statement: tree.StagesOverride, environment: Environment) -> None:
        """Sets cells of the rows `first..last`. Raises Stop when there are no such rows."""
        if not 1 <= statement.first <= statement.last <= len(self.rows):
            count = len(self.rows)
            written = f"{statement.first}..{statement.last}" if statement.first != statement.last else statement.first
            has = {0: "there are no stages to change", 1: "there is one stage"}.get(count, f"there are {count} stages")
            keyword = Span(statement.span.source, statement.span.start, statement.span.start + len("stages"))
            raise stop(
                BAD_VALUE,
                f"{has}, so `stages {written}` names none" if count == 0 else f"{has}, and this is `stages {written}`",
                keyword,
                help="stages count from 1, the last one included: `stages 1..3 { ... }`",
            )
        self.changed += (statement.last - statement.first + 1) * len(statement.bindings)
        if self.changed > limits().effort:
            message = f"more cells are changed than the bound of {limits().effort:,}"
            raise stop(TOO_LARGE, message, statement.span, help=raising("effort", 0, "write the table anew"))
        for row in self.rows[statement.first - 1 : statement.last]:
            for binding in statement.bindings:
                row.cells[binding.name.text] = (binding.value, environment)
                row.columns[binding.name.text] = binding.name.span
