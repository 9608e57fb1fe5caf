"""Functions of scalars."""

from __future__ import annotations

import pytest

import archdsl


def _channels(expression: str) -> int:
    network = archdsl.loads(f"model m {{\n  input = 3 x 8 x 8\n  stem = conv({expression})\n}}\n")
    return network.architecture.output.channels


@pytest.mark.parametrize(
    ("value", "away", "even"), [("2.5", 3, 2), ("3.5", 4, 4), ("4.4", 4, 4), ("4.6", 5, 5), ("22.5", 23, 22)]
)
def test_rounding_of_halves(value: str, away: int, even: int) -> None:
    assert _channels(f"round({value})") == away
    assert _channels(f"round_even({value})") == even


def test_emitted_code_rounds_in_the_same_way() -> None:
    text = """
block b(channels, ratio) {
  out = in -> conv(round_even(in.channels * ratio)) -> conv(round(in.channels * ratio)) -> conv(channels)
}
model m {
  input = 3 x 8 x 8
  stem = conv(10)
  stages {
    | op | channels | ratio |
    | b  | 14       | 0.25  |
    | b  | 6        | 0.25  |
  }
}
"""
    network = archdsl.loads(text)
    assert "round(in_channels * 0.25)" in network.source
    assert "int(in_channels * 0.25 + 0.5)" in network.source
    convs = [tuple(p.shape[:2]) for p in network.build().parameters()]
    assert convs == [(10, 3), (2, 10), (3, 2), (14, 3), (4, 14), (4, 4), (6, 4)]
