"""The labels of variants and stages."""

from __future__ import annotations

import re

from archdsl.elaborate.resolve.stage_rows import StageRow
from archdsl.ir.names import module_name
from archdsl.language import tree

LABEL = r"[A-Za-z0-9_]{1,64}"


def label(cell: tree.Expression | tree.DefaultCell) -> str | None:
    """The text of a cell that holds a label, such as `b0` or `050`; None when it holds something else."""
    is_plain = isinstance(cell, tree.Name) or (isinstance(cell, tree.Literal) and not isinstance(cell.value, str))
    text = cell.span.text
    return text if is_plain and re.fullmatch(LABEL, text) else None


def stage_name(row: StageRow) -> str:
    """The name of a stage in the emitted code: its `name` cell, else its number from 0."""
    cell = row.cells["name"][0] if "name" in row.cells else None
    text = label(cell) if cell is not None else None
    if text is None:
        return str(row.number - 1)
    return text if text.isdigit() else module_name(text)
