"""Arithmetic that stands by itself: budgets, constraints, values."""

from __future__ import annotations

import pytest

from archdsl.diagnostics import DiagnosticError, Source
from archdsl.elaborate.evaluate.arithmetic import Constraint, amount, scalar

NAMES = ("alpha", "beta", "gamma")


def constraint(text: str) -> Constraint:
    return Constraint(Source("--constraint", text), NAMES)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("alpha * beta**2 * gamma**2 == 2 +- 5%", True),
        ("alpha * beta**2 * gamma**2 == 2 +- 1%", False),
        ("alpha * beta**2 * gamma**2 == 2 +- 0.1", True),
        ("alpha >= 1 and beta >= 1 and not gamma < 1", True),
        ("alpha > 5 or beta > 5", False),
        ("not alpha > 5", True),
        ("(if alpha > beta then alpha else beta) == max(alpha, beta)", True),
        ("round(10 * alpha) == 12  # a comment", True),
    ],
)
def test_constraints(text: str, holds: bool) -> None:
    assert constraint(text).holds({"alpha": 1.2, "beta": 1.1, "gamma": 1.15}) is holds


def test_what_is_compared() -> None:
    found = constraint("alpha * beta == 2 +- 5%")
    assert found.left({"alpha": 2, "beta": 3, "gamma": 0}) == 6
    assert constraint("alpha > 1 and beta > 1").left({"alpha": 2, "beta": 3, "gamma": 0}) is None


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("", "unexpected end of", ""),
        ("alpha ==", "unexpected end of line", ""),
        ("alpha = 2", "unexpected `=`", "="),
        ("alpha == 1 == 2", "comparisons cannot be chained", "alpha == 1 == 2"),
        ("(alpha == 1", "`\\(` is never closed", "("),
        ("alpha == 1\nrequire beta == 1", "unexpected `require`", "require"),
        ("alpha; beta", "has no meaning here", ";"),
        ("alpha * betta == 2", "unknown name `betta`", "betta"),
        ("delta == zeta", "unknown name `delta`(.|\n)*unknown name `zeta`", "delta"),
        ("conv == 2", "unknown name `conv`", "conv"),
        ("conv(3) == 2", "only numbers", "conv(3)"),
        ("alpha -> beta == 2", "only numbers", "alpha -> beta == 2"),
        ("alpha == {1, 2}", "only numbers", "{1, 2}"),
        ('alpha == "x"', "only numbers", '"x"'),
        ("alpha x beta x 3 == 2", "only numbers", "alpha x beta x 3"),
        ("alpha.channels == 2", "only numbers", "alpha.channels"),
        ("round == 2", "`round` is a function", "round"),
        ("round(alpha, beta) == 2", "takes 1|at most|too many", None),
        ("alpha * beta", "a constraint must be a comparison", "alpha * beta"),
        ("true", "a constraint must be a comparison", "true"),
        ("not " * 200 + "alpha > 1", "nested more than", None),
    ],
    ids=lambda text: text[:30] if isinstance(text, str) else "",
)
def test_mistakes(text: str, message: str, place: str | None) -> None:
    with pytest.raises(DiagnosticError, match=message) as failed:
        constraint(text)
    span = failed.value.diagnostics[0].span
    assert span is not None
    assert place is None or span.text == place


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / (alpha - 1) > 0", "divides by zero"),
        ("alpha <= 2 +- 5%", "a tolerance goes with `==`"),
        ("alpha == 2 +- (0 - 1)", "a tolerance must be a number from 0"),
        ("(alpha +- 1) == 2", "has no meaning elsewhere"),
        ("alpha + (beta > 1) > 2", "needs numbers"),
    ],
)
def test_constraints_without_a_result(text: str, message: str) -> None:
    with pytest.raises(DiagnosticError, match=message):
        constraint(text).holds({"alpha": 1, "beta": 1, "gamma": 1})


@pytest.mark.parametrize(
    ("text", "value", "tolerance"),
    [
        ("400M", 400_000_000, None),
        ("5.3M", 5_300_000, None),
        ("2 * 390M", 780_000_000, None),
        ("300M +- 2%", 300_000_000, 6_000_000),
        ("300M +- 5M", 300_000_000, 5_000_000),
        ("2 * 100M +- 10%", 200_000_000, 20_000_000),
        ("4e8", 4e8, None),
    ],
)
def test_amounts(text: str, value: float, tolerance: float | None) -> None:
    found = amount(Source("--macs", text), "params")
    assert found == (value, pytest.approx(tolerance) if tolerance is not None else None)


@pytest.mark.parametrize("text", ["", "ten", "-3", "0", "true", "none", "400 M", "400m", "1/0", "3 > 2", "1 +- x"])
def test_no_amounts(text: str) -> None:
    with pytest.raises(DiagnosticError):
        amount(Source("--macs", text), "params")


def test_scalars() -> None:
    texts = ["1", "1.5", "-2", "1.1 ** 2", "true", "none", "224px"]
    values = [1, 1.5, -2, 1.1**2, True, None, 224]
    assert [scalar(Source("--set", text)) for text in texts] == values
    with pytest.raises(DiagnosticError, match="unknown name `relu`"):
        scalar(Source("--set", "relu"))
