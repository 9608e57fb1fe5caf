"""Networks side by side as a table for people and as JSON or CSV for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from archdsl.backends.pareto.front import front
from archdsl.backends.pareto.measures import Measure, measure, units
from archdsl.backends.pareto.rows import NetworkRow
from archdsl.backends.table import aligned

FORMAT_VERSION = "1.2"


@dataclass(frozen=True)
class Comparison:
    """Networks with the measures that are shown of them, and the two that the front is of.

    `how` says, by the key of a measure, what its numbers are of; `facts` say it for programs.
    """

    rows: Sequence[NetworkRow]
    measures: Sequence[Measure]
    x: Measure
    y: Measure
    how: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def front(self) -> list[NetworkRow]:
        return front(self.rows, self.x, self.y)


def as_table(found: Comparison) -> str:
    """A row for each network, with a star on those of the front."""
    cells = [
        [
            row.name,
            str(row.input),
            *(one.text(row.values[one.key]) if one.key in row.values else "-" for one in found.measures),
            "*" if row in found.front else "",
        ]
        for row in found.rows
    ]
    header = ["model", "input", *(one.label for one in found.measures), ""]
    table = aligned(header, cells, f"<>{'>' * len(found.measures)}<")
    axes = f"{found.x.label} or {found.y.label}"
    notes = [f"* no other is better in {axes} without being worse in the other"]
    return "\n".join([table, "", *notes, *(f"{measure(key).label}: {text}" for key, text in found.how.items())])


def as_json(found: Comparison, batch: int) -> str:
    networks = [
        {
            "name": row.name,
            "input": list(row.input.sizes),
            **{one.key: _number(row.values[one.key]) for one in found.measures if one.key in row.values},
            "on_front": row in found.front,
        }
        for row in found.rows
    ]
    document = {"format_version": FORMAT_VERSION, "batch": batch, "x": found.x.key, "y": found.y.key}
    if found.facts:
        document["how"] = found.facts
    if named := units(one.key for one in found.measures):
        document["units"] = named
    return json.dumps({**document, "networks": networks}, indent=2, ensure_ascii=False)


def as_csv(found: Comparison) -> str:
    """A row for each network; how a measure came about is a column of its own, the same in every row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    keys = [one.key for one in found.measures]
    writer.writerow(["name", "input", *keys, "on_front", *(f"{key}_how" for key in found.how)])
    for row in found.rows:
        values = (_number(row.values[key]) if key in row.values else "" for key in keys)
        on_front = str(row in found.front).lower()
        writer.writerow([row.name, str(row.input), *values, on_front, *found.how.values()])
    return text.getvalue().rstrip("\n")


def _number(value: float) -> int | float:
    return int(value) if float(value).is_integer() else value
