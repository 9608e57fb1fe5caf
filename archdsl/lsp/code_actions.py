"""Code actions: what a diagnostic proposes, as an edit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lsprotocol import types

from archdsl.diagnostics import Diagnostic, Span
from archdsl.lsp.document import Document

_MEANT = re.compile(r"`([A-Za-z0-9_]+)`")
# A replacement for a place in the text.
Edit = tuple[Span, str]


def fixes(document: Document, visible: types.Range, locate: Callable[[Span], types.Location]) -> list[types.CodeAction]:
    """The edits that would fix the diagnostics of some lines."""
    found = []
    for problem in (*document.problems, *document.unmet, *document.warnings):
        if problem.span is None or problem.span.source is not document.source:
            continue
        place = document.positions.range(problem.span)
        if place.end.line < visible.start.line or place.start.line > visible.end.line:
            continue
        # What an editor does unasked, "fix all", is no more than what `check --fix` does.
        is_safe = problem.fix is not None and problem.fix.is_safe
        found += [
            _action(document, title, edits, is_preferred=is_safe, locate=locate) for title, edits in proposed(problem)
        ]
    return found


def proposed(problem: Diagnostic) -> Iterator[tuple[str, tuple[Edit, ...]]]:
    """The ways out of one problem, each with a title."""
    if problem.fix is not None:
        yield problem.fix.title, tuple((edit.span, edit.text) for edit in problem.fix.edits)
        return
    help = problem.help or ""
    if problem.span is not None and problem.span.text.isidentifier() and help.startswith("did you mean"):
        for name in _MEANT.findall(help):
            yield f"change to `{name}`", ((problem.span, name),)


def _action(
    document: Document,
    title: str,
    edits: tuple[Edit, ...],
    *,
    is_preferred: bool,
    locate: Callable[[Span], types.Location],
) -> types.CodeAction:
    changes: dict[str, list[types.TextEdit]] = {}
    for span, text in edits:
        place = locate(span)
        changes.setdefault(place.uri, []).append(types.TextEdit(place.range, text))
    return types.CodeAction(
        title=title,
        kind=types.CodeActionKind.QuickFix,
        is_preferred=is_preferred,
        edit=types.WorkspaceEdit(changes=changes),
    )
