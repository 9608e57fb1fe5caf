"""How the elaborator stops at a mistake: it raises `Stop`, and whoever can go on without the result catches it."""

from __future__ import annotations

from archdsl.diagnostics import Diagnostic, Note, Span
from archdsl.diagnostics.codes import Code


class Stop(Exception):  # noqa: N818 - control flow inside the elaborator, never shown
    """Carries one diagnostic from where a mistake was met to where it is collected."""

    def __init__(self, diagnostic: Diagnostic):
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic

    def within(self, text: str, span: Span | None) -> Stop:
        """The same stop with a note on what was being elaborated."""
        if len(self.diagnostic.notes) >= 6:  # deep recursion says nothing new after a few levels
            return self
        return Stop(self.diagnostic.with_note(Note(text, span)))


def stop(
    code: Code, message: str, span: Span | None, label: str = "", *, notes: tuple[Note, ...] = (), help: str | None = None
) -> Stop:
    """A `Stop` for a new diagnostic."""
    return Stop(Diagnostic(code, message, span, label, notes, help))
