"""Results to standard output, diagnostics to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from archdsl.diagnostics import Diagnostic
from archdsl.diagnostics.render import printable_lines
from archdsl.diagnostics.report import report


class Output:
    """Where a command prints. `style` is how diagnostics look: `full` or `concise`."""

    def __init__(self, *, color: bool = False, style: str = "full"):
        self.color, self.style = color, style

    def result(self, text: str) -> None:
        """Prints lines of the result; what would command a terminal, in the name of a file for one, becomes escapes."""
        sys.stdout.write(printable_lines(text) + "\n")

    def flush(self) -> None:
        """Passes on what was printed, for whoever watches a command that goes on."""
        sys.stdout.flush()

    def data(self, data: bytes) -> None:
        """Writes a result that is a file: the bytes as they are."""
        sys.stdout.flush()
        sys.stdout.buffer.write(data)

    def remark(self, text: str) -> None:
        """Prints a line to the person at the terminal that is not part of the result."""
        self._to_standard_error(printable_lines(text))

    def errors(self, diagnostics: Sequence[Diagnostic]) -> None:
        self._report(diagnostics, "error")

    def warnings(self, diagnostics: Sequence[Diagnostic]) -> None:
        self._report(diagnostics, "warning")

    def _report(self, diagnostics: Sequence[Diagnostic], severity: str) -> None:
        if not diagnostics:
            return
        text = report(diagnostics, color=self.color, style=self.style, severity=severity)
        self._to_standard_error(text + "\n" if self.style == "full" else text)

    def _to_standard_error(self, text: str) -> None:
        sys.stdout.flush()  # In a terminal both streams are one; keep them in order.
        sys.stderr.write(text + "\n")


def wants_color(choice: str, stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether to colour: what `--color` says, else NO_COLOR, else FORCE_COLOR, else whether a person is looking."""
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"
