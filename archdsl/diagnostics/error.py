"""The exception that carries diagnostics."""

from __future__ import annotations

from collections.abc import Iterable

from archdsl.diagnostics.diagnostic import Diagnostic


class DiagnosticError(Exception):
    """Carries diagnostics up to the driver, which prints them; in Python it reads as the command line would put it."""

    def __init__(self, diagnostics: Iterable[Diagnostic]):
        self.diagnostics = tuple(diagnostics)
        super().__init__("; ".join(d.message for d in self.diagnostics))

    def __str__(self) -> str:
        from archdsl.diagnostics.render import report  # late: nobody reads one that is caught

        return report(self.diagnostics)

    def _render_traceback_(self) -> list[str]:
        """What IPython and notebooks show of it: where a mistake is in a file, not where archdsl has found it."""
        return str(self).splitlines()


# The name that it had; kept for programs that catch it.
Failure = DiagnosticError
