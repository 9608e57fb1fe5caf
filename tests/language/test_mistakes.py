"""What the parser says about texts that are not programs, or too large ones."""

from __future__ import annotations

import pytest

from archdsl.diagnostics import Diagnostic, Source
from archdsl.language import tree
from archdsl.language.parser import parse
from archdsl.limits import limits


def problems(text: str) -> tuple[Diagnostic, ...]:
    return parse(Source("test.arch", text))[1]


def shown(text: str) -> list[str]:
    """Each problem of a text as `line:column code message`."""
    return [f"{d.span.line}:{d.span.column} {d.code.name} {d.message}" for d in problems(text) if d.span]


def test_several_mistakes_in_one_run() -> None:
    text = (
        "block a(x) {\n  y = conv(3\n  out = in\n}\n\nblock good() {\n  out = in\n}\nblock b() {\n  out = 3 x 4 4\n}\n"
        "variants m {\n  | a | b |\n  | 1 | 2\n}\nuse 3\nblock d() {\n  out = a; b\n}\n## fine\nmodel e {}\n"
    )
    assert shown(text) == [
        "2:11 ARC103 `(` is never closed",
        "10:15 ARC101 unexpected `4`",
        "14:10 ARC101 unexpected end of line",
        "16:5 ARC101 unexpected `3`",
        "18:10 ARC102 `;` has no meaning here",
    ]
    found, _ = parse(Source("test.arch", text))
    assert [type(item) for item in found.items] == [tree.Block, tree.Model]
    assert found.items[1].doc == "fine"
    assert found.items[1].span.line == 21


@pytest.mark.parametrize(
    ("text", "message", "label", "advice"),
    [
        ("block b() {\n  x = 3 +\n}\n", "2:10 ARC101 unexpected end of line", "expected a value", None),
        ("block b()\n", "1:10 ARC101 unexpected end of line", "expected `{`", None),
        ("block b() {\n", "1:11 ARC103 `{` is never closed", "opened here", None),
        ("block b() }\n", "1:11 ARC101 unexpected `}`", "expected `{`", None),
        (
            "block b() {\n  x = f(3\n    4)\n}\n",
            "3:5 ARC101 unexpected `4`",
            "expected an operator, `,` or `)`",
            None,
        ),
        (
            "block b() {\n  x = y andz\n}\n",
            "2:9 ARC101 `andz` is not a keyword",
            "",
            "did you mean `and`?",
        ),
        (
            "modelx {\n}\n",
            "1:1 ARC101 `modelx` is not a keyword",
            "",
            "did you mean `model`?",
        ),
        (
            "class B {\n}\n",
            "1:1 ARC101 unexpected `class`",
            "expected `use`, `block`, `model`, `variants` or `recipe`",
            "an item begins with `use`, `block`, `model`, `variants` or `recipe`",
        ),
        (
            "block b() {\n  x = y = z\n}\n",
            "2:9 ARC101 unexpected `=`",
            "expected an operator, `,`, the end of the line or `}`",
            "equality is written `==`",
        ),
        (
            'block b() {\n  x = "a\n}\n',
            '2:7 ARC102 `"` has no meaning here',
            "",
            "a string ends on its line: close it with a second double quote",
        ),
        (
            "block b() {\n  x = a < b < c\n}\n",
            "2:7 ARC101 comparisons cannot be chained",
            "",
            "write both comparisons and join them with `and`",
        ),
        ("block b() {\n  x = y + (a < b < c)\n}\n", "2:12 ARC101 comparisons cannot be chained", "", ...),
        ("block b() {\n  x = a < b == c and d\n}\n", "2:7 ARC101 comparisons cannot be chained", "", ...),
        ("block b() {\n  x = 1e999\n}\n", "2:7 ARC302 1e999 is too large a number", "", None),
        ("block b() {\n  x = 1e308T\n}\n", "2:7 ARC302 1e308T is too large a number", "", None),
        (f"use {'1' * 3}", "1:5 ARC101 unexpected `111`", "expected a string", None),
        (f"block b() {{ x = {'1' * 41} }}", "1:17 ARC602 a number of more than 40 characters", "", ...),
        ("model m {\n  stages 0..2 { a = 1 }\n}\n", "2:10 ARC302 0 is not the number of a stage", "", ...),
        ("variants m {\n}\n", "1:1 ARC105 this table is empty", "", ...),
        ("variants m {\n  | a |\n}\n", "2:3 ARC105 this table has a header but no rows", "", None),
        ("variants m {\n  | a |\n  | 1 | 2 |\n}\n", "3:3 ARC104 this row has 2 cells, the header has 1", "", ...),
        ("variants m {\n  | 1 |\n  | 1 |\n}\n", "2:5 ARC101 the first row of a table names its columns", ..., None),
    ],
)
def test_mistakes(text: str, message: str, label: object, advice: object) -> None:
    assert shown(text) == [message]
    (problem,) = problems(text)
    assert label in (..., problem.label)
    assert advice in (..., problem.help)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 101 + "a" + ")" * 101,
        "not " * 3_000 + "a",
        "-" * 101 + "a",
        "a + " * 101 + "a",
        "a" + " ** a" * 101,
        "a" + ".b" * 101,
        "a" + "()" * 101,
        "if a then b else " * 101 + "c",
        "(" * 51 + "a" + " + b + c)" * 51,
    ],
    ids=lambda text: text[:16],
)
def test_nesting_is_bounded(text: str) -> None:
    (problem,) = problems(f"block b() {{\n  out = {text}\n}}\n")
    assert problem.code.name == "ARC602"
    assert problem.help


def test_size_is_bounded() -> None:
    (problem,) = problems(" " * (limits().characters + 1))
    assert problem.code.name == "ARC602"
    assert not problems("\n" * limits().characters)


def test_many_mistakes_come_to_an_end() -> None:
    *told, last = problems("use 3\n" * 5_000)
    assert len(told) == limits().problems
    assert last.code.name == "ARC602"
    assert last.help
    assert "problems=400" in last.help
