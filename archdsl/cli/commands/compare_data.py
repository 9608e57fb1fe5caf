"""Numbers about networks that no spec knows, such as accuracies, from a CSV table."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from archdsl.cli.commands.errors import BadTable, NotTable, TooLargeTable, UnmatchedRow, UnmatchedRows
from archdsl.diagnostics import Diagnostic, DiagnosticError
from archdsl.file_errors import CannotRead
from archdsl.reading import read_plain

_NAME = "name"
_DELIMITERS = {".csv": ",", ".txt": ",", "": ",", ".tsv": "\t"}
_MOST_BYTES = 64 * 10**6
# A table of everything one has measured has many rows that a comparison of a few has no use for.
_MOST_NAMED = 3


def read_data(path: Path) -> dict[str, dict[str, float]]:
    """For each network by name the numbers of its row; an empty cell is none.

    Raises DiagnosticError where the file cannot be read, has no column `name`, or holds text where a number is wanted.
    """
    delimiter = _DELIMITERS.get(path.suffix.lower())
    if delimiter is None:
        raise NotTable(str(path)).error()
    try:
        data = read_plain(path, _MOST_BYTES)
        text = data[:_MOST_BYTES].decode("utf-8-sig")
    except OSError as error:
        raise CannotRead.because(path, error).error() from None
    except UnicodeDecodeError:
        raise CannotRead(str(path), "it is not UTF-8 text").error() from None
    if len(data) > _MOST_BYTES:
        raise TooLargeTable(str(path), _MOST_BYTES // 10**6).error()
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
    """Warnings of rows for networks that are not compared: a name may be mistyped."""
    lost = [name for name in data if name not in networks]
    found = []
    for name in lost[:_MOST_NAMED]:
        found.append(UnmatchedRow(path, name).at(None).suggesting(name, networks))
    if len(lost) > _MOST_NAMED:
        found.append(UnmatchedRows(path, len(lost) - _MOST_NAMED).at(None))
    return found


def _number(path: Path, line: int, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _wrong(path, line, f"`{cell}` is not a number")
    return value


def _wrong(path: Path, line: int, reason: str) -> DiagnosticError:
    return BadTable(str(path), line, reason).error()
