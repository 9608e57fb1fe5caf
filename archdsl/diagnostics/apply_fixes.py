"""Fixes applied to the text that they are for."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from archdsl.diagnostics.diagnostic import Diagnostic, Edit
from archdsl.diagnostics.source import Source


class Fixed(NamedTuple):
    """A text with fixes applied, and the diagnostics whose fixes those were."""

    source: Source
    diagnostics: tuple[Diagnostic, ...]


def apply_fixes(source: Source, diagnostics: Iterable[Diagnostic]) -> Fixed:
    """Applies the fixes for this text, first to last: each as a whole, and none that touches what another has changed.

    A fix in another file, one that this one uses, is left to that file.
    """
    applied: list[Diagnostic] = []
    edits: list[Edit] = []
    for diagnostic in diagnostics:
        fix = diagnostic.fix
        if fix is None or any(edit.span.source is not source for edit in fix.edits):
            continue
        together = sorted((*edits, *fix.edits), key=lambda edit: (edit.span.start, edit.span.end))
        own = set(map(id, fix.edits))
        # Those of one fix may touch each other.
        if not any(
            other.span.start < edit.span.end or (other.span.start == edit.span.end and not {id(edit), id(other)} <= own)
            for edit, other in pairwise(together)
        ):
            applied.append(diagnostic)
            edits = together
    pieces: list[str] = []
    end = 0
    for edit in edits:
        pieces += (source.original[end : edit.span.start], edit.text.replace("\n", source.line_end))
        end = edit.span.end
    text = "".join([*pieces, source.original[end:]])
    return Fixed(Source(source.name, text, source.mark), tuple(applied))
