"""`archdsl fmt`: files in their canonical form."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass

from archdsl.cli.arguments import add_specs
from archdsl.cli.exit_codes import FINDINGS, FINE, exit_code
from archdsl.cli.files import write
from archdsl.cli.output import Output
from archdsl.cli.specs import STANDARD_INPUT, open_spec, own_file
from archdsl.diagnostics import DiagnosticError, Source
from archdsl.diagnostics.render import printable
from archdsl.language.formatter import format_module
from archdsl.language.parser import parse


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Rewrite files in their canonical form, comments kept. A file with a syntax error is left as it is. "
        "- formats standard input to standard output."
    )
    parser.epilog = "examples:\n  archdsl fmt specs/*.arch\n  archdsl fmt --diff specs/v2_l.arch"
    add_specs(parser)
    parser.add_argument("--check", action="store_true", help="write nothing; list what would change, exit code 1")
    parser.add_argument("--diff", action="store_true", help="write nothing; show what would change, exit code 1")


@dataclass(frozen=True)
class Formatted:
    """A file before, and its text after; how its lines end, and its byte-order mark, stay as they are."""

    spec: str
    source: Source
    text: str

    @property
    def is_changed(self) -> bool:
        return self.text.replace("\n", self.source.line_end) != self.source.original


def run(arguments: Namespace, output: Output) -> int:
    code = FINE
    for spec in arguments.specs:
        try:
            formatted = _format(spec)
            if arguments.check or arguments.diff:
                _compare(formatted, output, show=arguments.diff)
                code = max(code, FINDINGS if formatted.is_changed else FINE)
            else:
                _write(formatted, output)
        except DiagnosticError as failure:
            output.errors(failure.diagnostics)
            code = max(code, exit_code(failure.diagnostics))
    return code


def _format(spec: str) -> Formatted:
    """Raises DiagnosticError when the file cannot be read or has a syntax error."""
    source = open_spec(spec)
    module, problems = parse(source)
    if problems:
        raise DiagnosticError(problems)
    text = format_module(module)
    again, problems = parse(Source(source.name, text))
    if problems or again != module:  # A formatter may lose nobody's work, whatever its bugs.
        raise RuntimeError(f"the canonical form of {source.name} would say something else")
    return Formatted(spec, source, text)


def _compare(formatted: Formatted, output: Output, *, show: bool) -> None:
    if not formatted.is_changed:
        return
    name = formatted.source.name
    if not show:
        output.result(f"would reformat {printable(name)}")
        return
    from difflib import unified_diff

    before, after = formatted.source.original.splitlines(), formatted.text.splitlines()
    lines = unified_diff(before, after, printable(name), f"{printable(name)} (formatted)", lineterm="")
    output.result("\n".join(map(printable, lines)))


def _write(formatted: Formatted, output: Output) -> None:
    data = formatted.source.encoded(formatted.text)
    if formatted.spec == STANDARD_INPUT:
        output.data(data)
    elif formatted.is_changed:
        write(own_file(formatted.spec), data)
        output.result(f"reformatted {printable(formatted.source.name)}")
