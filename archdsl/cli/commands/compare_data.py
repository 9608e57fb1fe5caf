"""Numbers about networks that no spec knows, such as accuracies, from a CSV table."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from archdsl.diagnostics import Diagnostic, DiagnosticError, did_you_mean
from archdsl.diagnostics.codes import CANNOT_READ, WRONG_USAGE
from archdsl.reading import read_plain

_NAME = "name"
_DELIMITERS = {".csv": ",", ".txt": ",", "": ",", ".tsv": "\t"}
_MOST_BYTES = 64 * 10**6
# A table of everything one has measured has many rows that a comparison of a few has no use for.
_MOST_TOLD = 3


def read_data(path: Path) -> dict[str, dict[str, float]]:
    """For each network by name the numbers of its row; an empty cell is none.

    Raises DiagnosticError where the file cannot be read, has no column `name`, or holds text where a number is wanted.
    """
    delimiter = _DELIMITERS.get(path.suffix.lower())
    if delimiter is None:
        message = f"a table is a .csv or a .tsv file, not {path}"
        raise DiagnosticError(
            [Diagnostic(WRONG_USAGE, message, None, help="save it as .csv, with commas between the cells")]
        )
    try:
        data = read_plain(path, _MOST_BYTES)
        text = data[:_MOST_BYTES].decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        message = f"cannot read {path}: {reason[:1].lower()}{reason[1:]}"
        raise DiagnosticError([Diagnostic(CANNOT_READ, message, None)]) from None
    if len(data) > _MOST_BYTES:
        message = f"{path} has more than {_MOST_BYTES // 10**6} MB"
        raise DiagnosticError(
            [Diagnostic(WRONG_USAGE, message, None, help="keep the rows of the networks that are compared")]
        )
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
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


def unmatched(data: Mapping[str, object], networks: Sequence[str], path: str) -> list[Diagnostic]:
    """That rows are of no network of the comparison, for whoever may have mistyped a name."""
    lost = [name for name in data if name not in networks]
    found = []
    for name in lost[:_MOST_TOLD]:
        message = f"{path} has a row for `{name}`, and the comparison has no such network"
        found.append(Diagnostic(WRONG_USAGE, message, None, help=did_you_mean(name, networks)))
    if len(lost) > _MOST_TOLD:
        message = f"{path} has {len(lost) - _MOST_TOLD} more rows for networks that are not compared"
        found.append(Diagnostic(WRONG_USAGE, message, None))
    return found


def _number(path: Path, line: int, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _wrong(path, line, f"`{cell}` is no number")
    return value


def _wrong(path: Path, line: int, reason: str) -> DiagnosticError:
    return DiagnosticError([Diagnostic(WRONG_USAGE, f"{path}, line {line}: {reason}", None)])
