"""Layers that are compared."""

from __future__ import annotations

import pytest

from archdsl.compiler import compile_source
from archdsl.diagnostics import Source


def text(condition: str) -> str:
    return f"""
block b(channels, g = relu, kernel = 3) {{
  out = in -> conv(if {condition} then 1 else 2)
}}
model m {{
  input = 3 x 8 x 8
  act = silu
  norm = batch_norm(eps = 1e-3)
  stem = b(8, g = gelu(gain = 1.5))
}}
"""


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("act == silu", True),
        ("act == swish", True),
        ("act != silu", False),
        ("act == relu", False),
        ("g == gelu", False),
        ("g == gelu(gain = 1.5)", True),
        ("norm == batch_norm", False),
        ("norm == batch_norm(eps = 0.001)", True),
        ("conv(8, 3) == conv(8, kernel = 3)", True),
        ("conv(8) == depthwise", False),
        ("mbconv(8) == mbconv(8, expansion = 6)", True),
        ("mbconv(8) == mbconv(16)", False),
        ("[norm -> act] == [norm -> silu]", True),
        ("[norm -> act] == [norm -> act when true -> relu when false]", True),
        ("relu * 2 == relu * 2", True),
        ("relu * 2 == relu * 3", False),
        ("g == none", False),
        ("g == act or g != act", True),
    ],
)
def test_layers(condition: str, holds: bool) -> None:
    (network,) = compile_source(Source("net.arch", text(condition))).checked()
    assert (network.output.channels == 1) is holds


def test_sequences_of_the_same_layers_are_the_same_under_other_names() -> None:
    (network,) = compile_source(Source("net.arch", text("[norm as a -> silu] == [norm -> act as b]"))).checked()
    assert network.output.channels == 1


@pytest.mark.parametrize("condition", ['act == "silu"', '"silu" != act'])
def test_a_layer_is_not_its_name_in_quotes(condition: str) -> None:
    (problem,) = compile_source(Source("net.arch", text(condition))).problems
    assert problem.code.name == "ARC301"
    assert problem.help == "write the layer without quotes: `silu`"


def test_tensors_are_not_compared() -> None:
    (problem,) = compile_source(Source("net.arch", text("in == in"))).problems
    assert problem.code.name == "ARC301"
