"""Rounds of a head that repeats itself: which are found, and what keeps others apart."""

from __future__ import annotations

import pytest

from archdsl.backends.diagram.tensors import HeadTensors, rounds
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source

TEXT = """
block mix(other) {{
  out = in + (other -> conv(in.channels, 3))
}}
model m {{
  input = 3 x 32 x 32
  stem  = conv(8, 3)
  stages {{
    | name | op   | channels |
    | c2   | conv | 8        |
  }}
  {bindings}
  head = a + b
}}
"""
ROUNDS = ["a1 = c2 -> mix(stem)", "b1 = stem -> mix(c2)", "a2 = a1 -> mix(b1)", "b2 = b1 -> mix(a1)"]
ROUNDS += ["a = a2 -> mix(b2)", "b = b2 -> mix(a2)"]


def found(bindings: list[str]) -> list[tuple[list[str], int]]:
    """The names of a first round, and how often it is made."""
    (architecture,) = compile_source(Source("m.arch", TEXT.format(bindings="\n  ".join(bindings)))).checked()
    tensors = HeadTensors.of(architecture)
    return [
        ([tensors.made[index].name for index in range(one.start, one.start + one.size)], one.times)
        for one in rounds(tensors)
    ]


def test_branches_that_read_each_other_again_and_again() -> None:
    assert found(ROUNDS) == [(["a1", "b1"], 3)]


def test_one_tensor_after_another() -> None:
    chain = ["x = c2 -> conv(8, 3)", "y = x -> conv(8, 3)", "a = y -> conv(8, 3)", "b = stem -> conv(8, 1)"]
    assert found(chain) == [(["x"], 3)]


def test_a_round_that_reads_what_stays_the_same() -> None:
    assert found(["x = c2 -> mix(stem)", "y = x -> mix(stem)", "a = y -> mix(stem)", "b = stem -> conv(8, 1)"]) == [
        (["x"], 3)
    ]


def test_steps_within_a_round() -> None:
    steps = ["t1 = c2 -> conv(8, 1)", "x = t1 -> mix(c2)", "t2 = x -> conv(8, 1)", "a = t2 -> mix(x)", "b = stem"]
    assert found(steps) == [(["t1", "x"], 2)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # Another layer, another order of what is read, another constant.
        (("a2 = a1 -> mix(b1)", "a2 = a1 -> conv(8, 1)"), []),
        (("b2 = b1 -> mix(a1)", "b2 = a1 -> mix(b1)"), []),
        (("a = a2 -> mix(b2)", "a = a2 -> mix(stem)"), [(["a1", "b1"], 2)]),
        # Read from outside: the round is to be seen.
        (("b = b2 -> mix(a2)", "b = (b2 -> mix(a2)) + a1"), []),
    ],
)
def test_what_is_no_round(change: tuple[str, str], expected: list[tuple[list[str], int]]) -> None:
    assert found([line.replace(*change) for line in ROUNDS]) == expected


def test_uses_of_one_tensor_are_no_rounds() -> None:
    assert found(["a = c2 -> conv(8, 3)", "b = c2 -> conv(8, 3)"]) == []


def test_what_is_put_out_is_no_part_of_a_round() -> None:
    text = TEXT.format(bindings="x = c2 -> conv(8, 3)\n  y = x -> conv(8, 3)\n  z = y -> conv(8, 3)")
    text = text.replace("head = a + b", "outputs {\n    first = x\n    last = z\n  }")
    (architecture,) = compile_source(Source("m.arch", text)).checked()
    tensors = HeadTensors.of(architecture)
    assert tensors.outputs == {"first": tensors.made[0].path, "last": tensors.made[2].path}
    assert [(one.start, one.times) for one in rounds(tensors)] == [(1, 2)]
