"""One run reports every syntax error of an item, and none that is only there because of another."""

from __future__ import annotations

import pytest

from archdsl.diagnostics import Source
from archdsl.language.parser import parse
from archdsl.language.recovery import MOST_IN_ITEM


def places(text: str) -> list[str]:
    return [f"{p.span.line}:{p.span.column} {p.code.name}" for p in parse(Source("net.arch", text))[1] if p.span]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a = 1 2\nb = 3\nc = 4 5", ["2:7 ARC101", "4:7 ARC101"]),
        ("a = 1;\nb = 2;\nout = in;", ["2:6 ARC102", "3:6 ARC102", "4:9 ARC102"]),
        ("a = in\n-> norm norm\n-> act\nb = 1 2", ["3:4 ARC101", "5:7 ARC101"]),
        ("a = conv(\n16 16\n)\nb = 1 2", ["3:4 ARC101", "5:7 ARC101"]),
        ("a = 1 2\nb = conv(3", ["2:7 ARC101", "3:9 ARC103"]),
        ("a = conv(3\nb = 1 2", ["2:9 ARC103", "3:7 ARC101"]),
        ("a = conv(3\n-> norm\nb = 1 2", ["2:9 ARC103", "4:7 ARC101"]),
        ("a = conv(\nchannels = 3,  # yes\nkernel = 3\nb = 1 2", ["2:9 ARC103", "5:7 ARC101"]),
        ("a = [norm\nrequire 1 2\nc = 1 2", ["2:5 ARC103", "3:11 ARC101", "4:7 ARC101"]),
        ("a = {3, 5 6}\nb = 1 2", ["2:11 ARC101", "3:7 ARC101"]),
        ("a = 1 2\nb = 1 < 2 < 3", ["2:7 ARC101", "3:5 ARC101"]),
        ('a = 1 2 # "(\nb = "(" 2', ["2:7 ARC101", "3:9 ARC101"]),
    ],
)
def test_statements(body: str, expected: list[str]) -> None:
    assert places(f"block b() {{\n{body}\n}}\nblock good() {{\n  out = in\n}}\n") == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("| a | b |\n| 1 | 2\n| 1 2 | 3 |", ["3:8 ARC101", "4:5 ARC101"]),
        ("| a b | c |\n| 1 | 2 |", ["2:5 ARC101"]),  # the next row is not a header
        ("| a | b |\n| 1 | 2\n| 1 |", ["3:8 ARC101"]),
        ("| a | b |\n| 1 | 2", ["3:8 ARC101"]),  # nor is the table without rows
    ],
)
def test_rows(rows: str, expected: list[str]) -> None:
    assert places(f"variants m {{\n{rows}\n}}\n") == expected


def test_an_item_that_is_broken_as_a_whole() -> None:
    text = "block b() {\n" + "a = 1 2\n" * 1_000 + "}\n"
    assert len(places(text)) == MOST_IN_ITEM


def test_a_text_that_is_no_program() -> None:
    assert places("One day,\nin a distant\nland, there was\n") == ["1:1 ARC101"]


@pytest.mark.parametrize("line", ["a = (1 2\n", "a = 1 2\n", "\n", "-> 1 2\n", "| 1 2\n", "[\n", "    " * 20 + "\n"])
def test_a_long_text_takes_no_longer_than_its_length(line: str) -> None:
    """That is: the test ends. Reading on is bounded in characters, and each of its steps is linear."""
    text = "model m {\na = 1 2\n" + line * (400_000 // len(line)) + "b = 1 2\n}\n"
    assert places(text)
