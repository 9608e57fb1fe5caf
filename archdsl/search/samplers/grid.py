"""All networks of a small space, in the order of their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from random import Random

from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from archdsl.search.samplers.base import NetworkSampler, Past
from archdsl.search_space.networks import Sample
from archdsl.search_space.space import Space

# So many networks can be tried one by one.
MOST = 10_000


def networks(space: Space) -> list[Sample]:
    """The networks of a space that meet its `require` lines. Raises DiagnosticError."""
    return [sample for sample in map(space.numbered, range(space.size)) if space.pruning.meets(sample)]


class Grid(NetworkSampler):
    """Tries every network once."""

    @cached_property
    def networks(self) -> list[Sample]:
        """Those to be tried."""
        return networks(self.space)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, str]:
        before = [one for one in study.get_trials(deepcopy=False) if one.number < trial.number]
        met = [one for one in before if one.state is not TrialState.FAIL]
        tried = {self._index(one) for one in met if one.params}
        # Another worker is about to take the next one.
        ahead = sum(not one.params for one in met)
        waiting = [sample for sample in self.networks if sample.index not in tried] or self.networks
        taken = self.encoding.taken(waiting[min(ahead, len(waiting) - 1)])
        return {name: self.encoding.by_name[name].options[option] for name, option in taken.items()}

    def propose(self, past: Sequence[Past], random: Random) -> Sample:
        return self.drawn(random)

    def _index(self, trial: FrozenTrial) -> int:
        def option(variable: object) -> int:
            options = self.encoding.by_name[variable.name].options  # type: ignore[attr-defined]
            return options.index(trial.params[variable.name]) if variable.name in trial.params else 0  # type: ignore[attr-defined]

        return self.encoding.sample(option).index
