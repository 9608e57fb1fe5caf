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
