"""Rows as a model in the language, in canonical form, with the numbers that their library comes to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from archdsl.diagnostics import DiagnosticError, Source
from archdsl.importing.errors import BrokenChain, NameOfBlock, StrideIsDilation, UnusableName
from archdsl.importing.layers import Cells, after, built, check_shares, said_by_library, said_outright
from archdsl.importing.mistakes import Mistakes
from archdsl.importing.notation import read
from archdsl.importing.rows import BlockRow
from archdsl.importing.rules import Form, Rule, own_blocks, section
from archdsl.writing import canonical

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,80}")
_COLUMNS = ("op", "kernel", "stride", "expansion", "hidden", "channels", "layers", "se", "squeezed", "skip", "padding")


@dataclass(frozen=True)
class Frame:
    """What a list of blocks leaves open. `act` is text of the language, the notation's own unless given; a `stem` of
    none is as wide as the first row asks for."""

    name: str
    notation: str
    act: str | None
    stem: int | None
    head: int
    resolution: tuple[int, int]


@dataclass(frozen=True)
class Line:
    """A line of the table, and where its numbers come from."""

    cells: Cells
    comment: str = ""


def imported(source: Source, frame: Frame) -> str:
    """The text of a file with the model. Raises DiagnosticError, with all mistakes and their places, where something
    is not understood or cannot be built, where channels do not chain, and where the model would not be sound."""
    if not _NAME.fullmatch(frame.name):
        raise UnusableName(frame.name).error()
    mistakes = Mistakes()
    rows = read(source, frame.notation, frame.act, mistakes)
    table = _Table(frame, mistakes)
    for row in rows:
        table.add(row)
    mistakes.raise_found()
    first = rows[0]
    assert first is not None  # or there were mistakes
    text = _text(table, first.rule, frame)
    made, problems = canonical(Source(f"{frame.name}.arch", text))
    if problems:
        raise DiagnosticError(problems)
    return made


class _Table:
    """The lines of rows that follow each other. A row that could not be read leaves open what the next one gets."""

    def __init__(self, frame: Frame, mistakes: Mistakes):
        self.lines: list[Line] = []
        self.forms: set[Form] = set()
        self.stem: int | None = None
        self._frame = frame
        self._mistakes = mistakes
        self._channels: int | None = None
        self._sizes: tuple[int, ...] | None = tuple((size - 1) // 2 + 1 for size in frame.resolution)
        self._reduction: int | None = 2
        self._is_first = True

    def add(self, row: BlockRow | None) -> None:
        if row is None:
            self._channels = self._sizes = self._reduction = None
        else:
            if self._is_first:
                written = self._frame.stem or (row.inputs.whole if row.inputs else 32)
                self.stem = self._channels = row.rule.rounded(written)
            self._add(row)
        self._is_first = False

    def _add(self, row: BlockRow) -> None:
        inputs = row.rule.rounded(row.inputs.whole) if row.inputs else None
        with self._mistakes.apart():
            _check_chain(row, inputs, self._channels)
        with self._mistakes.apart():
            self._check_reduction(row)
        is_sound = False
        with self._mistakes.apart():
            check_shares(row.rule, row.expansion, row.se)
            is_sound = True
        known = inputs or self._channels
        self._channels = row.rule.rounded(row.channels.whole)
        sizes, self._sizes = self._sizes, None
        with self._mistakes.apart():
            if known and is_sound:
                self._sizes = self._build(row, known, sizes)

    def _check_reduction(self, row: BlockRow) -> None:
        if self._reduction is None:
            return
        self._reduction *= row.stride.whole
        most = row.rule.max_reduction
        if most and row.stride.whole > 1 and self._reduction > most:
            raise StrideIsDilation(most, self._frame.notation).error(row.stride.span)

    def _build(self, row: BlockRow, inputs: int, sizes: tuple[int, ...] | None) -> tuple[int, ...] | None:
        """Adds the lines of a row. The height and width behind it."""
        groups: list[tuple[Cells, int]] = []
        for index, layer in enumerate(built(row, inputs)):
            count = row.layers.whole - 1 if index else 1
            cells = said_by_library(row, layer)
            if cells is None:
                self.forms.add(layer.form)
                cells = said_outright(row, layer, _name(own_blocks()[layer.form]))
            if groups and groups[-1][0] == cells:
                groups[-1] = (cells, groups[-1][1] + count)
            else:
                groups.append((cells, count))
            if sizes is not None:
                sizes = tuple(after(size, layer, count, row) for size in sizes)
        for index, (cells, count) in enumerate(groups):
            numbers = {
                "kernel": row.kernel.text,
                "stride": "1" if index else row.stride.text,
                "channels": str(row.rule.rounded(row.channels.whole)),
                "layers": str(count),
            }
            self.lines.append(Line(cells | numbers, _comment(row, cells)))
        return sizes


def _check_chain(row: BlockRow, inputs: int | None, channels: int | None) -> None:
    if row.inputs and inputs and channels and inputs != channels:
        raise BrokenChain(row.inputs.whole, inputs, channels).error(row.inputs.span)


def _comment(row: BlockRow, cells: Cells) -> str:
    """Where the numbers of a line come from, if they are not those of the row."""
    said = (
        [f"{row.channels.text} channels rounded"] if row.rule.rounded(row.channels.whole) != row.channels.whole else []
    )
    if row.rule.expands != "never" and cells.get("expansion") != row.expansion.text:
        of = f" of {row.expanded.text} channels" if row.expanded else ""
        said.append(f"expansion {row.expansion.text}{of}")
    if row.se and row.se.value and "se" not in cells:
        said.append(f"se {row.se.text}")
    return ", ".join(said)


def _name(block: str) -> str:
    found = re.search(r"^block (\w+)\(", block, re.MULTILINE)
    assert found
    return found[1]


def _text(table: _Table, rule: Rule, frame: Frame) -> str:
    height, width = frame.resolution
    written = frame.head
    head = rule.rounded(written) if rule.rounds_head else written
    blocks = [own_blocks()[form] for form in sorted(table.forms)]
    if frame.name in map(_name, blocks):
        raise NameOfBlock(frame.name).error()
    stem_comment = f"{frame.stem} channels rounded" if frame.stem and frame.stem != table.stem else ""
    lines = [
        *blocks,
        f"## Imported from the notation of {frame.notation}.",
        f"model {frame.name} {{",
        f"input = 3 x {height} x {width}",
        "classes = 1000",
        f"norm = {rule.norm}",
        f"act = {frame.act or rule.act}",
        *([f"padding = {rule.padding}"] if rule.padding != "symmetric" else []),
        "",
        _commented(f"stem = {section('stem', table.stem or 0)}", stem_comment),
        "",
        "stages {",
        *_rows(table.lines),
        "}",
        "",
        _commented(f"head = {section('head', head)}", f"{written} channels rounded" if head != written else ""),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _rows(lines: Sequence[Line]) -> list[str]:
    """The lines as text; a column that no line needs is left out."""
    kept = [name for name in _COLUMNS if any(name in line.cells for line in lines)]
    found = [f"| {' | '.join(kept)} |"]
    for line in lines:
        cells = " | ".join(line.cells.get(name, "-") for name in kept)
        found.append(_commented(f"| {cells} |", line.comment))
    return found


def _commented(text: str, comment: str) -> str:
    return f"{text}  # {comment}" if comment else text
