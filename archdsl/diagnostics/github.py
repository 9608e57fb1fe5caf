"""Diagnostics as commands to GitHub's runner, which shows them beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Mapping

from archdsl.diagnostics.diagnostic import Diagnostic
from archdsl.diagnostics.render import printable


def annotation(diagnostic: Diagnostic, *, severity: str = "error") -> str:
    """One line, `::error file=...,line=...,title=ARC202::message`; the message goes on with the notes and the help."""
    span = diagnostic.span
    properties: dict[str, object] = {}
    if span is not None and not span.source.name.startswith("<"):  # Standard input is not a file to show something in.
        end_line, end_column = span.source.position(span.end)
        properties = {"file": span.source.name, "line": span.line, "col": span.column}
        properties |= {"endLine": end_line, "endColumn": end_column}
        if end_line != span.line:  # GitHub knows columns within one line only.
            del properties["col"], properties["endColumn"]
    properties["title"] = diagnostic.code.name
    return command("notice" if severity == "hint" else severity, properties, _message(diagnostic))


def command(name: str, properties: Mapping[str, object], text: str) -> str:
    """A command to the runner: nothing in its properties or its text ends it, or begins another."""
    listed = ",".join(f"{key}={printable(_property(str(value)))}" for key, value in properties.items())
    return f"::{name} {listed}::{_data(text)}"


def _message(diagnostic: Diagnostic) -> str:
    head = f"{diagnostic.message} ({diagnostic.label})" if diagnostic.label else diagnostic.message
    notes = [f"note: {note.text}{f' ({note.span})' if note.span else ''}" for note in diagnostic.notes]
    help = [f"help: {diagnostic.help}"] if diagnostic.help else []
    return "\n".join(map(printable, [head, *notes, *help]))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
