"""Diagnostics as text for people and as JSON for programs; the formats of others have files of their own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from archdsl.diagnostics.diagnostic import Diagnostic, Fix
from archdsl.diagnostics.source import Span

FORMAT_VERSION = "1.2"
# For a person at a terminal, and for programs, which get them as the result of a command.
FOR_PEOPLE, FOR_PROGRAMS = ("full", "concise"), ("json", "github", "sarif")
STYLES = (*FOR_PEOPLE, *FOR_PROGRAMS)

_BOLD, _RED, _BLUE, _CYAN, _RESET = "\033[1m", "\033[1;31m", "\033[1;34m", "\033[1;36m", "\033[0m"
_YELLOW = "\033[1;33m"
_WIDEST = 160
_NOT_PLAIN = re.compile("[^\n\t\x20-\x7e]")
_LONGEST = 600


def printable(text: str) -> str:
    """Text that is safe to show: control and direction-changing characters become escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 2**16 else f"\\U{ord(c):08x}" for c in text)


def printable_lines(text: str) -> str:
    """The same for a text of several lines; tabs stay."""
    if not _NOT_PLAIN.search(text):
        return text
    return _NOT_PLAIN.sub(lambda character: printable(character[0]), text)


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def _excerpt(span: Span, label: str, paint: _Paint, mark: str, gutter: int) -> list[str]:
    """The line of a place with the place underlined; of a very long line, the part around it."""
    line_number, column = span.source.position(span.start)
    line = span.source.line(line_number)
    start, end = column - 1, column - 1 + max(1, span.end - span.start)
    first = 0 if len(line) <= _WIDEST else max(0, start - _WIDEST // 4)
    last = len(line) if len(line) - first <= _WIDEST else first + _WIDEST
    before, inside, shown = (
        _shown(part) for part in (line[first:start], line[start : min(end, last)], line[first:last])
    )
    lead, rest = "... " if first else "", " ..." if last < len(line) else ""
    marks = mark * max(1, _width(inside))
    pointer = f"{' ' * (len(lead) + _width(before))}{marks}" + (f" {label}" if label else "")
    return [
        paint(_BLUE, f"{line_number:>{gutter}} |") + f" {lead}{shown}{rest}".rstrip(),
        paint(_BLUE, f"{' ' * gutter} |") + " " + paint(_RED if mark == "^" else _BLUE, pointer),
    ]


def _shown(text: str) -> str:
    return printable(text.replace("\t", "    "))


def _clipped(text: str) -> str:
    return printable(text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ...")


class _Paint:
    def __init__(self, color: bool):
        self.color = color

    def __call__(self, style: str, text: str) -> str:
        return f"{style}{text}{_RESET}" if self.color else text


def full(diagnostic: Diagnostic, *, color: bool = False, severity: str = "error") -> str:
    """The diagnostic with its source line, underlined, its notes and its help."""
    paint = _Paint(color)
    span = diagnostic.span
    place = f"{printable(span.source.name)}:{span.line}:{span.column}: " if span else ""
    style = {"hint": _CYAN, "warning": _YELLOW}.get(severity, _RED)
    head = paint(_BOLD, place) + paint(style, f"{severity}[{diagnostic.code.name}]")
    lines = [f"{head}: {paint(_BOLD, _clipped(diagnostic.message))}"]
    spans = [place for place in (span, *(note.span for note in diagnostic.notes)) if place is not None]
    gutter = max((len(str(place.line)) for place in spans), default=1)
    aside = f"{' ' * gutter} {paint(_BLUE, '=')}"
    drawn: list[Span] = []
    if span is not None:
        lines.append(paint(_BLUE, f"{' ' * gutter} |"))
        lines += _excerpt(span, _clipped(diagnostic.label), paint, "^", gutter)
        drawn.append(span)
    for note in diagnostic.notes:
        if note.span is None:
            lines.append(f"{aside} note: {_clipped(note.text)}")
            continue
        lines.append(f"{aside} note: {_clipped(note.text)} ({printable(str(note.span))})")
        if not any(_encloses(note.span, other) for other in drawn):
            lines += _excerpt(note.span, "", paint, "-", gutter)
            drawn.append(note.span)
    if diagnostic.help:
        lines.append(f"{aside} {paint(_CYAN, 'help')}: {_clipped(diagnostic.help)}")
    return "\n".join(lines)


def _encloses(outer: Span, inner: Span) -> bool:
    """Whether a place begins on the line of another and goes around it: that line has been drawn."""
    return (
        outer.source is inner.source
        and outer.start <= inner.start
        and inner.end <= outer.end
        and outer.line == inner.line
    )


def concise(diagnostic: Diagnostic) -> str:
    """One line: place, code, message."""
    place = f"{printable(str(diagnostic.span))}: " if diagnostic.span else ""
    return f"{place}{diagnostic.code.name} {_clipped(diagnostic.message)}"


def _place(span: Span) -> dict[str, object]:
    end_line, end_column = span.source.position(span.end)
    return {
        "file": span.source.name,
        "line": span.line,
        "column": span.column,
        "end_line": end_line,
        "end_column": end_column,
    }


def _fix(fix: Fix) -> dict[str, object]:
    edits = [{"place": _place(edit.span), "text": edit.text} for edit in fix.edits]
    return {"title": fix.title, "applicability": "safe" if fix.is_safe else "suggestion", "edits": edits}


def as_json(diagnostics: Iterable[Diagnostic]) -> dict[str, object]:
    """A JSON object: `format_version` and `diagnostics`, each with its place, notes and fix."""
    return {
        "format_version": FORMAT_VERSION,
        "diagnostics": [
            {
                "code": d.code.name,
                "severity": d.severity,
                "message": d.message,
                "place": _place(d.span) if d.span else None,
                "label": d.label,
                "notes": [{"text": n.text, "place": _place(n.span) if n.span else None} for n in d.notes],
                "help": d.help,
                "fix": _fix(d.fix) if d.fix else None,
            }
            for d in diagnostics
        ],
    }
