"""What is wrong with a document, as an editor shows it while one types."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lsprotocol import types

from archdsl.diagnostics import Diagnostic, Span
from archdsl.diagnostics.codes import UNUSED_NAME
from archdsl.diagnostics.render import printable_lines
from archdsl.elaborate.resolve.symbols import file_of
from archdsl.language import tree
from archdsl.lsp.document import Document

# A place in any file, for the protocol.
Locate = Callable[[Span], types.Location]


def diagnostics(document: Document, locate: Locate) -> list[types.Diagnostic]:
    """Mistakes as errors; claims that do not hold, and what is hardly meant, as warnings; the rest as hints."""
    errors = [_diagnostic(document, each, types.DiagnosticSeverity.Error, locate) for each in document.problems]
    others = (*document.unmet, *document.warnings)
    return errors + [_diagnostic(document, each, _severity(each), locate) for each in others]


def _severity(problem: Diagnostic) -> types.DiagnosticSeverity:
    return types.DiagnosticSeverity.Hint if problem.code.is_hint else types.DiagnosticSeverity.Warning


def _diagnostic(
    document: Document, problem: Diagnostic, severity: types.DiagnosticSeverity, locate: Locate
) -> types.Diagnostic:
    place, message = problem.span, f"{problem.message}\n{problem.label}" if problem.label else problem.message
    related = [
        types.DiagnosticRelatedInformation(locate(note.span), note.text)
        for note in problem.notes
        if note.span is not None
    ]
    if place is not None and place.source is not document.source:
        # A mistake in another file is reported where this one uses that file.
        related.insert(0, types.DiagnosticRelatedInformation(locate(place), problem.message))
        message, place = f"in {Path(place.source.name).name}: {message}", _use_of(document, place)
    asides = [f"note: {note.text}" for note in problem.notes if note.span is None]
    asides += [f"help: {problem.help}"] if problem.help else []
    return types.Diagnostic(
        range=document.positions.range(place or Span(document.source, 0, 0)),
        message=printable_lines("\n".join([message, *asides])),
        severity=severity,
        tags=[types.DiagnosticTag.Unnecessary] if problem.code is UNUSED_NAME else None,
        code=problem.code.name,
        source="archdsl",
        related_information=related,
        data={"title": problem.code.title},
    )


def _use_of(document: Document, place: Span) -> Span:
    """The `use` line by which a place of another file is part of the document: that of the file itself or, where it
    comes by way of others, the first one."""
    uses = [item for item in document.environment.module.items if isinstance(item, tree.Use)]
    folder, target = file_of(document.source).parent, file_of(place.source).resolve()
    direct = [item for item in uses if (folder / item.path).resolve() == target]
    return next((item.span for item in [*direct, *uses]), Span(document.source, 0, 0))
