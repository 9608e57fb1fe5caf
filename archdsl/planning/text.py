"""A plan as a table for a terminal, and as JSON."""

from __future__ import annotations

import json
from typing import Any

from archdsl.backends.memory.units import megabytes
from archdsl.backends.table import aligned
from archdsl.backends.units import duration, human
from archdsl.planning.plan import PhasePlan, Plan


def as_table(plan: Plan) -> str:
    """The phases in rows, with lines above and below that say what they are of."""
    recipe = plan.recipe
    optional = [
        name for name in ("rand_augment", "mixup", "cutmix", "erase", "dropout", "drop_path") if _is_used(plan, name)
    ]
    timed, fits = plan.device is not None, plan.budget is not None
    header = ["phase", "epochs", "resolution", "batch", *optional, "learning rate"]
    header += ["step"] * timed + ["memory"] + ["fits"] * fits + ["steps", "images"] + ["time"] * timed
    rows = [_row(plan, each, optional) for each in plan.phases]
    per = f" over {plan.devices} devices" if plan.devices > 1 else ""
    lines = [
        f"{recipe.name}: {plan.network}, {_epochs(plan)} of {plan.images:,} images, batch {plan.batch:,}{per}, "
        f"{recipe.optimizer.kind}, {recipe.schedule.kind}, {plan.dtype}",
        "",
        aligned(header, rows, "<" + ">" * (len(header) - 1)),
        "",
        f"{plan.steps:,} steps, {human(plan.steps * plan.batch)} images; evaluated at {plan.test_resolution} px",
    ]
    if (time := plan.time) is not None:
        device = plan.device
        assert device is not None
        lines.append(f"predicted {clock(time)} on {device.title}, without loading of data")
    if plan.fixed is not None and time:
        last = next(each.phase.resolution for each in reversed(plan.phases) if not each.is_fixres)
        lines.append(
            f"at {last} px throughout it would take {clock(plan.fixed)}: {plan.fixed / time:.2f} times as long"
        )
    lines += [f"{line}" for line in _warnings(plan)]
    return "\n".join(lines)


def _epochs(plan: Plan) -> str:
    fixres = plan.recipe.fixres
    return f"{plan.recipe.epochs} epochs" + (f" and {fixres.epochs} of FixRes" if fixres is not None else "")


def _row(plan: Plan, each: PhasePlan, optional: list[str]) -> list[str]:
    phase = each.phase
    batch = f"{each.batch:,}" if each.parts == 1 else f"{each.parts} x {each.batch // each.parts:,}"
    row = [
        "FixRes" if each.is_fixres else str(phase.number + 1),
        f"{phase.first + 1}-{phase.last}",
        str(phase.resolution),
        batch,
    ]
    for name in optional:
        value = getattr(phase, name)
        row.append("-" if value is None else f"{value:.3g}")
    row.append(_rates(each))
    if each.seconds is not None:
        row.append(duration(each.seconds))
    row.append(f"{megabytes(each.memory)} MB")
    if plan.budget is not None:
        row.append(f"{each.largest:,}")
    row += [f"{each.steps:,}", human(each.steps * plan.batch)]
    if each.time is not None:
        row.append(clock(each.time))
    return row


def _rates(each: PhasePlan) -> str:
    """The learning rates at the ends, and between them the peak, if it is higher than both."""
    first, last = each.lr
    rates = (first, each.peak_lr, last) if each.peak_lr > max(each.lr) else (first, last)
    return " - ".join(f"{rate:.3g}" for rate in rates)


def _is_used(plan: Plan, name: str) -> bool:
    return any(getattr(each.phase, name) for each in plan.phases)


def _warnings(plan: Plan) -> list[str]:
    """What does not fit."""
    if plan.budget is None:
        return []
    found = []
    for each in plan.phases:
        part = max(1, each.batch // each.parts)
        if each.largest is not None and part > each.largest:
            parts = -(-each.batch // each.largest) if each.largest else None
            way = f"`accumulate = {parts}`" if parts else "no batch fits"
            name = "FixRes" if each.is_fixres else f"phase {each.phase.number + 1}"
            found.append(f"{name}: {part:,} images do not fit, {each.largest:,} do; {way}")
    return found


def clock(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 20 min`, `2 d 5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else duration(seconds)
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def as_json(plan: Plan) -> str:
    """The plan as a JSON document; times in seconds, memory in bytes."""
    phases = [_document(plan, each) for each in plan.phases]
    document = {
        "recipe": plan.recipe.name,
        "network": plan.network,
        "images": plan.images,
        "batch": plan.batch,
        "devices": plan.devices,
        "dtype": plan.dtype,
        "device": plan.device.name if plan.device else None,
        "test_resolution": plan.test_resolution,
        "phases": phases,
        "steps": plan.steps,
        "seconds": plan.time,
        "seconds_at_last_resolution": plan.fixed,
    }
    return json.dumps(document, indent=2)


def _document(plan: Plan, each: PhasePlan) -> dict[str, Any]:
    phase = each.phase._asdict()
    phase["number"] += 1
    return {
        **phase,
        "fixres": each.is_fixres,
        "learning_rate": list(each.lr),
        "learning_rate_peak": each.peak_lr,
        "steps": each.steps,
        "batch": each.batch,
        "parts": each.parts,
        "step_seconds": each.seconds,
        "memory_bytes": each.memory,
        "largest_batch": each.largest,
        "seconds": each.time,
    }
