"""The largest network within budgets, over any parameters whose growth makes a network no cheaper.

Growth is measured as compound scaling does it (Tan & Le 2019, https://arxiv.org/abs/1905.11946): a parameter that went
from `base` to `base * rate ** phi` has grown by phi, so that steps in depth, width and resolution can be compared. The
rule: **what has grown least grows next**, for as long as the budgets hold, until no parameter can take a step more.
Under one budget that is the paper's rule in small steps. When a budget stops some parameters (that of `params` never
stops resolution), the others go on.

What comes out has the largest least growth that the budgets allow; among those the largest second least, and so on. A
budget can ask for no less than so much, too. Where the way up ends below that, all networks are searched for one that
has grown in the best balance; whole boxes of them are ruled out by the costs of two corners.

Costs must not fall where a parameter grows. They may stand still, and often do: widths and depths are rounded. Of the
values that give one and the same network, the nearest to `base` is reported.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from archdsl.ir.cost import Cost

Number = int | float
# The cost of the network with these parameter values.
CostOf = Callable[[Mapping[str, Number]], Cost]


@dataclass(frozen=True)
class Axis:
    """A parameter that may vary: its values, ascending, and how far each has grown from what it was.

    Growth ascends with the values. It is below zero for those that are smaller than before, and on one scale for all
    axes.
    """

    name: str
    values: Sequence[Number]
    growth: Sequence[float]


@dataclass(frozen=True)
class Budget:
    """What a measure (`params`, `macs`, `flops` or `activations`) may come to, both ends included."""

    measure: str
    most: float
    least: float = 0.0

    def of(self, cost: Cost) -> int:
        """What a cost comes to in this budget's measure."""
        value: int = getattr(cost, self.measure)
        return value

    def is_over(self, cost: Cost) -> bool:
        return self.of(cost) > self.most

    def is_met(self, cost: Cost) -> bool:
        return self.least <= self.of(cost) <= self.most


@dataclass(frozen=True)
class Step:
    """The nearest larger value of one parameter that gives a larger network, and what that one costs."""

    name: str
    value: Number
    cost: Cost


@dataclass(frozen=True)
class Fit:
    """What was found: values that meet all budgets, save those in `missed`.

    With a budget missed, no network meets all of them; the values are the smallest ones where even these cost too much,
    else the largest that cost no more than allowed. `further` has a step for each parameter that is not at its end;
    `tried` counts networks.
    """

    values: dict[str, Number]
    cost: Cost
    missed: tuple[Budget, ...]
    further: tuple[Step, ...]
    tried: int


def fit(axes: Sequence[Axis], cost_of: CostOf, budgets: Sequence[Budget]) -> Fit:
    """The largest values within budgets by the rule above.

    It asks for the costs of some tens of networks, however many there are, and of none that is much larger or smaller
    than both the one at hand and the one to be found; of some hundreds where all have to be searched. The order of the
    axes settles who grows first where several have grown alike.
    """
    space = _Space(axes, cost_of, budgets)
    grown = _grown(space)
    point = grown or (0,) * len(axes)
    if grown is not None:
        if len(axes) > 1 and space.is_under(grown):
            point = _balanced(space) or grown
        for number in range(len(axes)):
            point = _plain(space, point, number)
    cost = space.cost(point)
    missed = tuple(budget for budget in budgets if not budget.is_met(cost))
    further = tuple(step for number in range(len(axes)) if (step := _step(space, point, number)) is not None)
    return Fit(space.values(point), cost, missed, further, len(space.known))


# Points of the grid --------------------------------------------------------------------------------------------------

# For each axis the index of its value.
_Point = tuple[int, ...]


class _Space:
    """The networks that there are, each costed once."""

    def __init__(self, axes: Sequence[Axis], cost_of: CostOf, budgets: Sequence[Budget]):
        self.axes, self.cost_of, self.budgets = axes, cost_of, budgets
        self.known: dict[_Point, Cost] = {}

    def values(self, point: _Point) -> dict[str, Number]:
        return {axis.name: axis.values[index] for axis, index in zip(self.axes, point, strict=True)}

    def cost(self, point: _Point) -> Cost:
        if point not in self.known:
            self.known[point] = self.cost_of(self.values(point))
        return self.known[point]

    def is_over(self, point: _Point) -> bool:
        cost = self.cost(point)
        return any(budget.is_over(cost) for budget in self.budgets)

    def is_under(self, point: _Point) -> bool:
        cost = self.cost(point)
        return any(budget.of(cost) < budget.least for budget in self.budgets)


def _grown(space: _Space) -> _Point | None:
    """The last point within the budgets on the way up from the smallest; None when even that one is not.

    The steps are known beforehand: always the axis that has grown least. Bisection finds the first that goes over a
    budget. Its axis then stays where it is, since that step will not fit a larger network either, and the steps of the
    others go on.
    """
    steps = sorted(
        (axis.growth[index], number) for number, axis in enumerate(space.axes) for index in range(len(axis.values) - 1)
    )
    path = [number for _, number in steps]
    point, near = (0,) * len(space.axes), sum(growth < 0 for growth, _ in steps)
    while True:

        def after(count: int, start: _Point = point, ahead: list[int] = path) -> _Point:
            return tuple(index + ahead[:count].count(number) for number, index in enumerate(start))

        over = _first(len(path) + 1, lambda count: space.is_over(after(count)), near)
        if over == 0:
            return None
        point = after(over - 1)
        if over > len(path):
            return point
        path = [number for number in path[over:] if number != path[over - 1]]
        near = 1


def _balanced(space: _Space) -> _Point | None:
    """The point that meets every budget and has grown in the best balance, by branch and bound; None when none does.

    A box whose smallest network is over a budget, or whose largest is under one, holds no such point. The boxes are
    halved in the order of what their largest corners promise, so that the first that is a single point is the best.
    """
    lowest, highest = (0,) * len(space.axes), tuple(len(axis.values) - 1 for axis in space.axes)
    ahead = [(_lack(space, highest), lowest, highest)]
    while ahead:
        _, low, high = heappop(ahead)
        if space.is_over(low) or space.is_under(high):
            continue
        if low == high:
            return low
        sizes = [
            axis.growth[last] - axis.growth[first] for axis, first, last in zip(space.axes, low, high, strict=True)
        ]
        number = sizes.index(max(sizes))
        middle = (low[number] + high[number]) // 2
        for first, last in ((low, _with(high, number, middle)), (_with(low, number, middle + 1), high)):
            heappush(ahead, (_lack(space, last), first, last))
    return None


def _lack(space: _Space, point: _Point) -> list[tuple[float, int]]:
    """The growth of each axis, least first, negated: the smaller, the better the balance."""
    grown = sorted(
        (axis.growth[index], number) for number, (axis, index) in enumerate(zip(space.axes, point, strict=True))
    )
    return [(-growth, -number) for growth, number in grown]


def _plain(space: _Space, point: _Point, number: int) -> _Point:
    """The point with the value of one axis that is nearest to what it was and costs the same.

    The values of `point` are the largest that do.
    """
    growth, cost, index = space.axes[number].growth, space.cost(point), point[number]
    home = min(range(index + 1), key=lambda other: abs(growth[other]))
    same = _first(index - home, lambda down: space.cost(_with(point, number, index - 1 - down)) != cost)
    return _with(point, number, index - same)


def _step(space: _Space, point: _Point, number: int) -> Step | None:
    """The next step of an axis that costs more, if there is one."""
    axis, cost, index = space.axes[number], space.cost(point), point[number]
    rest = len(axis.values) - 1 - index
    more = _first(rest, lambda up: space.cost(_with(point, number, index + 1 + up)) != cost)
    if more == rest:
        return None
    return Step(axis.name, axis.values[index + 1 + more], space.cost(_with(point, number, index + 1 + more)))


def _with(point: _Point, number: int, index: int) -> _Point:
    return (*point[:number], index, *point[number + 1 :])


def _first(count: int, holds: Callable[[int], bool], near: int = 0) -> int:
    """The first of `range(count)` for which a test holds that then holds for all behind it; `count` when none does.

    It looks around `near` first and in ever larger steps away from it, so that nothing far off is tried.
    """
    low, high, at, step = 0, count, min(near, count - 1), 1  # It does not hold below `low`, and does from `high` on.
    while low <= at < high:
        if holds(at):
            high, at = at, at - step
        else:
            low, at = at + 1, at + step
        step *= 2
    return low + bisect_left(range(low, high), True, key=holds)
