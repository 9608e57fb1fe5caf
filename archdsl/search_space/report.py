"""A space and networks of it, as tables for people and as JSON or CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archdsl.backends.pareto import measure
from archdsl.backends.pareto.measures import COUNTS, units
from archdsl.backends.table import aligned
from archdsl.backends.units import human
from archdsl.search_space.networks import Sample
from archdsl.search_space.open_models import counted
from archdsl.search_space.proof import Proof
from archdsl.search_space.space import Space

FORMAT_VERSION = "1.2"


@dataclass(frozen=True)
class Figures:
    """What is reported of samples: costs for a batch and, where asked for, further measures, by their keys.

    `how` says, by the key of a measure, what its numbers are of; `facts` say it for programs.
    """

    batch: int = 1
    measures: Sequence[str] = ()
    values: Sequence[Mapping[str, float]] = ()
    how: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()


# For people ----------------------------------------------------------------------------------------------------------


def as_table(space: Space, samples: Sequence[Sample], proof: Proof | None, figures: Figures) -> str:
    """The size of a space and its choices or, where there are any, the samples with their costs."""
    count = f"{space.size:,}" if counted(space.size) == f"{space.size:,}" else f"{space.size:,} ({counted(space.size)})"
    parts = ["\n".join([f"{space.name}: {count} networks", *_left(space)])]
    if proof is not None:
        of = "Of all, those that `require` lines prune among them:\n\n" if space.pruning.claims else ""
        parts.append(f"Every one of them is sound: {proof.stages:,} different stages.\n\n{of}{_ranges(proof)}")
    if len(samples) == 1:
        parts += [_costs(space, samples, figures), _values(space, samples[0])]
    elif samples:
        parts.append(_costs(space, samples, figures))
    elif proof is None:
        parts.append(_choices(space))
    return "\n\n".join(parts)


def _left(space: Space) -> Iterator[str]:
    """How many networks the `require` lines leave, where there are any."""
    if not space.pruning.claims:
        return
    left = space.left
    if left.is_exact:
        yield f"{left.networks:,} of them meet its `require` lines"
    else:
        share = f"{left.met:,} of {left.tried:,} drawn meet its `require` lines"
        yield f"{share}, about {counted(left.networks)} of all" if left.met else share


def _choices(space: Space) -> str:
    rows = [[choice.name, str(len(choice.options)), ", ".join(choice.options)] for choice in space.choices]
    return aligned(["choice", "", "options"], rows, "<><")


def _ranges(proof: Proof) -> str:
    rows = [[name, human(low), human(high)] for name, (low, high) in proof.ranges.items()]
    return aligned(["", "least", "most"], rows, "<>>")


def _costs(space: Space, samples: Sequence[Sample], figures: Figures) -> str:
    further = [measure(key) for key in figures.measures]
    rows = [
        [str(sample.index), *map(human, costs.values()), *(one.text(own[one.key]) for one in further)]
        for sample, costs, own in _told(space, samples, figures)
    ]
    header = ["network", "params", "MACs", "FLOPs", "activations", *(one.label for one in further)]
    notes = [*figures.notes, *(f"{measure(key).label}: {text}" for key, text in figures.how.items())]
    return "\n".join([aligned(header, rows, ">" * len(header)), *([""] if notes else []), *notes])


def _values(space: Space, sample: Sample) -> str:
    return aligned(["choice", "taken"], [list(item) for item in space.values(sample).items()], "<<")


# For programs --------------------------------------------------------------------------------------------------------


def as_json(space: Space, samples: Sequence[Sample], proof: Proof | None, figures: Figures) -> str:
    document: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "name": space.name,
        "size": space.size,
        "choices": [
            {"name": choice.name, "options": list(choice.options), "place": str(choice.place)}
            for choice in space.choices
        ],
        "samples": [
            {"index": sample.index, "values": space.values(sample), **costs, **own}
            for sample, costs, own in _told(space, samples, figures)
        ],
    }
    if space.pruning.claims:
        left = space.left
        document["left"] = {"networks": left.networks, "exact": left.is_exact, "met": left.met, "tried": left.tried}
    if figures.batch != 1 or figures.facts:
        document |= {"batch": figures.batch, "how": figures.facts}
    if named := units(figures.measures):
        document["units"] = named
    if proof is not None:
        ranges = {name: {"least": low, "most": high} for name, (low, high) in proof.ranges.items()}
        document["proof"] = {"stages": proof.stages, **ranges}
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_csv(space: Space, samples: Sequence[Sample], figures: Figures) -> str:
    """A row for each network: its number, its costs, and what is taken at each choice that any of them has.

    How a measure came about is a column of its own, the same in every row.
    """
    values = [space.values(sample) for sample in samples]
    names = list(dict.fromkeys(name for one in values for name in one))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["index", *COUNTS, *figures.measures, *(f"{key}_how" for key in figures.how), *names])
    for (sample, costs, own), one in zip(_told(space, samples, figures), values, strict=True):
        shown = [*costs.values(), *own.values(), *figures.how.values()]
        writer.writerow([sample.index, *shown, *(_cell(one.get(name, "")) for name in names)])
    return text.getvalue().rstrip("\n")


def _cell(option: str) -> str:
    """An option as a table of values has it: on one line, a word without the quotes of the language."""
    text = " ".join(option.split())
    return text[1:-1] if re.fullmatch(r'"[^"\\\\]*"', text) else text


def _told(
    space: Space, samples: Sequence[Sample], figures: Figures
) -> Iterator[tuple[Sample, dict[str, int], dict[str, float]]]:
    """Each sample with its costs and its further measures, in the order of the columns."""
    for index, sample in enumerate(samples):
        cost = space.cost(sample).for_batch(figures.batch)
        own = {key: figures.values[index][key] for key in figures.measures}
        yield sample, {name: getattr(cost, name) for name in COUNTS}, own
