"""Rows as a model in the language, in canonical form, once they are seen to mean the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from archdsl.diagnostics import Diagnostic, Failure, Source
from archdsl.diagnostics.codes import BAD_VALUE, CHANNEL_MISMATCH, MISSING_ARGUMENT, UNKNOWN_ARGUMENT, WRONG_USAGE
from archdsl.importing.mistakes import Mistakes
from archdsl.importing.rows import Row, refusal
from archdsl.importing.rules import rounding, section
from archdsl.writing import canonical

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,80}")


@dataclass(frozen=True)
class Frame:
    """What a list of blocks leaves open. `act` is text of the language; a `stem` of none is as wide as the first row
    asks for."""

    name: str
    notation: str
    act: str
    stem: int | None
    head: int
    resolution: tuple[int, int]


def written(rows: Sequence[Row], frame: Frame) -> str:
    """The text of a file with the model. Raises Failure where a row means something that no block of the library does,
    where channels do not chain, and where the model would not be sound."""
    if not _NAME.fullmatch(frame.name):
        raise Failure([Diagnostic(WRONG_USAGE, f"`{frame.name}` is no name for a model", None)])
    stem = frame.stem or (rows[0].inputs.whole if rows[0].inputs else 32)
    inputs = stem
    mistakes = Mistakes()
    for row in rows:
        with mistakes.apart():
            _check(row, inputs, frame)
        inputs = row.channels.whole
    mistakes.tell()
    height, width = frame.resolution
    lines = [
        f"## Imported from the notation of {frame.notation}.",
        f"model {frame.name} {{",
        f"input = 3 x {height} x {width}",
        "classes = 1000",
        "norm = batch_norm",
        f"act = {frame.act}",
        "",
        f"stem = {section('stem', stem)}",
        "",
        "stages {",
        *_table(rows),
        "}",
        "",
        f"head = {section('head', frame.head)}",
        "}",
    ]
    return _sound("\n".join(lines) + "\n", frame)


def _sound(text: str, frame: Frame) -> str:
    text, problems = canonical(Source(f"{frame.name}.arch", text))
    if problems:
        raise Failure(problems)
    return text


def _table(rows: Sequence[Row]) -> list[str]:
    """The rows as lines; a column that no row needs is left out."""
    columns = {
        "op": [row.rule.block for row in rows],
        "kernel": [row.kernel.text for row in rows],
        "stride": [row.stride.text for row in rows],
        "expansion": [_expansion(row) for row in rows],
        "channels": [row.channels.text for row in rows],
        "layers": [row.layers.text for row in rows],
        "se": [row.se.text if row.se and row.se.value else "-" for row in rows],
        "skip": ["false" if row.rule.skip == "optional" and not row.skip else "-" for row in rows],
    }
    kept = {name: cells for name, cells in columns.items() if set(cells) != {"-"}}
    lines = [list(kept), *zip(*kept.values(), strict=True)]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _expansion(row: Row) -> str:
    if row.rule.expansion == "none":
        return "1" if row.rule.one else "-"
    assert row.expansion is not None
    return row.expansion.text


# Whether a row means what our block does ---------------------------------------------------------------------------


def _check(row: Row, inputs: int, frame: Frame) -> None:
    mistakes = Mistakes()
    with mistakes.apart():
        if row.inputs is not None and row.inputs.whole != inputs:
            message = f"this row reads {row.inputs.whole} channels, and gets {inputs}"
            raise refusal(CHANNEL_MISMATCH, message, row.inputs.span, help=f"what comes before it puts out {inputs}")
    with mistakes.apart():
        _check_expansion(row)
    with mistakes.apart():
        _check_squeezing(row, row.inputs.whole if row.inputs else inputs, frame.notation)
    with mistakes.apart():
        _check_skip(row, inputs)
    mistakes.tell()


def _check_skip(row: Row, inputs: int) -> None:
    if not row.skip and row.rule.skip == "always" and _may_skip(row, inputs):
        message = f"`{row.rule.block}` adds its input wherever shapes allow, and here they do"
        raise refusal(UNKNOWN_ARGUMENT, message, row.skip_span or row.span)


def _check_expansion(row: Row) -> None:
    found = row.expansion
    match row.rule.expansion:
        case "none":
            if found is not None and found.value != 1:
                raise refusal(BAD_VALUE, "this kind of block does not expand", found.span, help="leave it out")
        case kind:
            if found is None:
                raise refusal(MISSING_ARGUMENT, "the expansion is missing", row.span)
            if found.value <= 0:
                raise refusal(BAD_VALUE, "an expansion is larger than 0", found.span)
            if kind == "wider" and found.value == 1:
                message = "this block has an expanding convolution although it does not expand; none of the library has"
                raise refusal(BAD_VALUE, message, found.span, help="`ds`, or `cn` with `skip`, have none")


def _check_squeezing(row: Row, inputs: int, notation: str) -> None:
    """Squeeze-and-excitation: a share of the block's input, which the notation must round as we do."""
    if row.se is None or not row.se.value:
        return
    if not row.rule.se:
        raise refusal(UNKNOWN_ARGUMENT, "this kind of block has no squeeze-and-excitation", row.se.span)
    if row.se.value > 1:
        raise refusal(BAD_VALUE, "a share of channels is at most 1", row.se.span)
    for channels in {inputs, row.channels.whole} if row.layers.whole > 1 else {inputs}:
        exact = channels * row.se.value
        theirs = round(exact) if rounding(notation) == "even" else int(exact)
        ours = int(exact + 0.5)
        if max(1, theirs) != ours:
            message = f"{row.se.text} of {channels} channels are {max(1, theirs)} there and {ours} here"
            raise refusal(BAD_VALUE, message, row.se.span, help="the two round differently; change the channels")


def _may_skip(row: Row, inputs: int) -> bool:
    return row.layers.whole > 1 or (row.stride.whole == 1 and row.channels.whole == inputs)
