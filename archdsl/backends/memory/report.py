"""Estimates of memory as tables for people, and as parts of JSON and CSV for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from archdsl.backends.estimate import Estimate
from archdsl.backends.memory.estimate import Memory
from archdsl.backends.memory.setting import Setting
from archdsl.backends.memory.units import both, megabytes
from archdsl.backends.pareto.measures import units
from archdsl.backends.table import aligned


class Fit(NamedTuple):
    """The largest batch that fits, and into what, in bytes."""

    batch: int
    budget: int


class Report(NamedTuple):
    """A network's counts and its memory; the largest batch if that was asked for."""

    estimate: Estimate
    memory: Memory
    fit: Fit | None = None


_PHASES = {
    "inference": "at",
    "forward": "on the way forward, at",
    "recomputation": "computing once more",
    "backward": "on the way back, at",
    "loss": "at",
}


def as_table(reports: Sequence[Report], level: str) -> str:
    """One table with a row for each model or, by stage, one a model and below it what its peak is made of."""
    return _models(reports) if level == "model" else "\n\n".join(map(_stages, reports))


def _models(reports: Sequence[Report]) -> str:
    header = ["model", "input", "batch", "weights", "kept", "peak", "of which activations"]
    rows = [
        [
            report.estimate.name,
            str(report.estimate.input),
            str(report.memory.setting.batch),
            *map(megabytes, (report.memory.weights, report.memory.kept, report.memory.peak.total)),
            megabytes(report.memory.peak.activations),
        ]
        for report in reports
    ]
    if any(report.fit for report in reports):
        header.append("largest batch")
        rows = [[*row, str(report.fit.batch if report.fit else "")] for row, report in zip(rows, reports, strict=True)]
    return (
        f"{title(reports[0].memory.setting)}; MB are 10^6 bytes\n{aligned(header, rows, '<' + '>' * (len(header) - 1))}"
    )


def _stages(report: Report) -> str:
    made, found = report.estimate, report.memory
    parts = {part.path: part for part in made.stages}
    rows = [
        [stage.path, parts[stage.path].op, str(parts[stage.path].output)]
        + [megabytes(size) for size in (stage.weights, stage.kept, stage.peak)]
        for stage in found.stages
    ]
    total = [megabytes(size) for size in (found.weights, found.kept, found.peak.total)]
    rows.append(["total", "", str(made.output), *total])
    table = aligned(["stage", "op", "output", "weights", "kept", "peak"], rows, "<<>>>>")
    lines = [
        f"{made.name}, input {made.input}, batch {found.setting.batch}, {title(report.memory.setting)}; MB",
        table,
        "",
    ]
    return "\n".join([*lines, *_peak(report)])


def title(setting: Setting) -> str:
    """What memory is estimated for."""
    place = f"cpu ({setting.isa})" if setting.on == "cpu" else setting.on
    if not setting.training:
        return f"{setting.dtype}, inference on {place}"
    ema = " and a running mean of the weights" if setting.ema else ""
    checkpoint = f", each {setting.checkpoint} computed once more" if setting.checkpoint != "none" else ""
    return f"{setting.dtype}, training on {place} with {setting.optimizer}{ema}{checkpoint}"


def _peak(report: Report) -> list[str]:
    peak = report.memory.peak
    where = "in the optimizer's step" if peak.phase == "optimizer" else f"{_PHASES[peak.phase]} {peak.path}"
    held = {name: size for name, size in asdict(peak).items() if isinstance(size, int) and size}
    lines = [f"peak {both(peak.total)}, {where}:", "  " + ", ".join(f"{n} {megabytes(s)}" for n, s in held.items())]
    if report.fit is not None:
        lines.append(f"largest batch within {both(report.fit.budget)}: {report.fit.batch}")
    return lines


# For programs --------------------------------------------------------------------------------------------------------


def add_to_document(document: dict[str, Any], reports: Sequence[Report]) -> None:
    """Adds `memory`, all of it in bytes, to each model of a document of estimates and to each of its stages."""
    document["units"] = units(("memory",))
    for model, report in zip(document["models"], reports, strict=True):
        found = asdict(report.memory)
        stages = {stage.pop("path"): stage for stage in found.pop("stages")}
        found["peak"]["total"] = report.memory.peak.total
        if report.fit is not None:
            found["fits"] = {"budget": report.fit.budget, "largest_batch": report.fit.batch}
        model["memory"] = found
        for stage in model["stages"]:
            stage["memory"] = stages[stage["path"]]


def add_to_rows(text: str, reports: Sequence[Report], level: str) -> str:
    """Adds columns to the CSV of estimates by model or by stage: weights, what is kept, the peak, in bytes.

    The peak is there as `memory`, too, which is what other commands call it.
    """
    cells = ["memory_weights,memory_kept,memory_peak,memory"]
    for report in reports:
        found = report.memory
        if level == "model":
            cells.append(f"{found.weights},{found.kept},{found.peak.total},{found.peak.total}")
        else:
            cells += [f"{stage.weights},{stage.kept},{stage.peak},{stage.peak}" for stage in found.stages]
    return "".join(f"{line},{more}\n" for line, more in zip(text.splitlines(), cells, strict=True))
