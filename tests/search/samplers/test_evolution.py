"""Mutations, who is alive, and that the best of a tournament has the child."""

from __future__ import annotations

from random import Random

import pytest

from archdsl.search.samplers.base import Past
from archdsl.search.samplers.evolution import Evolution, mutated
from archdsl.search_space.encoding import Encoding
from archdsl.search_space.networks import Sample
from archdsl.search_space.space import Space
from tests.search.samplers.studies import PRUNED, WHOLE, complete, searched, space_of

SPACE = space_of(WHOLE)
ENCODING = Encoding(SPACE)


def test_a_mutation_changes_one_variable_and_those_inside_it() -> None:
    random = Random(0)
    changed_ones = set()
    for _ in range(500):
        parent = ENCODING.taken(SPACE.numbered(random.randrange(SPACE.size)))
        child = ENCODING.taken(mutated(parent, ENCODING, random))
        changed = [name for name in parent.keys() & child.keys() if parent[name] != child[name]]
        assert len(changed) == 1
        changed_ones.add(changed[0])
        # What is there in one of them alone is inside what changed: the same column.
        assert all(name.partition(" (")[0] == changed[0].partition(" (")[0] for name in parent.keys() ^ child.keys())
    assert changed_ones == set(ENCODING.by_name)


def test_what_comes_with_a_mutation_is_drawn() -> None:
    """An option with a choice in it: each option of that one comes as often."""
    random = Random(0)
    (outer, inner) = (name for name in ENCODING.by_name if name.startswith("stages.1 kernel"))
    parent = ENCODING.taken(ENCODING.sample(lambda variable: 0))
    assert outer in parent
    assert inner not in parent
    children = (ENCODING.taken(mutated(parent, ENCODING, random)) for _ in range(4000))
    drawn = [child[inner] for child in children if inner in child]
    assert len(drawn) > 200
    assert 0.4 < sum(drawn) / len(drawn) < 0.6


def test_a_network_without_choices_stays() -> None:
    assert mutated({}, ENCODING, Random(0)) == ENCODING.sample(lambda variable: 0)


def past_of(space: Space, encoding: Encoding, values: list[float], random: Random) -> list[Past]:
    samples = [space.numbered(random.randrange(space.size)) for _ in values]
    return [
        Past(number, encoding.taken(sample), value)
        for number, (sample, value) in enumerate(zip(samples, values, strict=True))
    ]


def differing(one: Sample, taken: dict[str, int]) -> int:
    other = ENCODING.taken(one)
    return sum(other[name] != taken[name] for name in other.keys() & taken.keys())


def test_the_best_of_those_alive_has_the_child() -> None:
    evolution = Evolution(SPACE, ENCODING, 0, population=8, tournament=8)
    random = Random(1)
    # The best of all is dead: eight others came after it.
    past = past_of(SPACE, ENCODING, [9.0, *range(8)], random)
    for _ in range(50):
        assert differing(evolution.propose(past, random), past[-1].taken) == 1


def test_the_first_are_drawn() -> None:
    """Before the population is full, no network depends on those before."""
    evolution = Evolution(SPACE, ENCODING, 0, population=8, tournament=2)
    past = past_of(SPACE, ENCODING, [1.0] * 7, Random(2))
    drawn = [evolution.propose(past, Random(seed)) for seed in range(20)]
    assert drawn == [evolution.propose([], Random(seed)) for seed in range(20)]
    assert len({sample.index for sample in drawn}) > 15


def test_children_that_are_pruned_are_not_proposed() -> None:
    space = space_of(PRUNED)
    encoding = Encoding(space)
    evolution = Evolution(space, encoding, 0, population=2, tournament=1)
    at_the_bound = max(
        (one for one in map(space.numbered, range(space.size)) if space.pruning.meets(one)),
        key=lambda one: space.cost(one).macs,
    )
    past = [Past(number, encoding.taken(at_the_bound), 1.0) for number in range(2)]
    children = [evolution.propose(past, Random(seed)) for seed in range(60)]
    assert all(space.pruning.meets(child) for child in children)


@pytest.mark.parametrize("seed", range(3))
def test_it_ends_better_than_it_began(seed: int) -> None:
    values = [trial.value or 0 for trial in complete(searched(space_of(WHOLE), "evolution", 120, seed=seed))]
    assert sum(values[-40:]) > sum(values[:40])
