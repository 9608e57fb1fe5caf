"""Learning rates at chosen steps, against their formulas written out."""

from __future__ import annotations

from math import cos, pi

import pytest

from archdsl.ir.recipe.schedules import Constant, Cosine, Exponential, Linear


@pytest.mark.parametrize("schedule", [Exponential(rate=0.97, every=2.4, warmup=5), Cosine(warmup=5), Linear(warmup=5)])
def test_the_warm_up_is_a_straight_line_from_0(schedule: Cosine) -> None:
    assert [schedule.at(epoch, 90) for epoch in (0, 1, 2.5, 4)] == [0, 0.2, 0.5, 0.8]


def test_exponential_counts_from_the_first_epoch() -> None:
    schedule = Exponential(rate=0.97, every=2.4, warmup=5)
    assert schedule.at(5, 350) == pytest.approx(0.97 ** (5 / 2.4))
    assert schedule.at(350, 350) == pytest.approx(0.97 ** (350 / 2.4))


def test_a_staircase_stays_between_two_decays() -> None:
    schedule = Exponential(rate=0.1, every=30, staircase=True)
    assert [schedule.at(epoch, 90) for epoch in (0, 29.99, 30, 59.99, 60, 89)] == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01, 0.01]
    )


def test_cosine() -> None:
    schedule = Cosine(warmup=10, floor=0.1)
    for epoch in (10, 33, 55, 100):
        assert schedule.at(epoch, 100) == pytest.approx(0.1 + 0.9 * (1 + cos(pi * (epoch - 10) / 90)) / 2)
    assert (schedule.at(10, 100), schedule.at(100, 100)) == (1, 0.1)


def test_linear() -> None:
    assert [Linear().at(epoch, 240) for epoch in (0, 60, 240)] == [1, 0.75, 0]
    assert Linear(floor=0.2).at(120, 240) == pytest.approx(0.6)


def test_constant() -> None:
    assert [Constant(warmup=2).at(epoch, 10) for epoch in (1, 2, 9)] == [0.5, 1, 1]


def test_a_warm_up_of_all_epochs_never_decays() -> None:
    assert Cosine(warmup=4).at(4, 4) == pytest.approx(0)
    assert Cosine(warmup=8).at(3.9, 4) == pytest.approx(3.9 / 8)
