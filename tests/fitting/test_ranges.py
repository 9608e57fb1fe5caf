"""Ranges as they are written, and the values in them."""

from __future__ import annotations

import pytest

from archdsl.diagnostics import DiagnosticError, Source
from archdsl.fitting.ranges import Range, known_range, ranges


def one(text: str) -> Range:
    (found,) = ranges(Source("--vary", text))
    return found


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("width=0.1..0.3:0.1", (0.1, 0.2, 0.3)),  # exact decimals: 0.1 + 0.2 is 0.3 here
        ("width = 0.5 .. 0.6", (0.5, 0.55, 0.6)),
        ("width=1..2:0.5", (1.0, 1.5, 2.0)),
        ("width=0..1:0.4", (0.0, 0.4, 0.8)),
        ("resolution=160..190", (160, 168, 176, 184)),
        ("growth=1..4", (1, 2, 3, 4)),
        ("growth=0.9..1", (0.9, 0.95, 1.0)),
        ("phi=-1..1:1", (-1, 0, 1)),
        ("layers=3..3", (3,)),
    ],
)
def test_values(text: str, values: tuple[float, ...]) -> None:
    found = one(text).values()
    assert found == values
    assert {type(value) for value in found} == {type(value) for value in values}


def test_known_ranges() -> None:
    assert one("alpha").values() == (1.0, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.35, 1.4)
    assert one("resolution").values()[:2] == (32, 40)
    assert 224 in one("resolution").values()
    for name, base in (("phi", 0.0), ("width", 1.0), ("depth", 1.0)):
        assert base in one(name).values()
    assert known_range("growth") is None


def test_several() -> None:
    found = ranges(Source("--grid", "alpha,beta=1..2:0.5 , gamma"))
    assert [each.name for each in found] == ["alpha", "beta", "gamma"]
    assert found[1].span.text == "beta=1..2:0.5 "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "this is not a range"),
        ("width=", "this is not a range"),
        ("width=1", "this is not a range"),
        ("width=1..2..3", "this is not a range"),
        ("width=1e9..2e9", "this is not a range"),
        ("width,", "this is not a range"),
        ("2=1..2", "this is not a range"),
        ("growth", "`growth` needs a range of values"),
        ("width=2..1", "2..1 is empty"),
        ("width=1..2:0", "a step must be above zero"),
        ("width=1..2:-1", "a step must be above zero"),
        ("width=0..1:0.000000001", "more than 10,000 values"),
        ("width,depth,width", "`width` is given twice"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(DiagnosticError, match=message) as failed:
        ranges(Source("--vary", text))
    (problem,) = failed.value.diagnostics
    assert problem.span is not None
    assert 0 <= problem.span.start <= problem.span.end <= len(text)
