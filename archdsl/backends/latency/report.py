"""Estimates with their latency, as a table for people and as fields for JSON and CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archdsl.backends.costed_part import CostedPart
from archdsl.backends.estimate import Estimate, Level
from archdsl.backends.latency.latencies import Latencies, PartLatencies
from archdsl.backends.latency.roofline import Time, total
from archdsl.backends.pareto.measures import units
from archdsl.backends.table import aligned
from archdsl.backends.units import duration, human

_OPTIMIZER = "optimizer"


@dataclass(frozen=True)
class TimedEstimate:
    """An estimate, and the time of the network and of each of its parts by path."""

    estimate: Estimate
    latencies: Latencies
    time: Time
    times: Mapping[str, Time]

    @property
    def images_per_second(self) -> float:
        return self.estimate.batch / self.time.seconds


def timed(estimate: Estimate, latencies: Latencies) -> TimedEstimate:
    """The estimate of a network with what its latencies say of each part."""
    found: dict[str, list[Time]] = {}
    for _, layers in latencies.blocks():
        for prefix, fragment in layers:
            for path, time in fragment.operators:
                # An operator counts for itself and for everything that it is in.
                names = [name for name in (*prefix.split("."), *path.split(".")) if name]
                for length in range(1, len(names) + 1):
                    found.setdefault(".".join(names[:length]), []).append(time)
    times = {path: total(several) for path, several in found.items()}
    if latencies.training:
        times[_OPTIMIZER] = latencies.optimizer()
    return TimedEstimate(estimate, latencies, latencies.model(), times)


# For people ----------------------------------------------------------------------------------------------------------


def as_table(estimates: Sequence[TimedEstimate], level: Level, *, explain: bool = False) -> str:
    """A row for each model or, below that level, one table a model with a row for each part."""
    if level != "model":
        return "\n\n".join(_parts_table(made, level, explain) for made in estimates)
    header = ["model", "input", "batch", "params", "MACs", "latency", "images/s", *(_EXPLAINED if explain else ())]
    rows = [
        [
            made.estimate.name,
            str(made.estimate.input),
            str(made.estimate.batch),
            human(made.estimate.cost.params),
            human(made.estimate.cost.macs),
            duration(made.time.seconds),
            f"{made.images_per_second:.1f}",
            *(_explained(made.time) if explain else ()),
        ]
        for made in estimates
    ]
    return (
        f"{setting(estimates[0].latencies)}\n{aligned(header, rows, '<' + '>' * (len(header) - 1))}"
        if estimates
        else ""
    )


_EXPLAINED = ("bound", "FLOPs/byte", "kernels", "compute", "memory", "launch")


def _parts_table(made: TimedEstimate, level: Level, explain: bool) -> str:
    rows = [_row(part, made, level, explain) for part in made.estimate.parts(level)]
    update = made.times.get(_OPTIMIZER)
    if update is not None:
        row = [_OPTIMIZER, "", "", "", "", duration(update.seconds), _share(update, made.time)]
        rows.append([*row, *(_explained(update) if explain else ())])
    cost = made.estimate.cost
    last = ["total", "", "", str(made.estimate.output), human(cost.macs), duration(made.time.seconds), "100 %"]
    rows.append([*last, *(_explained(made.time) if explain else ())])
    header = [level, "op", "layers", "output", "MACs", "latency", "share", *(_EXPLAINED if explain else ())]
    lines = [header, *rows]
    if level != "stage":  # A block or an operator is one layer.
        lines = [[*line[:2], *line[3:]] for line in lines]
    text = aligned(lines[0], lines[1:], "<<" + ">" * (len(lines[0]) - 2))
    estimate = made.estimate
    title = f"{estimate.name}, input {estimate.input}, batch {estimate.batch}, {setting(made.latencies)}"
    return f"{title}\n{text}\n{made.images_per_second:.1f} images/s"


def _row(part: CostedPart, made: TimedEstimate, level: Level, explain: bool) -> list[str]:
    time = made.times.get(part.path, Time())
    row = [part.path, part.op, str(part.layers), str(part.output), human(part.cost.macs)]
    return [
        *row,
        duration(time.seconds),
        _share(time, made.time),
        *(_explained(time) if explain else ()),
    ]


def setting(latencies: PartLatencies) -> str:
    """What is timed, and where."""
    what = "training step" if latencies.training else "inference"
    return f"{what} in {latencies.dtype} on {latencies.profile.title}"


def _share(time: Time, whole: Time) -> str:
    return f"{100 * time.seconds / whole.seconds:.1f} %"


def _explained(time: Time) -> list[str]:
    if not time.kernels:
        return ["-"] * len(_EXPLAINED)
    parts = (time.compute, time.memory, time.launch)
    shares = [f"{100 * seconds / time.seconds:.0f} %" for seconds in parts]
    return [time.bound, f"{time.intensity:.1f}", str(time.kernels), *shares]


# For programs --------------------------------------------------------------------------------------------------------


def add_to_document(document: dict[str, Any], estimates: Sequence[TimedEstimate]) -> None:
    """Adds latency to the models of an estimate's document, and to the parts in it."""
    document["units"] = units(("latency",))
    for model, made in zip(document["models"], estimates, strict=True):
        latencies = made.latencies
        model["device"] = {
            "name": latencies.profile.name,
            "title": latencies.profile.title,
            "backend": latencies.profile.backend,
            "dtype": latencies.dtype,
            "training": latencies.training,
        }
        model |= _fields(made.time)
        model["images_per_second"] = round(made.images_per_second, 3)
        if _OPTIMIZER in made.times:
            model["optimizer"] = _fields(made.times[_OPTIMIZER])
        for stage in model["stages"]:
            _add_to_part(stage, made.times)


def _add_to_part(part: dict[str, Any], times: Mapping[str, Time]) -> None:
    inner = [*part.pop("blocks", ()), *part.pop("operators", ())]
    name = "blocks" if "layers" in part else "operators"
    part |= _fields(times.get(part["path"], Time()))
    if inner:
        part[name] = inner
    for each in inner:
        _add_to_part(each, times)


def _fields(time: Time) -> dict[str, Any]:
    return {
        "latency": float(f"{time.seconds:.6g}"),
        "latency_seconds": float(f"{time.seconds:.6g}"),  # as it was called up to version 1.0
        "bound": time.bound if time.kernels else None,
        "flops_per_byte": float(f"{time.intensity:.4g}"),
        "kernels": time.kernels,
    }


def add_to_rows(text: str, estimates: Sequence[TimedEstimate], level: Level) -> str:
    """Adds columns to an estimate's CSV: the latency and, of whole networks, the images a second."""
    header, *lines = text.splitlines()
    times = [
        (time, made)
        for made in estimates
        for time in (
            [made.time]
            if level == "model"
            else [made.times.get(part.path, Time()) for part in made.estimate.parts(level)]
        )
    ]
    # `latency_seconds` is what the column was called before all commands called it `latency`.
    columns, rows = "latency,latency_seconds", []
    for line, (time, made) in zip(lines, times, strict=True):
        shown = f"{time.seconds:.6g}"
        rows.append(",".join([line, shown, shown, *([f"{made.images_per_second:.6g}"] if level == "model" else [])]))
    if level == "model":
        columns += ",images_per_second"
    return "\n".join([f"{header},{columns}", *rows]) + "\n"
