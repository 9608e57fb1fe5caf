"""Conditions as short as they can be, and doc comments wrapped as one text."""

from __future__ import annotations

import pytest

from archdsl.backends.pytorch.layout import WIDTH
from archdsl.backends.pytorch.spelling import spelled
from archdsl.backends.pytorch.texts import docstring_lines
from archdsl.backends.pytorch.tidy import tidied
from archdsl.ir.formula import parse


@pytest.mark.parametrize(
    ("condition", "short"),
    [
        ("skip and ese or not skip and ese", "ese"),
        ("not skip and ese or skip and ese", "ese"),
        ("ese and skip or ese and not skip", "ese"),
        ("n == 1 and ese or n != 1 and ese", "ese"),
        ("a and b and c or a and not b and c or d", "a and c or d"),
        ("a and b and c or a and b and not c or a and not b", "a"),
        ("a or a and b", "a"),
        ("a and b or not a and c", "a and b or not a and c"),
        ("a or not a", "a or not a"),
        ("a and b or c", "a and b or c"),
    ],
)
def test_a_condition_says_no_more_than_it_needs(condition: str, short: str) -> None:
    assert spelled(tidied(parse(condition))) == short


def test_a_long_line_is_wrapped_with_those_after_it() -> None:
    long = " ".join(["word"] * 25)
    assert len(long) > WIDTH - 4
    lines = docstring_lines(f"Short.\n\n{long}\nthat goes on\nand ends.\n\nA list:\n- {long}\n- two")
    assert all(len(line) <= WIDTH - 4 for line in lines)
    assert lines[:2] == ['"""Short.', ""]
    assert lines[3].endswith("word that goes on and ends.")
    assert lines[-2:] == ["- two", '"""']


def test_lines_that_fit_stay_as_they_are() -> None:
    text = "One line\nand another.\n\n  indented\n1. first\n2. second"
    assert docstring_lines(text) == ['"""One line', "and another.", "", "  indented", "1. first", "2. second", '"""']
