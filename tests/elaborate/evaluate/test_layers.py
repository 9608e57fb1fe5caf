"""Arguments of primitives as they are in the IR."""

from __future__ import annotations

import pytest

import archdsl
from archdsl.ir.operators import Operator
from archdsl.ir.walk import walk


def made(layer: str) -> Operator:
    network = archdsl.loads(f"model m {{\n  input = 8 x 8 x 8\n  stem = {layer}\n}}\n")
    (operator,) = [visit.primitive for visit in walk(network.architecture) if visit.primitive]
    return operator


@pytest.mark.parametrize(
    ("layer", "name", "value"),
    [
        ("silu(gain = 2)", "gain", 2.0),
        ("silu(gain = 1.5)", "gain", 1.5),
        ("dropout(0)", "rate", 0.0),
        ("channel_gain(1)", "initial", 1.0),
        ("conv(8, kernel = 3)", "kernel", 3),
        ("conv(8, bias = true)", "bias", True),
    ],
)
def test_a_whole_number_is_real_where_reals_are_taken(layer: str, name: str, value: float) -> None:
    found = getattr(made(layer), name)
    assert (found, type(found)) == (value, type(value))
