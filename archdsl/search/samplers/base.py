"""Samplers that propose a whole network at a time, from the trials that have come to an end.

Their state is those trials alone, and each draw is a function of the seed and the trial's place: any number of workers
share a sampler without talking to each other, and a search that goes on after a kill goes on as it would have.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from archdsl.search.reruns import place
from archdsl.search_space.encoding import Encoding, Variable
from archdsl.search_space.networks import Sample
from archdsl.search_space.space import Space


@dataclass(frozen=True)
class Past:
    """A trial that came to an end: the option taken at each variable, and its value, of which more is better."""

    number: int
    taken: dict[str, int]
    value: float


class NetworkSampler(BaseSampler):
    """A sampler of networks that meet the `require` lines of their space."""

    def __init__(self, space: Space, encoding: Encoding, seed: int):
        self.space, self.encoding, self.seed = space, encoding, seed
        self._space: dict[str, BaseDistribution] = {
            variable.name: distribution(variable) for variable in encoding.variables
        }

    @abstractmethod
    def propose(self, past: Sequence[Past], random: Random) -> Sample:
        """The next network. Raises DiagnosticError where hardly any meets the `require` lines."""

    def drawn(self, random: Random) -> Sample:
        """A network drawn uniformly of those that meet the `require` lines. Raises DiagnosticError."""
        return self.space.pruning.draw(1, random.getrandbits(62), None, "its `require` lines")[0]

    def random(self, study: Study, trial: FrozenTrial, variable: str = "") -> Random:
        """What a trial draws from; what it draws for a variable alone."""
        number = place(trial, study.get_trials(deepcopy=False))
        return Random(f"{self.seed}:{number}:{variable}" if variable else f"{self.seed}:{number}")

    # What Optuna asks -------------------------------------------------------------------------------------------------

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._space

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        sample = self.propose(past(study, self.encoding), self.random(study, trial))
        taken = self.encoding.taken(sample)
        return {name: self.encoding.by_name[name].options[option] for name, option in taken.items()}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        assert isinstance(param_distribution, CategoricalDistribution)
        return self.random(study, trial, param_name).choice(param_distribution.choices)


def distribution(variable: Variable) -> CategoricalDistribution:
    """A variable in Optuna's terms."""
    return CategoricalDistribution(variable.options)


def past(study: Study, encoding: Encoding) -> list[Past]:
    """The trials with a value, in the order in which they came to an end."""
    sign = 1.0 if study.direction is StudyDirection.MAXIMIZE else -1.0
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    trials.sort(key=lambda trial: (trial.datetime_complete, trial.number))
    return [
        Past(
            trial.number,
            {name: encoding.by_name[name].options.index(label) for name, label in trial.params.items()},
            sign * float(trial.values[0]),
        )
        for trial in trials
    ]
