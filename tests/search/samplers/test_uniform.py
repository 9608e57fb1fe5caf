"""Random search is uniform over what is left, whatever has been found."""

from __future__ import annotations

from collections import Counter
from random import Random

from archdsl.search.samplers.uniform import Uniform
from archdsl.search_space.encoding import Encoding
from tests.search.samplers.studies import networks, searched, space_of
from tests.search.samplers.test_grid import SMALL, left_of


def test_it_is_uniform_over_networks_that_are_left() -> None:
    space, left = space_of(SMALL), left_of(SMALL)
    uniform = Uniform(space, Encoding(space), 0)
    found = Counter(uniform.propose((), Random(seed)).index for seed in range(2000))
    assert set(found) == set(left)
    expected = 2000 / len(left)
    # Chi-squared: of so many networks it is above twice its mean plus ten once in many thousand seeds.
    assert sum((found[index] - expected) ** 2 / expected for index in left) < 2 * len(left) + 10


def test_values_do_not_matter() -> None:
    space = space_of(SMALL)
    ups = networks(searched(space, "random", 30, values=lambda space, sample: (float(sample.index),)))
    assert networks(searched(space, "random", 30, values=lambda space, sample: (-float(sample.index),))) == ups
