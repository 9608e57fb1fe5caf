"""A grid of parameter values, with what each network on it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from archdsl.diagnostics import DiagnosticError
from archdsl.elaborate.evaluate.arithmetic import Constraint
from archdsl.elaborate.evaluate.values import Scalar
from archdsl.fitting.budgets import Limit
from archdsl.fitting.errors import NoNetworkWithinBudgets, NoPointMeets, TooManyGridNetworks, TooManyPoints
from archdsl.fitting.family import Family
from archdsl.fitting.largest import check_parameters
from archdsl.fitting.ranges import Range
from archdsl.ir.cost import Cost
from archdsl.limits import limits as bounds
from archdsl.passes.fit import Number


@dataclass(frozen=True)
class Point:
    """A network on the grid; `nominal` is the left side of the constraint, where that compares."""

    values: dict[str, Number]
    cost: Cost
    nominal: Scalar


@dataclass(frozen=True)
class Grid:
    """The networks that meet the constraint and the budgets, those of least MACs first."""

    family: Family
    fixed: Mapping[str, Scalar]
    constraint: Constraint | None
    base: Cost
    points: tuple[Point, ...]


def grid(
    family: Family,
    ranges: Sequence[Range],
    constraint: Constraint | None = None,
    limits: Sequence[Limit] = (),
    fixed: Mapping[str, Scalar] | None = None,
) -> Grid:
    """Every network whose parameters are in `ranges` and meet `constraint`, and whose costs are within `limits`.

    Raises DiagnosticError for a grid beyond `limits.points`, one with more than `limits.grid` networks, and one with
    none.
    """
    fixed = fixed or {}
    check_parameters(family, ranges, fixed)
    sizes = [one.values() for one in ranges]
    count = prod(map(len, sizes))
    if count > bounds().points:
        raise DiagnosticError([TooManyPoints(count).at(ranges[0].span)])
    names = [one.name for one in ranges]
    chosen = [dict(zip(names, point, strict=True)) for point in product(*sizes)]
    if constraint is not None:
        chosen = [values for values in chosen if constraint.holds({**fixed, **values})]
        if not chosen:
            raise DiagnosticError([NoPointMeets().at(constraint.claim.span)])
    if len(chosen) > bounds().grid:
        raise DiagnosticError([TooManyGridNetworks(len(chosen)).at(ranges[0].span)])
    points = []
    for values in chosen:
        nominal = constraint.left({**fixed, **values}) if constraint else None
        points.append(Point(values, family.at({**fixed, **values}).costs.model(), nominal))
    within = [point for point in points if all(limit.budget.is_met(point.cost) for limit in limits)]
    if not within:
        raise DiagnosticError([NoNetworkWithinBudgets().at(limits[0].span)])
    within.sort(key=lambda point: (point.cost.macs, point.cost.params, *point.values.values()))
    return Grid(family, fixed, constraint, family.written(fixed).costs.model(), tuple(within))
