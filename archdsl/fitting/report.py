"""What was found, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from archdsl.backends.table import aligned
from archdsl.backends.units import human
from archdsl.elaborate.evaluate.values import Scalar
from archdsl.fitting.budgets import fullest
from archdsl.fitting.family import Family, listed, shown
from archdsl.fitting.grid import Grid
from archdsl.fitting.largest import Largest
from archdsl.ir.cost import Cost
from archdsl.language.expressions import one_line

FORMAT_VERSION = "1.1"


# For people ----------------------------------------------------------------------------------------------------------


def as_table(found: Largest | Grid) -> str:
    """A title, and a row for each network."""
    return _largest_table(found) if isinstance(found, Largest) else _grid_table(found)


def _largest_table(found: Largest) -> str:
    """The network as the file has it, the one found, and those that are one step larger."""
    names = list(found.values)
    written, values = found.written.parameters, found.values
    rows = [_largest_row("as written", {name: written[name] for name in names}, found.written.costs.model(), found)]
    rows.append(_largest_row("found", values, found.fit.cost, found))
    for step in found.fit.further:
        rows.append(_largest_row(f"more {step.name}", {**values, step.name: step.value}, step.cost, found))
    header = ["", *names, "params", "MACs", "FLOPs", "activations", "budget"]
    claims = " and ".join(limit.claim for limit in found.limits)
    text = f"{found.family.name} with {claims}\n\n{aligned(header, rows, '<' + '>' * (len(header) - 1))}"
    if not found.fit.further:
        text += "\n\nWhat may vary has no larger network."
    return f"{text}\n\n{_kept(found)}" if found.kept else text


def _kept(found: Largest) -> str:
    """Which parameters did not vary, and what would have them do so."""
    names = " and ".join(found.kept)
    stays = "stays as it is" if len(found.kept) == 1 else "stay as they are"
    measures = " and ".join(limit.budget.measure for limit in found.limits)
    way = "" if any(limit.budget.measure != "params" for limit in found.limits) else "; one of macs would"
    return f"{listed(found.kept)} {stays}: a budget of {measures} does not bound {names}{way}."


def _largest_row(label: str, values: Mapping[str, Scalar], cost: Cost, found: Largest) -> list[str]:
    limit = fullest(found.limits, cost)
    share = f"{100 * limit.share(cost):.1f} % of {limit.budget.measure}"
    return [label, *map(shown, values.values()), *_human(cost), share]


def _grid_table(found: Grid) -> str:
    names = list(found.points[0].values)
    measured = found.constraint and found.constraint.measured
    header = [*names, *([one_line(measured)] if measured else []), "params", "x", "MACs", "x", "FLOPs", "activations"]
    rows = []
    for point in found.points:
        params, macs, flops, activations = _human(point.cost)
        nominal = [f"{point.nominal:.4g}" if isinstance(point.nominal, float) else shown(point.nominal)]
        rows.append(
            [
                *map(shown, point.values.values()),
                *(nominal if measured else []),
                params,
                f"{point.cost.params / max(1, found.base.params):.2f}",
                macs,
                f"{point.cost.macs / max(1, found.base.macs):.2f}",
                flops,
                activations,
            ]
        )
    at = f" at {listed(found.fixed)}" if found.fixed else ""
    count = f"{len(rows)} networks" if len(rows) != 1 else "1 network"
    params, macs, *_ = _human(found.base)
    title = f"{found.family.name}{at}, {count}; x: how many times as written ({params} params, {macs} MACs)"
    return f"{title}\n\n{aligned(header, rows, '>' * len(header))}"


def _human(cost: Cost) -> list[str]:
    return [human(count) for count in _counts(cost).values()]


# For programs --------------------------------------------------------------------------------------------------------


def as_json(found: Largest | Grid) -> str:
    """A JSON object with exact counts: of the network as the file has it (`as_written`), and of what was found."""
    document = _largest_document(found) if isinstance(found, Largest) else _grid_document(found)
    return json.dumps(document, indent=2)


def _largest_document(found: Largest) -> dict[str, Any]:
    return {
        **_heading(found.family, found.written.costs.model()),
        "budgets": [
            {"measure": limit.budget.measure, "least": limit.budget.least, "most": limit.budget.most}
            for limit in found.limits
        ],
        "parameters": found.values,
        **_counts(found.fit.cost),
        "further": [{"parameter": step.name, "value": step.value, **_counts(step.cost)} for step in found.fit.further],
        "networks_tried": found.fit.tried,
        "kept": dict(found.kept),
    }


def _grid_document(found: Grid) -> dict[str, Any]:
    return {
        **_heading(found.family, found.base),
        "constraint": found.constraint and found.constraint.source.text,
        "points": [
            {
                "parameters": {**found.fixed, **point.values},
                "constraint_value": point.nominal,
                **_counts(point.cost),
                "params_ratio": point.cost.params / max(1, found.base.params),
                "macs_ratio": point.cost.macs / max(1, found.base.macs),
            }
            for point in found.points
        ],
    }


def _heading(family: Family, base: Cost) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "model": family.variant.definition.name,
        "variant": family.variant.label,
        "as_written": _counts(base),
    }


def _counts(cost: Cost) -> dict[str, int]:
    return {"params": cost.params, "macs": cost.macs, "flops": cost.flops, "activations": cost.activations}
