"""Optuna's samplers: a trial is a function of the seed, its number and the trials before, not of the worker."""

from __future__ import annotations

import optuna
import pytest
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler

from archdsl.search.samplers.delegated import Delegated
from archdsl.search_space.encoding import Encoding
from tests.search.samplers.studies import WHOLE, smooth, space_of, taken_by

MAKE = {
    "tpe": lambda number: TPESampler(seed=number, n_startup_trials=5),
    "nsga2": lambda number: NSGAIISampler(seed=number, population_size=5),
    "random": lambda number: RandomSampler(seed=number),
}


def tried(sampler: BaseSampler, study: optuna.Study) -> int:
    space = space_of(WHOLE)
    encoding = Encoding(space)
    study.sampler = sampler
    trial = study.ask()
    sample = taken_by(encoding, trial)
    study.tell(trial, smooth(space, sample))
    return sample.index


@pytest.mark.parametrize("name", MAKE)
def test_a_new_sampler_for_each_trial_is_the_same_sampler(name: str) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    one, other = (optuna.create_study(direction="maximize") for _ in range(2))
    kept = Delegated(MAKE[name], 1)
    met = [tried(kept, one) for _ in range(15)]
    assert [tried(Delegated(MAKE[name], 1), other) for _ in range(15)] == met
    assert len(set(met)) > 3


def test_trials_do_not_repeat_each_other() -> None:
    """A seed of a trial is not the seed of all."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize")
    assert len({tried(Delegated(MAKE["random"], 1), study) for _ in range(12)}) > 8
