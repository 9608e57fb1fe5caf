"""Calls of what a parameter or binding holds, and of what a file defines under a name."""

from __future__ import annotations

import archdsl
from archdsl.ir.walk import walk

TEXT = """
block around(channels, op = conv, act = relu) {{
  inner = {binding}
  out = in -> {call} -> act
}}
model m {{
  input = 3 x 8 x 8
  stem = {stem}
}}
"""


def operators(stem: str, call: str, binding: str = "channels") -> list[tuple[str, int]]:
    network = archdsl.loads(TEXT.format(stem=stem, call=call, binding=binding))
    return [(visit.operator, visit.output.channels) for visit in walk(network.architecture)][1:-1]


def test_a_parameter_that_is_a_layer_is_called() -> None:
    assert operators("around(8)", "op(channels)") == [("conv", 8), ("relu", 8)]
    assert operators("around(8, op = ws_conv)", "op(channels, kernel = 3)") == [("ws_conv", 8), ("relu", 8)]


def test_a_binding_that_is_a_layer_is_called() -> None:
    assert operators("around(8)", "inner(5)", "conv(channels, kernel = 3)") == [("conv", 5), ("relu", 5)]


def test_a_parameter_goes_before_a_primitive_of_its_name() -> None:
    assert operators("around(8, act = silu)", "conv(channels)") == [("conv", 8), ("silu", 8)]


def test_a_tensor_that_is_an_argument_is_bound_under_the_name_of_it() -> None:
    """It is computed once, however often it is read; one that has a name already needs no other."""
    block = """
block up(channels) {
  x = in -> conv(channels, stride = 2)
  out = x -> resize(like = in + 2 * in) -> resize(like = x)
}
model m {
  input = 8 x 8 x 8
  stem = up(8)
}
"""
    (made,) = archdsl.loads(block).architecture.blocks.values()
    assert [binding.name for binding in made.body] == ["x", "like", "out"]
    resized = made.body[2].value.steps
    assert [[tuple(shape) for shape in step.other_shapes] for step in resized] == [[(8, 8, 8)], [(8, 4, 4)]]
