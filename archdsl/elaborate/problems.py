"""How elaboration stops at a mistake: it raises `ElaborationError`, which is caught where the result is not needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from archdsl.diagnostics import Diagnostic, Note, Span
from archdsl.elaborate.errors import NestedTooDeeply

LIBRARY = "<library>"
_MAX_NOTES = 8


class ElaborationError(Exception):
    """Carries one diagnostic from where a mistake was met to where it is collected."""

    def __init__(self, diagnostic: Diagnostic):
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic

    def within(self, text: str, span: Span | None = None, *, is_call: bool = False) -> ElaborationError:
        """The same error with a note on what was being elaborated.

        A note on the very place of the last one replaces it, as it says more. Of a block that calls itself, the
        innermost and the outermost call of one place are shown.
        """
        notes = self.diagnostic.notes
        last = [note.span for note in notes[-2:]]
        if span is not None and last and (last == [span, span] if is_call else last[-1] == span):
            notes = notes[:-1]
        return ElaborationError(replace(self.diagnostic, notes=(*notes[:_MAX_NOTES], Note(text, span))))

    def is_inside(self, span: Span) -> bool:
        """Whether the mistake, or one of the places that led to it, is in a part of the text."""
        places = [self.diagnostic.span, *(note.span for note in self.diagnostic.notes)]
        return any(
            place is not None and place.source is span.source and span.start <= place.start < span.end
            for place in places
        )

    def noted(self, notes: tuple[Note, ...]) -> ElaborationError:
        """The same error with further notes."""
        return ElaborationError(replace(self.diagnostic, notes=(*self.diagnostic.notes, *notes)))


# Its former name.
Stop = ElaborationError


@contextmanager
def bounded_depth(span: Span) -> Iterator[None]:
    """Turns text that is nested too deeply into a diagnostic at `span`."""
    try:
        yield
    except RecursionError:
        raise ElaborationError(NestedTooDeeply().at(span)) from None


def in_library(span: Span) -> bool:
    """Whether a place is in the standard library, which is not the reader's to correct."""
    return span.source.name.startswith(LIBRARY)


def at_home(diagnostic: Diagnostic) -> Diagnostic:
    """The diagnostic at the nearest place outside the library that led to it; the place in the library as a note."""
    if diagnostic.span is None or not in_library(diagnostic.span):
        return diagnostic
    for index, note in enumerate(diagnostic.notes):
        if note.span is not None and not in_library(note.span):
            inside = Note(diagnostic.label or "met here", diagnostic.span)
            others = diagnostic.notes[:index] + diagnostic.notes[index + 1 :]
            # The library is not the reader's to change.
            return replace(diagnostic, span=note.span, label=note.text, notes=(inside, *others), fix=None)
    return diagnostic
