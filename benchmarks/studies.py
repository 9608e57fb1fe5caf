"""Searches in memory, of networks that nothing is trained for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import optuna
from optuna import TrialPruned
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from archdsl.search.samplers.algorithms import ALGORITHMS
from archdsl.search_space.encoding import Encoding
from archdsl.search_space.networks import Sample
from archdsl.search_space.space import Space

# Gives what each goal comes to for a network.
Values = Callable[[Sample], tuple[float, ...]]


def searched(
    space: Space, algorithm: str, seed: int, trials: int, values: Values, goals: Sequence[bool]
) -> list[FrozenTrial]:
    """A search until so many trials have a value; those that `require` lines prune do not count."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    encoding = Encoding(space)
    sampler = ALGORITHMS[algorithm].make(space, encoding, seed, trials)
    ways = [StudyDirection.MAXIMIZE if is_maximized else StudyDirection.MINIMIZE for is_maximized in goals]
    study = optuna.create_study(sampler=sampler, directions=ways)
    found = 0

    def judged(trial: Trial) -> tuple[float, ...]:
        nonlocal found
        sample = encoding.sample(
            lambda variable: variable.options.index(trial.suggest_categorical(variable.name, variable.options))
        )
        if not space.pruning.meets(sample):
            raise TrialPruned
        found += 1
        trial.set_user_attr("network", str(sample.index))
        return values(sample)

    while found < trials:
        study.optimize(judged, n_trials=1)
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
