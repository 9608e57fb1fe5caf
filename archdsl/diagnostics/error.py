"""How diagnostics reach who called, where there is no result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archdsl.diagnostics.diagnostic import Diagnostic


class DiagnosticError(Exception):
    """Carries diagnostics up to the driver, which prints them; in Python it reads as the command line would put it."""

    def __init__(self, diagnostics: Iterable[Diagnostic]):
        self.diagnostics = tuple(diagnostics)
        super().__init__("; ".join(d.message for d in self.diagnostics))

    def __reduce__(self) -> tuple[Any, ...]:
        """From one process to another."""
        return _again, (type(self), dict(self.__dict__), self.args)

    def __str__(self) -> str:
        from archdsl.diagnostics.report import report

        return report(self.diagnostics)

    def _render_traceback_(self) -> list[str]:
        """What IPython and notebooks show of it: where a mistake is in a file, not where archdsl has found it."""
        return str(self).splitlines()


def _again(kind: type[DiagnosticError], state: dict[str, Any], arguments: tuple[object, ...]) -> DiagnosticError:
    made = kind.__new__(kind, *arguments)
    made.__dict__.update(state)
    return made


# Its former name.
Failure = DiagnosticError
