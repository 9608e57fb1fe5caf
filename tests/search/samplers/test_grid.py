"""A grid tries each network once."""

from __future__ import annotations

import optuna
from optuna.trial import TrialState

from archdsl.search.samplers.grid import Grid
from archdsl.search_space.encoding import Encoding
from tests.search.samplers.studies import PRUNED, networks, searched, space_of, taken_by

SMALL = """\
model small {
  input = 3 x 16 x 16
  stem  = conv_norm_act({8, 16, 24}, kernel = {1, {3, 5}})
  head  = conv({8, 16}) -> global_avg_pool
  require params <= 1K
}
"""


def left_of(text: str) -> list[int]:
    space = space_of(text)
    return [index for index in range(space.size) if space.pruning.meets(space.numbered(index))]


def test_each_network_is_tried_once_in_order() -> None:
    left = left_of(SMALL)
    assert 3 < len(left) < space_of(SMALL).size
    assert networks(searched(space_of(SMALL), "grid", len(left))) == left


def test_a_network_whose_trial_was_lost_is_tried_again() -> None:
    space = space_of(SMALL)
    encoding, left = Encoding(space), left_of(SMALL)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=Grid(space, encoding, 0))
    met = []
    for number in range(len(left) + 1):
        trial = study.ask()
        met.append(taken_by(encoding, trial).index)
        if number == 2:
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, 1.0)
    assert sorted(met) == sorted([*left, left[2]])
    assert met.count(left[2]) == 2


def test_trials_that_are_at_work_are_not_repeated() -> None:
    """Four workers begin before any of them ends, two of them before any has taken its network."""
    space = space_of(SMALL)
    encoding, left = Encoding(space), left_of(SMALL)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=Grid(space, encoding, 0))
    trials = [study.ask() for _ in range(4)]
    assert [taken_by(encoding, trial).index for trial in trials] == left[:4]


def test_more_trials_than_networks_go_on() -> None:
    left = left_of(SMALL)
    met = networks(searched(space_of(SMALL), "grid", len(left) + 2))
    assert met[: len(left)] == left
    assert set(met) == set(left)


def test_nested_choices_are_in_a_grid() -> None:
    left = left_of(PRUNED)
    assert networks(searched(space_of(PRUNED), "grid", 12, planned=len(left))) == left[:12]
