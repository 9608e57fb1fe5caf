"""Rows of text in aligned columns."""

from __future__ import annotations

from collections.abc import Sequence

_GAP = "   "


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]], alignment: str) -> str:
    """A table as text. `alignment` has one character a column: `<` flush left, `>` flush right (numbers)."""
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        _GAP.join(
            cell.rjust(width) if side == ">" else cell.ljust(width)
            for cell, width, side in zip(line, widths, alignment, strict=True)
        ).rstrip()
        for line in lines
    )
