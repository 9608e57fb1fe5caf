"""Random search: networks drawn uniformly, whatever came of those before."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial

from archdsl.search.samplers.base import NetworkSampler, Past
from archdsl.search_space.networks import Sample


class Uniform(NetworkSampler):
    """Draws networks uniformly."""

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, str]:
        taken = self.encoding.taken(self.propose((), self.random(study, trial)))
        return {name: self.encoding.by_name[name].options[option] for name, option in taken.items()}

    def propose(self, past: Sequence[Past], random: Random) -> Sample:
        return self.drawn(random)
