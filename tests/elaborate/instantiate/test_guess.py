"""Of a stage that fails its output is guessed, so that mistakes further down are found at once."""

from __future__ import annotations

import pytest

from archdsl.compiler import compile_source
from archdsl.diagnostics import Source

TEXT = """model m {{
  input = 3 x 30 x 17
  stages {{
    | op   | channels | kernel | stride | groups |
    | conv | {first} |
    | conv | {second} |
  }}
}}
"""


def problems(first: str, second: str) -> list[str]:
    found = compile_source(Source("net.arch", TEXT.format(first=first, second=second))).problems
    return [f"{one.message}; {'; '.join(note.text for note in one.notes)}" for one in found]


@pytest.mark.parametrize(
    ("first", "shape"),
    [
        ("16 | 3 | 2 | 7", "16 x 15 x 9"),
        ("16 | 3 | 3 | 7", "16 x 10 x 6"),
        ("16 | 3 | 1 | 7", "16 x 30 x 17"),
        ("16 | 3 | - | 7", "16 x 30 x 17"),
    ],
)
def test_the_output_that_was_meant(first: str, shape: str) -> None:
    one, other = problems(first, "20 | 3 | 1 | 11")
    assert "7" in one
    assert shape in other, other
