"""Every mistake that a file can hold, and what archdsl says about it.

Each `NAME.arch` here has a mistake in it; `NAME.err` beside it is the report, read and approved by a person. After a
change of words, `pytest tests/errors --update-golden` writes the reports anew: read the diff before committing it.
"""

from __future__ import annotations

import json
from contextlib import chdir
from functools import cache
from pathlib import Path

import pytest

from archdsl.compiler import compile_file
from archdsl.diagnostics import Diagnostic, DiagnosticError, Span
from archdsl.diagnostics.render import concise, report

FOLDER = Path(__file__).parent
FILES = sorted(path.name for path in FOLDER.glob("*.arch"))


@cache
def diagnose(name: str) -> tuple[Diagnostic, ...]:
    """What archdsl says about one of the files, which diagnostics call by its bare name."""
    with chdir(FOLDER):
        try:
            compiled = compile_file(name)
        except DiagnosticError as failure:
            return failure.diagnostics
    return (*compiled.found, *(space.is_open() for space in compiled.spaces))


@pytest.mark.parametrize("name", FILES)
def test_report(name: str, pytestconfig: pytest.Config) -> None:
    text = report(diagnose(name)) + "\n"
    golden = (FOLDER / name).with_suffix(".err")
    if pytestconfig.getoption("--update-golden"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_places(name: str) -> None:
    diagnostics = diagnose(name)
    assert diagnostics
    for diagnostic in diagnostics:
        assert diagnostic.span is not None
        for span in [diagnostic.span, *(note.span for note in diagnostic.notes if note.span)]:
            assert_inside(span)


def assert_inside(span: Span) -> None:
    assert 0 <= span.start <= span.end <= len(span.source.text)
    line, column = span.source.position(span.start)
    assert line >= 1
    assert 1 <= column <= len(span.source.line(line)) + 1


@pytest.mark.parametrize("name", FILES)
def test_json_says_the_same(name: str) -> None:
    diagnostics = diagnose(name)
    data = json.loads(report(diagnostics, style="json"))
    assert data["format_version"] == "1.2"
    assert [item["code"] for item in data["diagnostics"]] == [d.code.name for d in diagnostics]
    for item, diagnostic in zip(data["diagnostics"], diagnostics, strict=True):
        assert item["message"] == diagnostic.message
        assert item["help"] == diagnostic.help
        place = item["place"]
        assert diagnostic.span is not None
        assert (place["line"], place["column"]) == (diagnostic.span.line, diagnostic.span.column)
        assert (place["end_line"], place["end_column"]) >= (place["line"], place["column"])
        assert [note["text"] for note in item["notes"]] == [note.text for note in diagnostic.notes]


@pytest.mark.parametrize("name", FILES)
def test_concise_is_one_line_each(name: str) -> None:
    diagnostics = diagnose(name)
    lines = report(diagnostics, style="concise").splitlines()
    assert lines == [concise(d) for d in diagnostics]
    for line, diagnostic in zip(lines, diagnostics, strict=True):
        assert line.startswith(f"{diagnostic.span}: {diagnostic.code.name} ")


def test_every_report_has_a_file() -> None:
    assert {path.stem for path in FOLDER.glob("*.err")} == {Path(name).stem for name in FILES}
