"""Fixes applied to the text that they are for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from archdsl.diagnostics.diagnostic import Diagnostic, Edit
from archdsl.diagnostics.source import Source


class Mended(NamedTuple):
    """A text with fixes applied, and the diagnostics whose fixes those were."""

    source: Source
    diagnostics: tuple[Diagnostic, ...]


def mend(source: Source, diagnostics: Iterable[Diagnostic]) -> Mended:
    """Applies the fixes for this text, first to last: each as a whole, and none that touches what another has changed.

    A fix in another file, one that this one uses, is left to that file.
    """
    applied: list[Diagnostic] = []
    edits: list[Edit] = []
    for diagnostic in diagnostics:
        fix = diagnostic.fix
        if fix is None or any(edit.span.source is not source for edit in fix.edits):
            continue
        if not any(_touch(edit, other) for edit in fix.edits for other in edits):
            applied.append(diagnostic)
            edits += fix.edits
    text = source.text
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return Mended(Source(source.name, text), tuple(applied))


def _touch(edit: Edit, other: Edit) -> bool:
    return edit.span.start <= other.span.end and other.span.start <= edit.span.end
