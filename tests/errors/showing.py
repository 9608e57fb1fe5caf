"""How cases show their problems: calls whose diagnostics are found, by what they raise, return, or print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from archdsl import Limits, compiler, sources
from archdsl.cli import main
from archdsl.cli.output import Output
from archdsl.diagnostics import Diagnostic, DiagnosticError
from archdsl.elaborate.problems import ElaborationError

Case = Callable[[], object]

NET = "model net { input = 3 x 16 x 16\n stem = conv(8) }\n"


class Printed(Output):
    """Keeps the diagnostics that a command prints."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Diagnostic] = []

    def _report(self, diagnostics: Sequence[Diagnostic], severity: str) -> None:
        self.found += diagnostics
        super()._report(diagnostics, severity)


def found(call: Case) -> tuple[Diagnostic, ...]:
    """The diagnostics that something raises, returns or is stopped by."""
    try:
        result = call()
    except DiagnosticError as failure:
        return failure.diagnostics
    except ElaborationError as stopped:
        return (stopped.diagnostic,)
    if isinstance(result, compiler.Compiled):
        return result.found
    if isinstance(result, Printed):
        return tuple(result.found)
    return (result,) if isinstance(result, Diagnostic) else ()


def with_bounds(call: Case, **bounds: int) -> object:
    with Limits(**bounds):
        return call()


def check(text: str, variant: str | None = None, **bounds: int) -> Case:
    def run() -> object:
        Path("net.arch").write_text(text, newline="")
        return with_bounds(lambda: compiler.compile_source(sources.read("net.arch"), variant=variant), **bounds)

    return run


def command(line: str, **texts: str) -> Case:
    """Runs a command line beside `net.arch`, and the files whose `texts` are given, `a_csv` for `a.csv`."""

    def run() -> Printed:
        Path("net.arch").write_text(NET)
        for name, text in texts.items():
            Path(name.replace("_", ".")).write_text(text)
        printed = Printed()
        main._answered(line.split(), printed)
        return printed

    return run
