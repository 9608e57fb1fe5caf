"""Diagnostics as SARIF 2.1.0, the format in which code scanning and editors exchange findings."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from archdsl.diagnostics.codes import Code
from archdsl.diagnostics.diagnostic import Diagnostic, Fix, Note
from archdsl.diagnostics.explanation import explanation
from archdsl.diagnostics.source import Source, Span
from archdsl.version import __version__

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(diagnostics: Sequence[Diagnostic]) -> str:
    """One run of archdsl. A diagnostic without a place is not a finding in a file but a reason why there was no run."""
    codes = list(dict.fromkeys(d.code for d in diagnostics))
    run = {
        "tool": {"driver": {"name": "archdsl", "version": __version__, "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation([d for d in diagnostics if d.span is None])],
        "results": [_result(d, d.span, codes.index(d.code)) for d in diagnostics if d.span is not None],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _level(code: Code) -> str:
    return "note" if code.is_hint else code.severity


def _rule(code: Code) -> dict[str, Any]:
    page = explanation(code)
    return {
        "id": code.name,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": page.meaning},
        "help": {"text": page.text, "markdown": page.markdown},
        "defaultConfiguration": {"level": _level(code)},
    }


def _invocation(reasons: Sequence[Diagnostic]) -> dict[str, Any]:
    notifications = [
        {"descriptor": {"id": d.code.name}, "level": "error", "message": {"text": _message(d)}} for d in reasons
    ]
    return {"executionSuccessful": not reasons, "toolExecutionNotifications": notifications}


def _result(diagnostic: Diagnostic, span: Span, rule: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": diagnostic.code.name,
        "ruleIndex": rule,
        "level": _level(diagnostic.code),
        "message": {"text": _message(diagnostic)},
        "locations": [_location(span, diagnostic.label)],
    }
    if related := [_location(note.span, note.text) for note in diagnostic.notes if note.span and _has_file(note)]:
        result["relatedLocations"] = related
    if diagnostic.fix is not None:
        result["fixes"] = [_fix(diagnostic.fix)]
    return result


def _has_file(note: Note) -> bool:
    """Whether a viewer could open the place of a note: the standard library is not a file of the reader's."""
    return note.span is not None and not note.span.source.name.startswith("<")


def _message(diagnostic: Diagnostic) -> str:
    """The message with everything that has no location of its own."""
    notes = [f"{n.text}{f' ({n.span})' if n.span else ''}" for n in diagnostic.notes if not _has_file(n)]
    return "\n".join([diagnostic.message, *notes, *([diagnostic.help] if diagnostic.help else [])])


def _location(span: Span, message: str) -> dict[str, Any]:
    place = {"artifactLocation": _artifact(span.source), "region": _region(span)}
    return {"physicalLocation": place, **({"message": {"text": message}} if message else {})}


def _artifact(source: Source) -> dict[str, str]:
    path = Path(source.name)
    return {"uri": path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))}


def _region(span: Span) -> dict[str, int]:
    end_line, end_column = span.source.position(span.end)
    return {"startLine": span.line, "startColumn": span.column, "endLine": end_line, "endColumn": end_column}


def _fix(fix: Fix) -> dict[str, Any]:
    changes: dict[Source, list[dict[str, Any]]] = {}
    for edit in fix.edits:
        replacement = {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}
        changes.setdefault(edit.span.source, []).append(replacement)
    return {
        "description": {"text": fix.title},
        "artifactChanges": [
            {"artifactLocation": _artifact(source), "replacements": replacements}
            for source, replacements in changes.items()
        ],
    }
