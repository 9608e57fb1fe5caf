"""Syntax errors with one good answer, and those that only look like one."""

from __future__ import annotations

import pytest

from archdsl.diagnostics import Source
from archdsl.diagnostics.apply_fixes import apply_fixes
from archdsl.language.parser import parse

IN_BLOCK = "block b(channels, skip) {{\n  {}\n}}\n"
IN_TABLE = "model m {{\n  stages {{\n    | op | channels |\n    {}\n    | b  | 16       |\n  }}\n}}\n"


def fixed(text: str) -> str | None:
    """The text with the fix of its one mistake; None where there is no fix."""
    source = Source("net.arch", text)
    _, (problem,) = parse(source)
    if problem.fix is None:
        return None
    changed, applied = apply_fixes(source, [problem])
    assert applied == (problem,)
    assert problem.help
    return changed.text


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("a = 1;", "a = 1"),
        ("a = 1; # one", "a = 1 # one"),
        ("a = 'x'", 'a = "x"'),
        ("a = “x”", 'a = "x"'),
        ("a = skip & skip", "a = skip and skip"),
        ("a = skip&&skip", "a = skip and skip"),
        ("a = if skip || skip then 1 else 2", "a = if skip or skip then 1 else 2"),
        ("a = !skip", "a = not skip"),
        ("require !(skip) and skip", "require not (skip) and skip"),
        ("a = if skip = 1 then 1 else 2", "a = if skip == 1 then 1 else 2"),
        ("require skip = 1", "require skip == 1"),
        ("out = in => norm", "out = in -> norm"),
        ("out = in=>norm", "out = in -> norm"),
        ("out = in → norm", "out = in -> norm"),
        ("out = in norm", "out = in -> norm"),
        ("out = in -> conv(channels) norm", "out = in -> conv(channels) -> norm"),
        ("a = [norm -> act] norm", "a = [norm -> act] -> norm"),
        ("a = 3 × 5", "a = 3 x 5"),
        ("a = 3×5", "a = 3 x 5"),
        ("a = 3 − 5", "a = 3 - 5"),
        ("a = skip ≤ 5", "a = skip <= 5"),
        ("a =\u00a05", "a = 5"),
        ("require 1 <= channels <= 8", "require 1 <= channels and channels <= 8"),
        ("require 1 <= in.channels < 8", "require 1 <= in.channels and in.channels < 8"),
    ],
)
def test_one_good_answer(wrong: str, right: str) -> None:
    assert fixed(IN_BLOCK.format(wrong)) == IN_BLOCK.format(right)
    assert parse(Source("net.arch", IN_BLOCK.format(right)))[1] == ()


@pytest.mark.parametrize(
    ("wrong", "is_safe"),
    [
        ("a = 1;", True),
        ("a = skip && skip", True),
        ("a = skip & skip", False),  # elsewhere an operator on bits
        ("a = in norm", False),  # or a sum
        ("a = [norm] norm", False),
        ("a = [norm] wen skip", True),
        ("a = 3 × 5", True),
        ("a = 2 ^ 3", False),  # elsewhere exclusive or
        ("a = 3x5", True),
        ("a = (3, 5)", False),  # or two values
    ],
)
def test_a_fix_is_safe_where_it_can_mean_nothing_else(wrong: str, is_safe: bool) -> None:
    _, (problem,) = parse(Source("net.arch", IN_BLOCK.format(wrong)))
    assert problem.fix is not None
    assert problem.fix.is_safe == is_safe


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("| b | 16", "| b | 16 |"),
        ("| b | 16   # small", "| b | 16 |   # small"),
        ("| b | –  |", "| b | -  |"),
    ],
)
def test_rows(wrong: str, right: str) -> None:
    assert fixed(IN_TABLE.format(wrong)) == IN_TABLE.format(right)


@pytest.mark.parametrize(
    "wrong",
    [
        "a = 1; b = 2",  # two statements: where should the second one go?
        'a = "x',  # where does it end?
        "a = 'x",
        "a = it's",
        "a = 1 ! 2",
        "a = !skip == 1",  # elsewhere `(not skip) == 1`, here `not (skip == 1)`
        "a = !skip.channels(3) == 1",
        "a = b = 1",  # two names for one value, or a comparison?
        "a = channels skip",
        "a = max(channels skip)",  # a comma, more likely
        "a = conv(channels) -> ",
        "a = 1 < channels * 2 < 8",
        "a = not 1 < channels < 8",
        "a = 1 < (channels) < 8",
        "a = 1 < channels < 2 < skip",
    ],
)
def test_no_good_answer(wrong: str) -> None:
    assert fixed(IN_BLOCK.format(wrong)) is None


@pytest.mark.parametrize("wrong", ["| b", "| b | 16 | 3", "| b | 16 |\n    | b"])
def test_rows_of_another_length(wrong: str) -> None:
    assert fixed(IN_TABLE.format(wrong)) is None
