"""Diagnostics as text for people and as JSON for programs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from archdsl.diagnostics.diagnostic import Diagnostic
from archdsl.diagnostics.source import Span

FORMAT_VERSION = "1.0"

_BOLD, _RED, _BLUE, _CYAN, _RESET = "\033[1m", "\033[1;31m", "\033[1;34m", "\033[1;36m", "\033[0m"


def printable(text: str) -> str:
    """Text that is safe to show: control and direction-changing characters become escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == " " else f"\\u{ord(character):04x}" for character in text
    )


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def _excerpt(span: Span, label: str, paint: _Paint, mark: str) -> list[str]:
    line_number, column = span.source.position(span.start)
    line = span.source.line(line_number)
    before = line[: column - 1].replace("\t", "    ")
    inside = line[column - 1 : column - 1 + max(1, span.end - span.start)].replace("\t", "    ")
    shown = printable(line.replace("\t", "    "))
    indent = _width(printable(before))
    marks = mark * max(1, _width(printable(inside)))
    gutter = str(line_number)
    blank = " " * len(gutter)
    pointer = f"{' ' * indent}{marks}" + (f" {label}" if label else "")
    return [
        paint(_BLUE, f"{blank} |"),
        paint(_BLUE, f"{gutter} |") + f" {shown}",
        paint(_BLUE, f"{blank} |") + " " + paint(_RED if mark == "^" else _BLUE, pointer),
    ]


class _Paint:
    def __init__(self, color: bool):
        self.color = color

    def __call__(self, style: str, text: str) -> str:
        return f"{style}{text}{_RESET}" if self.color else text


def full(diagnostic: Diagnostic, *, color: bool = False) -> str:
    """The diagnostic with its source line, underlined, its notes and its help."""
    paint = _Paint(color)
    span = diagnostic.span
    place = f"{printable(span.source.name)}:{span.line}:{span.column}: " if span else ""
    head = paint(_BOLD, place) + paint(_RED, f"error[{diagnostic.code.name}]")
    lines = [f"{head}: {paint(_BOLD, printable(diagnostic.message))}"]
    if span is not None:
        lines += _excerpt(span, printable(diagnostic.label), paint, "^")
    for note in diagnostic.notes:
        if note.span is None:
            lines.append(f"  {paint(_BLUE, '=')} note: {printable(note.text)}")
        else:
            lines.append(f"  {paint(_BLUE, '=')} note: {printable(note.text)} ({printable(str(note.span))})")
            lines += _excerpt(note.span, "", paint, "-")
    if diagnostic.help:
        lines.append(f"  {paint(_BLUE, '=')} {paint(_CYAN, 'help')}: {printable(diagnostic.help)}")
    return "\n".join(lines)


def concise(diagnostic: Diagnostic) -> str:
    """One line: place, code, message."""
    place = f"{printable(str(diagnostic.span))}: " if diagnostic.span else ""
    return f"{place}{diagnostic.code.name} {printable(diagnostic.message)}"


def _place(span: Span) -> dict[str, object]:
    end_line, end_column = span.source.position(span.end)
    return {
        "file": span.source.name,
        "line": span.line,
        "column": span.column,
        "end_line": end_line,
        "end_column": end_column,
    }


def as_json(diagnostics: Iterable[Diagnostic]) -> dict[str, object]:
    """A JSON object: `format_version` and `diagnostics`, each with its place and notes."""
    return {
        "format_version": FORMAT_VERSION,
        "diagnostics": [
            {
                "code": d.code.name,
                "message": d.message,
                "place": _place(d.span) if d.span else None,
                "label": d.label,
                "notes": [{"text": n.text, "place": _place(n.span) if n.span else None} for n in d.notes],
                "help": d.help,
            }
            for d in diagnostics
        ],
    }


def report(diagnostics: Sequence[Diagnostic], *, color: bool = False, style: str = "full") -> str:
    """All diagnostics as one text in the style `full`, `concise` or `json`."""
    if style == "json":
        import json

        return json.dumps(as_json(diagnostics), indent=2)
    if style == "concise":
        return "\n".join(concise(d) for d in diagnostics)
    return "\n\n".join(full(d, color=color) for d in diagnostics)
