"""What the exit code of a command says."""

from __future__ import annotations

from collections.abc import Iterable

from archdsl.cli.interrupts import INTERRUPTED as INTERRUPTED
from archdsl.diagnostics import Diagnostic
from archdsl.diagnostics.codes import Outcome

FINE = 0
FINDINGS = 1  # There is something wrong in a file.
COULD_NOT_RUN = 2  # A file could not be read or written, a tool is missing, the command line makes no sense.
# As a shell reports a process that this signal ended; so is `INTERRUPTED`.
PIPE_CLOSED = 141


def exit_code(diagnostics: Iterable[Diagnostic]) -> int:
    """The exit code for these diagnostics. One that is about no file's text or weights is about the command, and a hint
    is no finding."""
    return max((_of(diagnostic) for diagnostic in diagnostics if not diagnostic.code.is_hint), default=FINE)


def _of(diagnostic: Diagnostic) -> int:
    if diagnostic.code.outcome is Outcome.FOUND:
        return FINDINGS
    is_text = diagnostic.span is not None and not diagnostic.span.source.name.startswith("--")
    return FINDINGS if is_text else COULD_NOT_RUN
