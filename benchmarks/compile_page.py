"""The section of docs/performance.md about `compile_model` by regions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

INTRODUCTION = """\
## Compiling by regions

`archdsl.compile_regions(model)` beside `compile_model(model)` of an [emitted file](emitted.md): one image of
224 x 224, one thread of a CPU, nothing compiled before. Seconds to the first answer are those of the processor,
compilers of C++ included; ratios are regions to whole.
"""
_COLUMNS = ["network", "whole", "regions", "ratio", "ms whole", "ms regions", "speed", "eager ms"]


def section(
    results: Callable[[str], Any],
    table: Callable[[Sequence[str], Iterable[Sequence[str]], str], str],
    requirement: Callable[[Any], str],
    footnote: Callable[[Any], str],
) -> list[str]:
    """The paragraphs of the section; none where nothing was measured."""
    found = results("compile_time")
    if found is None:
        return []
    rows = [
        [
            f"`{row['network']}`",
            *(f"{row[target]['processor_seconds']} s" for target in ("compile_model", "regional")),
            str(row["time"]),
            *(str(row[target]["ms"]) for target in ("compile_model", "regional")),
            str(row["speed"]),
            str(row["eager"]["ms"]),
        ]
        for row in found["rows"]
    ]
    return [INTRODUCTION, table(_COLUMNS, rows, "<" + ">" * 7), footnote(found)]
