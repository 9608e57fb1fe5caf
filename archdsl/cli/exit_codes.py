"""What the exit code of a command says."""

from __future__ import annotations

from collections.abc import Iterable

from archdsl.diagnostics import Diagnostic
from archdsl.diagnostics.codes import NO_MAP, NOT_PROVEN, NOT_WEIGHTS, SEVERAL_STATES

FINE = 0
FINDINGS = 1  # There is something wrong in a file.
COULD_NOT_RUN = 2  # A file could not be read or written, a tool is missing, the command line makes no sense.
# As a shell reports a process that these signals ended.
INTERRUPTED = 130
PIPE_CLOSED = 141
# About what is in a file although there is no text to point at.
_ABOUT_WEIGHTS = {NO_MAP, NOT_PROVEN, NOT_WEIGHTS, SEVERAL_STATES}


def exit_code(diagnostics: Iterable[Diagnostic]) -> int:
    """The exit code for these diagnostics. One that is about no file's text or weights is about the command."""
    return max(
        (FINDINGS if d.span is not None or d.code in _ABOUT_WEIGHTS else COULD_NOT_RUN for d in diagnostics),
        default=FINE,
    )
