"""Inputs whose channels seem to come last."""

from __future__ import annotations

import pytest

from archdsl.compiler import compile_source
from archdsl.diagnostics import Source


def warned(shape: str, body: str = "") -> list[str]:
    text = (
        "model base(a = 1, r = 224) {\n  input = 3 x 8 x 8\n  bands = 224\n  stem = conv(bands)\n}\n"
        f"model net extends base {{\n  input = {shape}\n  high = 480\n  wide = 640\n{body}}}\n"
    )
    found = compile_source(Source("net.arch", text))
    assert not found.problems
    return [one.message for one in found.warnings if one.code.name == "ARC216"]


@pytest.mark.parametrize(
    "shape",
    [
        "224 x 224 x 3",
        "28 x 28 x 1",
        "480 x 640 x 3",
        "1080 x 1920 x 1",
        "600 x 100 x 3",
        "256 x 256 x 4",
        "r x r x 3",
        "high x wide x 3",
        # The longest and the smallest that are still images.
        "640 x 40 x 3",
        "64 x 32 x 1",
        "64 x 16 x 4",
        "12 x 12 x 3",
        "8 x 8 x 1",
    ],
)
def test_channels_last(shape: str) -> None:
    (message,) = warned(shape)
    first, second, last = shape.split(" x ")
    assert message == f"`{shape}` is {first} channels, {second} high and {last} wide"


@pytest.mark.parametrize(
    "shape",
    [
        "3 x 224 x 224",
        "1 x 28 x 28",
        "64 x 8 x 8",
        "4 x 3 x 3",
        "3 x 3 x 3",
        "64 x 1 x 1",
        "512 x 4 x 4",
        "64 x 1000 x 1",
        "2048 x 7 x 1",
        "512 x 16 x 4",
        "bands x 224 x 3",
        "641 x 40 x 3",
        "65 x 32 x 1",
        "65 x 16 x 4",
        "11 x 11 x 3",
        "7 x 7 x 1",
    ],
)
def test_inputs_as_they_are_meant(shape: str) -> None:
    assert warned(shape) == []


def test_a_model_that_inherits_its_input_is_not_warned_again() -> None:
    text = "model base {\n  input = 32 x 32 x 3\n  stem = conv(8)\n}\nmodel net extends base {\n  head = conv(9)\n}\n"
    assert [one.code.name for one in compile_source(Source("net.arch", text)).warnings] == ["ARC216"]
