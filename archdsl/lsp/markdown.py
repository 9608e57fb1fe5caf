"""Shapes and costs as Markdown: a line for one part, a table for several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from archdsl.backends.units import human
from archdsl.lsp.escapes import inline
from archdsl.lsp.networks import LocatedPart

_MOST = 12


def table(parts: Sequence[LocatedPart], *, exact: bool = False, named: bool = True) -> str:
    """Parts, each with its network where they are `named`, and counts to the last one where they are `exact`."""
    if not parts:
        return ""
    count: Callable[[int], str] = "{:,}".format if exact else human
    if len(parts) == 1:
        part = parts[0]
        return f"{part.input} → **{part.output}**, {count(part.cost.params)} parameters, {count(part.cost.macs)} MACs"
    header = ["network", "input", "output", "parameters", "MACs"]
    rows = [
        [f"`{part.network}`", str(part.input), str(part.output), count(part.cost.params), count(part.cost.macs)]
        for part in parts[:_MOST]
    ]
    lines = [header, [":--", *["--:"] * 4], *rows]
    text = "\n".join(f"| {' | '.join(line[0 if named else 1 :])} |" for line in lines)
    return text if len(parts) <= _MOST else f"{text}\n\nand {len(parts) - _MOST} more"


def several(parts: Sequence[LocatedPart]) -> str:
    """The uses of one thing: a row a network, or the different uses in the first network where that has several."""
    if not parts:
        return ""
    distinct = list(dict.fromkeys(parts))
    first = [part for part in distinct if part.network == parts[0].network]
    if len(first) == 1:
        return table(distinct)
    return f"{len(first)} different ones in `{parts[0].network}`:\n\n{table(first, named=False)}"


def listed(found: Iterable[tuple[str, str]]) -> str:
    """Values with what has them: one value by itself, several as a list."""
    by_value: dict[str, list[str]] = {}
    for value, owner in found:
        by_value.setdefault(value, []).append(owner)
    if len(by_value) <= 1:
        return "".join(f"= {inline(value)}" for value in by_value)
    lines = [f"- {inline(value)} in {_names(owners)}" for value, owners in by_value.items()]
    return "\n".join(lines[:_MOST])


def _names(owners: Sequence[str]) -> str:
    shown = ", ".join(f"`{owner}`" for owner in owners[:4])
    return shown if len(owners) <= 4 else f"{shown} and {len(owners) - 4} more"
