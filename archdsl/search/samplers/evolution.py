"""Regularized evolution: the best of a few of the youngest networks has a child that differs in one place, and the
oldest dies.

E. Real, A. Aggarwal, Y. Huang, Q. V. Le: Regularized Evolution for Image Classifier Architecture Search, AAAI 2019.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from archdsl.search.samplers.base import NetworkSampler, Past
from archdsl.search_space.encoding import Encoding, Variable
from archdsl.search_space.networks import Sample
from archdsl.search_space.space import Space

# Children of one parent that may be pruned before another parent is taken.
_TRIES, _PARENTS = 50, 20


class Evolution(NetworkSampler):
    """Regularized evolution.

    Args:
        population: networks that are alive; so many are drawn before the first has a child.
        tournament: how many of them are drawn, of which the best becomes a parent.
    """

    def __init__(self, space: Space, encoding: Encoding, seed: int, population: int, tournament: int):
        super().__init__(space, encoding, seed)
        self.population, self.tournament = population, tournament

    def propose(self, past: Sequence[Past], random: Random) -> Sample:
        alive = past[-self.population :]
        if len(alive) < self.population:
            return self.drawn(random)
        for _ in range(_PARENTS):
            parent = max(random.sample(alive, min(self.tournament, len(alive))), key=lambda one: one.value)
            for _ in range(_TRIES):
                child = mutated(parent.taken, self.encoding, random)
                if self.space.pruning.meets(child):
                    return child
        return self.drawn(random)


def mutated(taken: Mapping[str, int], encoding: Encoding, random: Random) -> Sample:
    """A network with another option at one variable; those that are there only with the new option are drawn."""
    open_ones = [name for name in taken if len(encoding.by_name[name].options) > 1]
    if not open_ones:
        return encoding.sample(lambda variable: taken.get(variable.name, 0))
    changed = random.choice(open_ones)
    others = [option for option in range(len(encoding.by_name[changed].options)) if option != taken[changed]]
    instead = random.choice(others)

    def decide(variable: Variable) -> int:
        if variable.name == changed:
            return instead
        option = taken.get(variable.name)
        return random.randrange(len(variable.options)) if option is None else option

    return encoding.sample(decide)
