"""Diagnostics as commands to GitHub's runner, read back by the runner's rules."""

from __future__ import annotations

import pytest

from archdsl.diagnostics import Diagnostic, Note, Source, Span
from archdsl.diagnostics.codes import UNKNOWN_BLOCK
from archdsl.diagnostics.github import annotation

HOSTILE = [
    "net.arch",
    "a,b.arch",
    "c:/net.arch",
    "100%.arch",
    "%0A.arch",
    "two\nlines\r.arch",
    "::error title=x::boo.arch",
    "file=x,line=1.arch",
    "日本.arch",
]


def read_back(line: str) -> tuple[str, dict[str, str], str]:
    """The command, its properties and its message, as `ActionCommand.TryParseV2` of GitHub's runner reads them."""
    assert "\n" not in line
    assert "\r" not in line
    assert line.startswith("::")
    head, _, data = line[2:].partition("::")
    command, _, listed = head.partition(" ")
    pairs = [pair.split("=", 1) for pair in listed.split(",")]
    return command, {name: unescaped(value) for name, value in pairs}, unescaped(data)


def unescaped(text: str) -> str:
    for escape, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(escape, character)
    return text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_comes_back_whole(name: str) -> None:
    span = Span(Source(name, "one\ntwo three\n"), 8, 13)
    command, properties, message = read_back(annotation(Diagnostic(UNKNOWN_BLOCK, "unknown block `three`", span)))
    assert command == "error"
    assert properties == {
        "file": name,
        "line": "2",
        "col": "5",
        "endLine": "2",
        "endColumn": "10",
        "title": "ARC202",
    }
    assert message == "unknown block `three`"


@pytest.mark.parametrize("text", ["50% of\n::error::x", "a\r\nb", "%0A", "::stop-commands::x", "\x1b[31mred"])
def test_no_text_becomes_a_command(text: str) -> None:
    diagnostic = Diagnostic(UNKNOWN_BLOCK, text, None, notes=(Note(text),), help=text)
    _, properties, message = read_back(annotation(diagnostic))
    assert properties == {"title": "ARC202"}
    assert len(message.splitlines()) == 3, "the message, its note and its help, a line each"
    assert "\x1b" not in message


def test_the_notes_and_the_help_are_told() -> None:
    source = Source("net.arch", "one two\n")
    notes = (Note("first here", Span(source, 4, 7)), Note("and so on"))
    diagnostic = Diagnostic(UNKNOWN_BLOCK, "no", Span(source, 0, 3), "this", notes, "write `a`")
    _, _, message = read_back(annotation(diagnostic, severity="warning"))
    assert message == "no (this)\nnote: first here (net.arch:1:5)\nnote: and so on\nhelp: write `a`"


def test_a_place_of_several_lines_has_no_columns() -> None:
    span = Span(Source("net.arch", "one\ntwo\n"), 1, 6)
    _, properties, _ = read_back(annotation(Diagnostic(UNKNOWN_BLOCK, "no", span)))
    assert properties == {"file": "net.arch", "line": "1", "endLine": "2", "title": "ARC202"}


def test_standard_input_is_no_file() -> None:
    span = Span(Source("<stdin>", "one\n"), 0, 3)
    assert read_back(annotation(Diagnostic(UNKNOWN_BLOCK, "no", span)))[1] == {"title": "ARC202"}
