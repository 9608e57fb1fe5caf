"""What holds of every algorithm: it keeps to the space, it comes again by its seed, and it goes on as it would have."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from archdsl.diagnostics import DiagnosticError
from archdsl.search.samplers.algorithms import ALGORITHMS, fitted
from archdsl.search.settings import AlgorithmName, SearchSettings
from archdsl.search_space.encoding import Encoding
from archdsl.search_space.objective import Objective
from tests.search.samplers.studies import NESTED, PRUNED, WHOLE, complete, networks, searched, space_of, two_goals

NAMES = get_args(AlgorithmName)
# Those that propose whole networks know the `require` lines before a network is tried.
OWN = ("evolution", "controller", "random", "grid")


def test_each_name_has_its_algorithm() -> None:
    assert set(NAMES) == set(ALGORITHMS)


@pytest.mark.parametrize("name", NAMES)
def test_proposals_are_in_the_space(name: str) -> None:
    space = space_of(WHOLE)
    encoding = Encoding(space)
    for trial in searched(space, name, 40):
        sample = space.numbered(int(trial.user_attrs["network"]))
        taken = {key: encoding.by_name[key].options[option] for key, option in encoding.taken(sample).items()}
        assert trial.params == taken


@pytest.mark.parametrize("name", OWN)
def test_proposals_meet_the_require_lines(name: str) -> None:
    space = space_of(PRUNED)
    trials = searched(space, name, 40)
    assert len(complete(trials)) == 40
    assert all(space.cost(space.numbered(index)).macs <= 1_200_000 for index in networks(trials))
    assert space.left.met < space.size


@pytest.mark.parametrize("name", ["tpe", "nsga2"])
def test_the_others_have_pruned_trials(name: str) -> None:
    space = space_of(PRUNED)
    trials = searched(space, name, 40)
    assert 0 < len(complete(trials)) < 40
    assert all(space.cost(space.numbered(index)).macs <= 1_200_000 for index in networks(complete(trials)))


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_gives_the_same_trials(name: str) -> None:
    first = networks(searched(space_of(WHOLE), name, 40, seed=3))
    assert networks(searched(space_of(WHOLE), name, 40, seed=3)) == first
    if name != "grid":
        assert networks(searched(space_of(WHOLE), name, 40, seed=4)) != first


@pytest.mark.parametrize("name", NAMES)
def test_a_study_that_is_stopped_goes_on_as_it_would_have(name: str, tmp_path: Path) -> None:
    whole = searched(space_of(PRUNED), name, 20)
    url = f"sqlite:///{tmp_path}/study.db"
    for until in (4, 12, 20):  # each time a new worker, which knows nothing but the storage
        found = searched(space_of(PRUNED), name, until, planned=20, storage=url)
    assert networks(found) == networks(whole)
    assert [trial.values for trial in found] == [trial.values for trial in whole]


@pytest.mark.parametrize("name", [name for name in NAMES if ALGORITHMS[name].takes_several_goals])
def test_several_goals(name: str) -> None:
    trials = searched(space_of(WHOLE), name, 30, values=two_goals, goals=2)
    assert len(complete(trials)) == 30
    assert networks(searched(space_of(WHOLE), name, 30, values=two_goals, goals=2)) == networks(trials)


def settings_of(**given: object) -> SearchSettings:
    return SearchSettings.model_validate({"spec": "space.arch", **given})


@pytest.mark.parametrize("name", [name for name in NAMES if not ALGORITHMS[name].takes_several_goals])
def test_one_goal_alone(name: str) -> None:
    space = space_of(WHOLE)
    with pytest.raises(DiagnosticError, match="takes an objective with one goal, and this has 2"):
        fitted(settings_of(algorithm=name), space, Objective(space, "front(params, macs)"))
    assert fitted(settings_of(algorithm=name), space, Objective(space, "params")).trials == 100


def test_early_stopping_takes_one_goal() -> None:
    space = space_of(WHOLE)
    with pytest.raises(DiagnosticError, match="`--stop-early` takes an objective with one goal"):
        fitted(settings_of(stop_early="median"), space, Objective(space, "front(accuracy, macs)"))


def test_a_grid_has_as_many_trials_as_networks_are_left() -> None:
    space = space_of(PRUNED)
    left = sum(space.pruning.meets(space.numbered(index)) for index in range(space.size))
    objective = Objective(space, "macs")
    assert fitted(settings_of(algorithm="grid"), space, objective).trials == left
    assert fitted(settings_of(algorithm="grid", trials=7), space, objective).trials == 7
    assert fitted(settings_of(algorithm="grid", trials=100_000), space, objective).trials == left


def test_a_grid_of_a_large_space_is_refused() -> None:
    row = "    | {mbconv, fused_mbconv} | {8, 16, 24} | {1, 2} | {3, 5} |\n"
    text = NESTED.replace("CLAIM", "").replace("  }\n  head", row * 4 + "  }\n  head")
    space = space_of(text)
    with pytest.raises(DiagnosticError, match="too many to try them all"):
        fitted(settings_of(algorithm="grid"), space, Objective(space, "macs"))
