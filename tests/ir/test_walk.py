"""Paths of operators: no two are the same, whatever a network calls its parts."""

from __future__ import annotations

import archdsl
from archdsl.ir.base import Shape
from archdsl.ir.walk import PartTracer, walk


def paths(text: str) -> list[str]:
    return [visit.path for visit in walk(archdsl.loads(text).architecture)][1:-1]


def test_repeated_operators_are_numbered_from_two() -> None:
    assert paths("model m {\n  input = 3 x 8 x 8\n  stem = conv(8) -> conv(8) -> conv(8)\n}\n") == [
        "stem.conv",
        "stem.conv_2",
        "stem.conv_3",
    ]


def test_a_number_that_a_binding_has_taken_is_left_out() -> None:
    """Sums are called `add`, as is the first binding; and the second as if it were the second of them."""
    block = """
block b(channels) {
  add = in -> conv(channels)
  add_2 = in -> conv(channels)
  out = in + add + add_2 + add
}
"""
    found = paths(block + "model m {\n  input = 8 x 8 x 8\n  stem = b(8)\n}\n")
    assert found == [f"stem.{name}" for name in ("add", "add_2", "add_3", "add_4", "add_5")]


def test_levels_are_the_stages_and_blocks_that_an_operator_is_in() -> None:
    text = """
block unit(channels) {
  out = in -> conv(channels)
}
model m {
  input = 8 x 8 x 8
  stem = relu
  stages {
    | op   | channels | layers |
    | unit | 8        | 2      |
  }
}
"""
    levels = {visit.path: [tuple(level) for level in visit.levels] for visit in walk(archdsl.loads(text).architecture)}
    assert levels["stem"] == [("stem", "stem", None, 1, False)]
    stage = ("stages.0", "0", None, 1, False)
    assert levels["stages.0.0.conv"] == [stage, ("stages.0.0", "unit", "unit:1", 1, False)]
    assert levels["stages.0.1.conv"] == [stage, ("stages.0.1", "unit", "unit:1", 1, False)]


def test_a_path_that_an_architecture_has_twice_gets_a_number() -> None:
    """One that was not elaborated can have a module and a tensor of one name."""
    tracer = PartTracer("m", {})
    noted = [tracer.note(path, "relu", (), Shape(8, 4, 4)) for path in ("a", "b_2", "b", "a", "a", "b", "b")]
    assert [visit.path for visit in tracer.visits] == ["a", "b_2", "b", "a_2", "a_3", "b_3", "b_4"]
    assert noted[3].path == "a_2"
