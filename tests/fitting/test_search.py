"""The search finds what looking at every network finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, product
from math import inf, prod
from random import Random

import pytest

from archdsl.fitting.search import Axis, Budget, Fit, Number, Step, fit
from archdsl.ir.cost import Cost

MEASURES = ("params", "macs", "flops", "activations")


class Toy:
    """Networks whose costs grow with their parameters in steps, some of them of no height."""

    def __init__(self, random: Random):
        self.axes = []
        self.heights: list[list[list[int]]] = []  # for each axis a stair for params, macs and activations
        for number in range(random.randint(1, 3)):
            # Whole numbers now and then, so that parameters grow alike.
            growth = sorted({random.choice([random.uniform(-3, 3), random.randint(-3, 3)]) for _ in range(7)})
            size = random.randint(1, len(growth))
            growth = growth[:size]
            self.axes.append(Axis(f"p{number}", range(10, 10 + size), growth))
            self.heights.append([self._stair(random, size) for _ in range(3)])

    @staticmethod
    def _stair(random: Random, size: int) -> list[int]:
        return list(accumulate([random.randint(1, 9), *(random.choice([0, 0, 1, 5]) for _ in range(size - 1))]))

    def cost(self, values: Mapping[str, Number]) -> Cost:
        indices = [int(values[axis.name]) - 10 for axis in self.axes]
        heights = [[stair[index] for stair in axis] for axis, index in zip(self.heights, indices, strict=True)]
        return Cost(*map(prod, zip(*heights, strict=True)))

    def points(self) -> Iterator[tuple[int, ...]]:
        return product(*(range(len(axis.values)) for axis in self.axes))

    def at(self, point: Sequence[int]) -> Cost:
        return self.cost({axis.name: axis.values[index] for axis, index in zip(self.axes, point, strict=True)})

    def budgets(self, random: Random) -> list[Budget]:
        costs = [self.at(point) for point in self.points()]
        found = []
        for measure in random.sample(MEASURES, random.randint(1, 3)):
            most = getattr(random.choice(costs), measure) + random.choice([0, 0, -1, 1])
            found.append(Budget(measure, most, random.choice([0, 0, most * 0.9, most])))
        return found


def by_looking_at_all(toy: Toy, budgets: Sequence[Budget]) -> tuple[int, ...] | None:
    """The point that has the largest least growth within the budgets, then the largest second least, and so on.

    Where no point meets all budgets, the same among those that are over none; None when there is none of these either.
    """

    def rank(point: Sequence[int]) -> list[tuple[float, int]]:
        return sorted((axis.growth[point[number]], number) for number, axis in enumerate(toy.axes))

    within = [point for point in toy.points() if not any(budget.is_over(toy.at(point)) for budget in budgets)]
    met = [point for point in within if all(budget.is_met(toy.at(point)) for budget in budgets)]
    if not within:
        return None
    point = max(met or within, key=rank)
    for number, axis in enumerate(toy.axes):  # The plainest value of each that costs the same.
        same = [
            index
            for index in range(point[number] + 1)
            if toy.at((*point[:number], index, *point[number + 1 :])) == toy.at(point)
        ]
        nearest = min(same, key=lambda index: abs(axis.growth[index]))
        point = (*point[:number], nearest, *point[number + 1 :])
    return point


def next_steps(toy: Toy, point: tuple[int, ...]) -> list[Step]:
    found = []
    for number, axis in enumerate(toy.axes):
        for index in range(point[number] + 1, len(axis.values)):
            cost = toy.at((*point[:number], index, *point[number + 1 :]))
            if cost != toy.at(point):
                found.append(Step(axis.name, axis.values[index], cost))
                break
    return found


TOYS = 600


@pytest.mark.parametrize("first", range(0, TOYS, 100))
def test_it_finds_what_looking_at_all_finds(first: int) -> None:
    for seed in range(first, first + 100):
        random = Random(seed)
        toy = Toy(random)
        budgets = toy.budgets(random)
        found = fit(toy.axes, toy.cost, budgets)
        expected = by_looking_at_all(toy, budgets)
        point = expected or (0,) * len(toy.axes)
        values = {axis.name: axis.values[index] for axis, index in zip(toy.axes, point, strict=True)}
        assert found.values == values, seed
        assert found.cost == toy.at(point), seed
        assert list(found.further) == next_steps(toy, point), seed
        assert list(found.missed) == [budget for budget in budgets if not budget.is_met(found.cost)], seed
        assert (expected is None) == any(budget.is_over(found.cost) for budget in budgets), seed


def test_toys_are_of_every_kind() -> None:
    """Else the test above would show little."""
    outcomes = set()
    for seed in range(TOYS):
        random = Random(seed)
        toy = Toy(random)
        found = fit(toy.axes, toy.cost, budgets := toy.budgets(random))
        is_over = any(budget.is_over(found.cost) for budget in budgets)
        outcomes.add((len(toy.axes), is_over, bool(found.missed)))
    kinds = ((False, False), (False, True), (True, True))
    assert outcomes == {(axes, *kind) for axes in (1, 2, 3) for kind in kinds}


def line(size: int) -> Axis:
    return Axis("width", range(size), [value - size // 2 for value in range(size)])


def largest(most: float, size: int) -> tuple[Fit, list[int]]:
    asked: list[int] = []

    def cost(values: Mapping[str, Number]) -> Cost:
        asked.append(int(values["width"]))
        return Cost(asked[-1], 0, 0)

    return fit([line(size)], cost, [Budget("params", most)]), asked


@pytest.mark.parametrize("most", [0, 1, 4_999, 5_000, 5_001, 9_998, 9_999, inf])
def test_few_networks_are_tried_and_none_twice(most: float) -> None:
    found, asked = largest(most, 10_000)
    assert found.values == {"width": min(most, 9_999)}
    assert found.tried == len(asked) == len(set(asked))
    assert len(asked) < 60


def test_nothing_far_off_is_tried() -> None:
    _, asked = largest(5_100, 10_000)
    assert min(asked) >= 4_000
    assert max(asked) <= 6_000
