"""The SPEC arguments of a command: read, compiled, and their problems printed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from archdsl.cli.exit_codes import FINDINGS, FINE, exit_code
from archdsl.cli.output import Output
from archdsl.compiler import Compiled, compile_source
from archdsl.diagnostics import Diagnostic, DiagnosticError, Source, Span
from archdsl.diagnostics.codes import CANNOT_READ
from archdsl.diagnostics.render import printable
from archdsl.file_errors import CannotRead, NoModels
from archdsl.folders import shipped
from archdsl.ir.architecture import Architecture
from archdsl.sources import most_bytes, read, text_of, too_many_bytes

STANDARD_INPUT = "-"


class Specs(Struct, frozen=True):
    """What came of the SPEC arguments: the files without a mistake, and the exit code that the others ask for."""

    compiled: tuple[Compiled, ...]
    exit_code: int

    @property
    def architectures(self) -> tuple[Architecture, ...]:
        return tuple(architecture for file in self.compiled for architecture in file.architectures)


def compile_specs(
    specs: Sequence[str],
    output: Output,
    *,
    variant: str | None = None,
    resolution: tuple[int, int] | None = None,
    claims: bool = False,
    networks_alone: bool = True,
) -> Specs:
    """Compiles each file; the mistakes of all of them are printed, and a warning where a file has no model.

    With `networks_alone`, search spaces are no use to the command, which is a warning too. Where that leaves no network
    at all, these are errors: nothing can be done.
    """
    compiled: list[Compiled] = []
    left_out: list[Diagnostic] = []
    code = FINE
    for spec in specs:
        try:
            file = compile_source(open_spec(spec), variant=variant, resolution=resolution, claims=claims)
        except DiagnosticError as failure:
            problems = failure.diagnostics
        else:
            problems = file.problems
            if not problems:
                compiled.append(file)
                output.warnings(file.warnings)
                if networks_alone:
                    left_out += [space.is_open() for space in file.spaces]
                if not file.architectures and not file.spaces:
                    left_out.append(NoModels(file.source.name).at(None))
        output.errors(problems)
        code = max(code, exit_code(problems))
    if code == FINE and networks_alone and not any(file.architectures for file in compiled):
        output.errors(left_out)
        return Specs(tuple(compiled), FINDINGS)
    output.warnings(left_out)
    return Specs(tuple(compiled), code)


def open_spec(spec: str) -> Source:
    """The text of a SPEC argument, `-` being standard input. Raises DiagnosticError when there is none."""
    if spec == STANDARD_INPUT:
        return _standard_input()
    try:
        return read(spec)
    except DiagnosticError as failure:
        from archdsl.cli.shipped import suggestion

        cannot = failure.diagnostics[0]
        if cannot.code is not CANNOT_READ:
            raise
        help_line = _names_variant(spec) or suggestion(spec)
        if help_line is None:
            raise
        raise DiagnosticError([replace(cannot, help=help_line, fix=None)]) from None


def _names_variant(spec: str) -> str | None:
    """What to write instead of `FILE:variant`, which only `compare` and `diff` understand."""
    path, colon, variant = spec.rpartition(":")
    if not colon or not variant.replace("_", "").isalnum() or not ((shipped(path) or Path(path)).is_file()):
        return None
    return (
        f"write `{path} --variant {variant}`, for commands that take a variant; `compare` and `diff` take FILE:VARIANT"
    )


def own_file(spec: str) -> Path:
    """The path of a SPEC that is to be changed. Raises DiagnosticError for a shipped file, which is everybody's."""
    if shipped(spec) is not None:
        from archdsl.cli.errors import ShippedFile

        raise ShippedFile(printable(spec)).error()
    return Path(spec)


def _standard_input() -> Source:
    if sys.stdin is None:
        raise CannotRead("standard input", "it is closed").error()
    data = sys.stdin.buffer.read(most_bytes() + 1)
    if len(data) > most_bytes():
        raise DiagnosticError([too_many_bytes("<stdin>")])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        from archdsl.cli.errors import StandardInputNotText

        raise StandardInputNotText(error.start).error(Span(Source("<stdin>", ""), 0, 0)) from None
    return text_of("<stdin>", text)
