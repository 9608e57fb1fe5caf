"""Numbers about networks that no spec knows, such as accuracies, from a CSV table."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from archdsl.diagnostics import Diagnostic, Failure
from archdsl.diagnostics.codes import CANNOT_READ, WRONG_USAGE

_NAME = "name"


def read_data(path: Path) -> dict[str, dict[str, float]]:
    """For each network by name the numbers of its row; an empty cell is none.

    Raises Failure where the file cannot be read, has no column `name`, or holds text where a number is wanted.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        message = f"cannot read {path}: {reason[:1].lower()}{reason[1:]}"
        raise Failure([Diagnostic(CANNOT_READ, message, None)]) from None
    reader = csv.reader(text.splitlines())
    try:
        lines = [(reader.line_num, [cell.strip() for cell in line]) for line in reader if line]
    except csv.Error as error:
        raise _wrong(path, reader.line_num, str(error)) from None
    if not lines or _NAME not in lines[0][1]:
        raise _wrong(path, 1, "the first line names the columns, and one of them is `name`")
    header = lines[0][1]
    found: dict[str, dict[str, float]] = {}
    for number, line in lines[1:]:
        if len(line) != len(header):
            raise _wrong(path, number, f"{len(line)} cells under {len(header)} columns")
        cells = dict(zip(header, line, strict=True))
        name = cells.pop(_NAME)
        if name in found:
            raise _wrong(path, number, f"`{name}` has a row already")
        found[name] = {column: _number(path, number, cell) for column, cell in cells.items() if cell}
    return found


def _number(path: Path, line: int, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _wrong(path, line, f"`{cell}` is no number")
    return value


def _wrong(path: Path, line: int, reason: str) -> Failure:
    return Failure([Diagnostic(WRONG_USAGE, f"{path}, line {line}: {reason}", None)])
