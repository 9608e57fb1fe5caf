"""Optuna's own samplers, made anew for each trial: each draw is a function of the seed and the trial's place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from archdsl.search.reruns import place

_CHOICES = "_search_space"  # where Optuna's samplers keep them


class Delegated(BaseSampler):
    """Lets a sampler that `make` makes of a seed propose each trial.

    Args:
        together: the variables that it draws together, where it does: they are the same in all trials, which a sampler
            without a past would have to find out.
    """

    def __init__(
        self, make: Callable[[int], BaseSampler], seed: int, together: Mapping[str, BaseDistribution] | None = None
    ):
        self.make, self.seed, self.together = make, seed, together
        self.inner = make(seed)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        number = place(trial, study.get_trials(deepcopy=False))
        made = self.make(Random(f"{self.seed}:{number}").getrandbits(32))
        # Which choices all networks have takes a sampler long to find out anew, and does not depend on its seed.
        vars(made).update({_CHOICES: vars(self.inner)[_CHOICES]} if _CHOICES in vars(self.inner) else {})
        self.inner = made
        self.inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        if self.together is not None:
            return dict(self.together)
        return self.inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self.inner.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self.inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        self.inner.after_trial(study, trial, state, values)
