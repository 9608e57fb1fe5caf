"""Networks as options of variables, and back: nothing is lost, whatever is inside what."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archdsl.diagnostics import Source
from archdsl.search_space.encoding import Encoding, Variable
from archdsl.search_space.space import Space
from archdsl.spaces import open_space
from tests.search_space.test_shipped import SIZES, opened
from tests.search_space.test_space import SMALL


@cache
def space_of(text: str) -> Space:
    return open_space(Source("space.arch", text))


# A choice of the stem and cells of two rows, nested as deep as it goes; each option is a number above zero.
choices = st.recursive(
    st.integers(1, 9).map(str),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(lambda options: "{" + ", ".join(options) + "}"),
    max_leaves=6,
)


def text_of(stem: str, first: str, second: str, third: str) -> str:
    return f"""\
model drawn(width = {third}) {{
  input = 3 x 16 x 16
  stem = conv({stem} * 8)
  stages {{
    | op   | channels | kernel | layers |
    | conv | {first} + {second} | 1 | {third} |
    | conv | width | {{1, 3}} | {second} + {second} |
  }}
}}
"""


def assert_round_trip(space: Space, numbers: list[int]) -> None:
    encoding = Encoding(space)
    for number in numbers:
        sample = space.numbered(number)
        taken = encoding.taken(sample)
        asked = []

        def decide(variable: Variable, taken: dict[str, int] = taken, asked: list[str] = asked) -> int:
            asked.append(variable.name)
            return taken[variable.name]

        assert encoding.sample(decide) == sample
        # Each that is there once, and no other.
        assert sorted(asked) == sorted(taken)


def test_every_network_of_a_small_space() -> None:
    space = space_of(SMALL)
    assert_round_trip(space, list(range(space.size)))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.tuples(choices, choices, choices, choices), st.data())
def test_networks_of_generated_spaces(parts: tuple[str, str, str, str], data: st.DataObject) -> None:
    text = text_of(*parts)
    if "{" not in parts[0] + parts[1] + parts[2] + parts[3]:
        text = text.replace("* 8", "* {8, 16}")
    space = space_of(text)
    numbers = data.draw(st.lists(st.integers(0, space.size - 1), max_size=20))
    assert_round_trip(space, [0, space.size - 1, *numbers])


@pytest.mark.parametrize("name", SIZES)
def test_networks_of_shipped_spaces(name: str) -> None:
    space = opened(name)
    assert_round_trip(space, [sample.index for sample in space.sample(20, seed=2)] if name != "compound_space" else [3])


def test_as_many_ways_as_networks() -> None:
    space = space_of(SMALL)
    encoding = Encoding(space)
    taken = {tuple(sorted(encoding.taken(space.numbered(index)).items())) for index in range(space.size)}
    assert len(taken) == space.size


def test_names_are_of_one_variable_each() -> None:
    space = space_of(
        "model m {\n  input = 3 x 8 x 8\n  stem = conv({8, 16}, kernel = {1, 3}) -> conv({4, {8, 12}})\n}\n"
    )
    assert [variable.name for variable in Encoding(space).variables] == ["stem", "stem (2)", "stem (3)", "stem (4)"]
    assert [variable.options for variable in Encoding(space).variables] == [
        ("8", "16"), ("1", "3"), ("4", "{8, 12}"), ("8", "12"),
    ]  # fmt: skip


def test_options_that_read_alike_are_told_apart() -> None:
    """An optimizer takes an option by its text."""
    space = space_of("model m {\n  input = 3 x 8 x 8\n  stem = conv({8, 8, 16})\n}\n")
    (variable,) = Encoding(space).variables
    assert variable.options == ("8 [0]", "8 [1]", "16")


def test_a_choice_in_an_option_is_there_with_it_alone() -> None:
    space = space_of("model m {\n  input = 3 x 8 x 8\n  stem = conv({8, {12, 16}})\n}\n")
    encoding = Encoding(space)
    assert [encoding.taken(space.numbered(index)) for index in range(space.size)] == [
        {"stem": 0},
        {"stem": 1, "stem (2)": 0},
        {"stem": 1, "stem (2)": 1},
    ]
