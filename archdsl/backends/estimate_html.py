"""An estimate as a table for notebooks."""

from __future__ import annotations

from html import escape

from msgspec import Struct

from archdsl.backends.estimate import Estimate, Level
from archdsl.backends.estimate_text import as_table, parts_rows, title
from archdsl.diagnostics.render import printable


class Table(Struct, frozen=True):
    """What a network costs, part by part: HTML where a notebook shows it, text anywhere else."""

    estimate: Estimate
    level: Level

    def _repr_html_(self) -> str:
        return as_html(self.estimate, self.level)

    def __str__(self) -> str:
        return as_table([self.estimate], self.level)

    __repr__ = __str__


def as_html(made: Estimate, level: Level) -> str:
    """The table of an estimate below the level of models; the last row is the total. All text in it is escaped."""
    header, *rows = parts_rows(made, level)
    *body, total = (_row(row, "td") for row in rows)
    return "\n".join(
        [
            "<table>",
            f"<caption>{_text(title(made))}</caption>",
            f"<thead>{_row(header, 'th')}</thead>",
            "<tbody>",
            *body,
            "</tbody>",
            f"<tfoot>{total}</tfoot>",
            "</table>",
        ]
    )


def _row(cells: list[str], tag: str) -> str:
    inside = (f'<{tag} style="text-align: {_side(index)}">{_text(cell)}</{tag}>' for index, cell in enumerate(cells))
    return f"<tr>{''.join(inside)}</tr>"


def _side(column: int) -> str:
    """As in the text: names to the left, figures to the right."""
    return "left" if column < 2 else "right"


def _text(text: str) -> str:
    return escape(printable(text))
