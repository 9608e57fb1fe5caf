"""Which trials are repeated, from the trials alone."""

from __future__ import annotations

import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from archdsl.search import reruns

FAIL, RUNNING = TrialState.FAIL, TrialState.RUNNING


def trials(*given: tuple[TrialState, tuple[int, ...]]) -> list[FrozenTrial]:
    found = []
    for number, (state, history) in enumerate(given):
        system = {"failed_trial": history[0], "retry_history": list(history)} if history else {}
        trial = create_trial(state=state, system_attrs=system, value=1.0 if state is TrialState.COMPLETE else None)
        trial.number = number
        found.append(trial)
    return found


def due(given: list[FrozenTrial], **what: str) -> list[int]:
    return [trial.number for trial in reruns.due(given, lambda trial: what.get(f"of_{trial.number}", ""))]


def test_a_trial_is_repeated_once() -> None:
    assert due(trials((FAIL, ()), (RUNNING, ()))) == [0]
    assert due(trials((FAIL, ()), (RUNNING, ()), (RUNNING, (0,)))) == []
    assert due(trials((FAIL, ()), (FAIL, (0,)))) == [1]


def test_of_two_repeats_the_later_is_not_repeated() -> None:
    given = trials((FAIL, ()), (FAIL, (0,)), (FAIL, (0,)))
    assert reruns.doubled(given) == {2}
    assert due(given) == [1]


def test_what_gave_way_is_not_repeated() -> None:
    assert due(trials((FAIL, ()), (FAIL, ())), of_1=reruns.SURPLUS) == [0]


def test_a_trial_whose_workers_die_again_and_again_is_given_up() -> None:
    given = trials(*((FAIL, tuple(range(number))) for number in range(reruns.MOST + 1)))
    assert due(given[:-1]) == [reruns.MOST - 1]
    assert due(given) == []
    assert due(given, of_1=reruns.INTERRUPTED) == [reruns.MOST], "an interrupt is not the fault of the network"


@pytest.mark.parametrize(("number", "place"), [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2)])
def test_repeats_take_no_place(number: int, place: int) -> None:
    given = trials((FAIL, ()), (FAIL, (0,)), (FAIL, ()), (RUNNING, (2,)), (RUNNING, ()))
    assert reruns.place(given[number], given) == place
