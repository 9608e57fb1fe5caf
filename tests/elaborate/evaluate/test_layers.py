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


@pytest.mark.parametrize("count", ["2.0", "4 / 2", "1e0 * 2", "w / 4"])
def test_a_layer_is_repeated_by_a_number_that_is_whole(count: str) -> None:
    network = archdsl.loads(f"model m(w = 8) {{\n  input = 8 x 8 x 8\n  stem = conv(4) * ({count})\n}}\n")
    assert [visit.primitive.channels for visit in walk(network.architecture) if visit.primitive] == [4, 4]  # type: ignore[attr-defined]
    assert network.params == 4 * 8 + 4 * 4
