"""Networks side by side as a table for people and as JSON or CSV for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from archdsl.backends.comparison.measures import Measure
from archdsl.backends.comparison.rows import Row
from archdsl.backends.table import aligned

FORMAT_VERSION = "1.0"


def as_table(rows: Sequence[Row], measures: Sequence[Measure], on_front: Sequence[Row], axes: str) -> str:
    """A row for each network, with a star on those of the front."""
    cells = [
        [
            row.name,
            str(row.input),
            *(one.text(row.values[one.key]) if one.key in row.values else "-" for one in measures),
            "*" if row in on_front else "",
        ]
        for row in rows
    ]
    header = ["model", "input", *(one.label for one in measures), ""]
    table = aligned(header, cells, f"<>{'>' * len(measures)}<")
    return f"{table}\n\n* no other is better in {axes} without being worse in the other"


def as_json(rows: Sequence[Row], measures: Sequence[Measure], on_front: Sequence[Row], setting: Any) -> str:
    networks = [
        {
            "name": row.name,
            "input": list(row.input),
            **{one.key: _number(row.values[one.key]) for one in measures if one.key in row.values},
            "on_front": row in on_front,
        }
        for row in rows
    ]
    document = {"format_version": FORMAT_VERSION, **setting, "networks": networks}
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_csv(rows: Sequence[Row], measures: Sequence[Measure], on_front: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "input", *(one.key for one in measures), "on_front"])
    for row in rows:
        values = (_number(row.values[one.key]) if one.key in row.values else "" for one in measures)
        writer.writerow([row.name, str(row.input), *values, str(row in on_front).lower()])
    return text.getvalue().rstrip("\n")


def _number(value: float) -> int | float:
    return int(value) if float(value).is_integer() else value
