"""What the exit code of a command says."""

from __future__ import annotations

from collections.abc import Iterable

from archdsl.diagnostics import Diagnostic

FINE = 0
FINDINGS = 1  # There is something wrong in a file.
COULD_NOT_RUN = 2  # A file could not be read or written, a tool is missing, the command line makes no sense.
# As a shell reports a process that these signals ended.
INTERRUPTED = 130
PIPE_CLOSED = 141


def exit_code(diagnostics: Iterable[Diagnostic]) -> int:
    """The exit code for these diagnostics. One that points at no text is about the command, not about a file."""
    return max((FINDINGS if found.span is not None else COULD_NOT_RUN for found in diagnostics), default=FINE)
