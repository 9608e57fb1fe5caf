"""The kinds of trials that are read without Optuna are Optuna's."""

from __future__ import annotations

from optuna.study import StudyDirection
from optuna.trial import TrialState

from archdsl.search.trials import Direction, State


def test_states_are_those_of_optuna() -> None:
    assert {one.name: one.value for one in State} == {one.name: one.value for one in TrialState}
    assert all(State[one.name] == one for one in TrialState)


def test_directions_are_those_of_optuna() -> None:
    ways = {one.name: one.value for one in StudyDirection if one is not StudyDirection.NOT_SET}
    assert {one.name: one.value for one in Direction} == ways
