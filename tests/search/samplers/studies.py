"""Small spaces, and searches of them in memory: what a worker does without a folder and without trainings."""

from __future__ import annotations

from collections.abc import Callable

import optuna
from optuna import TrialPruned
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from archdsl.diagnostics import Source
from archdsl.search.samplers.algorithms import ALGORITHMS
from archdsl.search_space.encoding import Encoding
from archdsl.search_space.networks import Sample
from archdsl.search_space.space import Space
from archdsl.spaces import open_space

# Choices of a model, of cells, inside options, in a block; a line that prunes.
NESTED = """\
block wide(channels, kernel = 3, stride = 1, expansion = {2, 4}) {
  out = in -> conv_norm_act(in.channels * expansion) -> conv_norm_act(channels, kernel, stride)
}
model nested(width = {0.5, 1}) {
  input   = 3 x 16 x 16
  classes = 10
  k = {3, 5}
  stem = conv_norm_act(8 * {1, 2}, kernel = k)
  stages {
    | op                         | channels   | layers     | kernel      |
    | mbconv(se = {0, {0.25, 1}}) | 16 * width | 1 + {0, 1} | k           |
    | {wide, conv}               | {8, 24}    | 1          | {1, {3, 5}} |
  }
  head = global_avg_pool -> linear(classes)
  CLAIM
}
"""
PRUNED = NESTED.replace("CLAIM", "require macs <= 1.2M")
WHOLE = NESTED.replace("CLAIM", "")


def space_of(text: str) -> Space:
    return open_space(Source("space.arch", text))


# The values of the goals of a network.
Values = Callable[[Space, Sample], tuple[float, ...]]


def smooth(space: Space, sample: Sample) -> tuple[float, ...]:
    """Best for many parameters and few MACs."""
    cost = space.cost(sample)
    return (cost.params**0.5 / cost.macs**0.3,)


def two_goals(space: Space, sample: Sample) -> tuple[float, ...]:
    cost = space.cost(sample)
    return (float(cost.params), -float(cost.macs))


def searched(
    space: Space,
    algorithm: str,
    trials: int,
    *,
    seed: int = 0,
    planned: int | None = None,
    values: Values = smooth,
    storage: BaseStorage | str | None = None,
    goals: int = 1,
) -> list[FrozenTrial]:
    """Runs a study on to so many trials; `planned` are those that its algorithm is made for."""
    encoding = Encoding(space)
    sampler = ALGORITHMS[algorithm].make(space, encoding, seed, planned or trials)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=storage,
        study_name="study",
        sampler=sampler,
        directions=[StudyDirection.MAXIMIZE] * goals,
        load_if_exists=True,
    )

    def judged(trial: Trial) -> tuple[float, ...]:
        sample = taken_by(encoding, trial)
        trial.set_user_attr("network", str(sample.index))
        if not space.pruning.meets(sample):
            raise TrialPruned
        return values(space, sample)

    study.optimize(judged, n_trials=trials - len(study.trials))
    return study.trials


def taken_by(encoding: Encoding, trial: Trial) -> Sample:
    """The network of a trial, as a worker reads it."""
    return encoding.sample(
        lambda variable: variable.options.index(trial.suggest_categorical(variable.name, variable.options))
    )


def networks(trials: list[FrozenTrial]) -> list[int]:
    """The networks that were tried, by number."""
    return [int(trial.user_attrs["network"]) for trial in trials]


def complete(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    return [trial for trial in trials if trial.state is TrialState.COMPLETE]
