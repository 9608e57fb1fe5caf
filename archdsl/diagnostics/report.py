"""Diagnostics as one text, in the style that is asked for: for a reader, or for a program."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics.diagnostic import Diagnostic
from archdsl.diagnostics.render import as_json, concise, full


def report(
    diagnostics: Sequence[Diagnostic], *, color: bool = False, style: str = "full", severity: str = "error"
) -> str:
    """All diagnostics as one text in one of the STYLES; `severity` is the most that any of them is here."""
    match style:
        case "json":
            import json

            return json.dumps(as_json(diagnostics), indent=2)
        case "sarif":
            from archdsl.diagnostics.sarif import sarif

            return sarif(diagnostics)
        case "github":
            from archdsl.diagnostics.github import annotation

            return "\n".join(annotation(d, severity=_least(d, severity)) for d in diagnostics)
        case "concise":
            return "\n".join(concise(d) for d in diagnostics)
    return "\n\n".join(full(d, color=color, severity=_least(d, severity)) for d in diagnostics)


def _least(diagnostic: Diagnostic, severity: str) -> str:
    """What a diagnostic is where nothing is more than `severity`: a warning stays one, and so does a hint."""
    return diagnostic.severity if severity == "error" or diagnostic.code.is_hint else severity
