"""A space and networks of it, as tables for people and as JSON or CSV for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from archdsl.backends.table import aligned
from archdsl.backends.units import human
from archdsl.elaborate.spaces import counted
from archdsl.ir.cost import Cost
from archdsl.spaces.proof import Proof
from archdsl.spaces.space import Sample, Space

FORMAT_VERSION = "1.0"
_MEASURES = ("params", "macs", "flops", "activations")


# For people ----------------------------------------------------------------------------------------------------------


def as_table(space: Space, samples: Sequence[Sample], proof: Proof | None) -> str:
    """The size of a space and its choices or, where there are any, the samples with their costs."""
    count = f"{space.size:,}" if counted(space.size) == f"{space.size:,}" else f"{space.size:,} ({counted(space.size)})"
    parts = [f"{space.name}: {count} networks"]
    if proof is not None:
        parts.append(f"Every one of them is sound: {proof.stages:,} different stages.\n\n{_ranges(proof)}")
    if len(samples) == 1:
        parts += [_costs(space, samples), _values(space, samples[0])]
    elif samples:
        parts.append(_costs(space, samples))
    elif proof is None:
        parts.append(_choices(space))
    return "\n\n".join(parts)


def _choices(space: Space) -> str:
    rows = [[choice.name, str(len(choice.options)), ", ".join(choice.options)] for choice in space.choices]
    return aligned(["choice", "", "options"], rows, "<><")


def _ranges(proof: Proof) -> str:
    rows = [[name, human(low), human(high)] for name, (low, high) in proof.ranges.items()]
    return aligned(["", "least", "most"], rows, "<>>")


def _costs(space: Space, samples: Sequence[Sample]) -> str:
    rows = [[str(sample.index), *map(human, _measured(space.cost(sample)))] for sample in samples]
    return aligned(["network", "params", "MACs", "FLOPs", "activations"], rows, ">>>>>")


def _values(space: Space, sample: Sample) -> str:
    return aligned(["choice", "taken"], [list(item) for item in space.values(sample).items()], "<<")


# For programs --------------------------------------------------------------------------------------------------------


def as_json(space: Space, samples: Sequence[Sample], proof: Proof | None) -> str:
    document: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "name": space.name,
        "size": space.size,
        "choices": [
            {"name": choice.name, "options": list(choice.options), "place": str(choice.place)}
            for choice in space.choices
        ],
        "samples": [
            {"index": sample.index, "values": space.values(sample), **_named(space.cost(sample))} for sample in samples
        ],
    }
    if proof is not None:
        ranges = {name: {"least": low, "most": high} for name, (low, high) in proof.ranges.items()}
        document["proof"] = {"stages": proof.stages, **ranges}
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_csv(space: Space, samples: Sequence[Sample]) -> str:
    """A row for each network: its number, its costs, and what is taken at each choice that any of them has."""
    values = [space.values(sample) for sample in samples]
    names = list(dict.fromkeys(name for one in values for name in one))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["index", *_MEASURES, *names])
    for sample, one in zip(samples, values, strict=True):
        writer.writerow([sample.index, *_measured(space.cost(sample)), *(one.get(name, "") for name in names)])
    return text.getvalue().rstrip("\n")


def _measured(cost: Cost) -> list[int]:
    return [getattr(cost, measure) for measure in _MEASURES]


def _named(cost: Cost) -> dict[str, int]:
    return {measure: getattr(cost, measure) for measure in _MEASURES}
