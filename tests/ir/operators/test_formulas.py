"""Rules as formulas: those of every operator, and the arithmetic on names that they are made by."""

from __future__ import annotations

from pathlib import Path

import pytest

from archdsl.ir.operators import PRIMITIVES
from archdsl.ir.operators.formulas import _Symbol, cases, condition
from tests.golden import assert_golden


def test_every_operator(pytestconfig: pytest.Config) -> None:
    lines = [
        f"{name}{f'({condition(kind, words)})' if words else ''}: {'; '.join(rules)}"
        for name, kind in PRIMITIVES.items()
        for words, rules in cases(kind).items()
    ]
    assert_golden("\n".join(lines) + "\n", Path(__file__).parent / "golden" / "formulas.txt", pytestconfig)


A, B, C = map(_Symbol, "abc")


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (A + 0, "a"), (0 + A, "a"), (A + 1, "a + 1"), (1 + A, "1 + a"), (A + B + C, "a + b + c"),
        (A + (B + C), "a + b + c"),
        (A - 0, "a - 0"), (A - 1, "a - 1"), (1 - A, "1 - a"), (A - (B - C), "a - (b - c)"), (A - B - C, "a - b - c"),
        (A * 1, "a"), (1 * A, "a"), (A * 0, "a * 0"), (2 * A, "2 * a"), (A * 2, "a * 2"),
        ((A + B) * C, "(a + b) * c"), (A * (B + C), "a * (b + c)"), (A * B + C, "a * b + c"), (A + B * C, "a + b * c"),
        (A * B * C, "a * b * c"), (A * (B * C), "a * (b * c)"), (A * (B // C), "a * (b // c)"),
        (A // A, "1"), (A // B, "a // b"), (8 // A, "8 // a"), (A // (B * C), "a // (b * c)"),
        (A * B // C, "a * b // c"),
        (A % B, "0"),
    ],
)  # fmt: skip
def test_arithmetic(formula: object, text: str) -> None:
    assert str(formula) == text


def test_nothing_is_too_small_or_too_large() -> None:
    assert not any([A < 1, A <= 1, A > 1, A >= 1])  # type: ignore[operator]
    with pytest.raises(TypeError, match="branches on `a`"):
        bool(A)
