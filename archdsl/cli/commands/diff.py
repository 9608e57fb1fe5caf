"""`archdsl diff`: what changed between two specs, variants or revisions."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from archdsl.cli.arguments import add_variant
from archdsl.cli.exit_codes import COULD_NOT_RUN, FINDINGS, FINE
from archdsl.cli.output import Output
from archdsl.cli.versions import version
from archdsl.diagnostics import DiagnosticError
from archdsl.diff.pairing import pair_networks
from archdsl.diff.report import as_json, as_table
from archdsl.file_errors import NoModels
from archdsl.ir.architecture import Architecture


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Tell what changed between two networks, stage by stage and block by block: parameters, MACs, shapes, and the "
        "keys of the state_dict. Networks of two files are compared by name; where each has but one, these are."
    )
    parser.epilog = (
        "examples:\n  archdsl diff specs/v2_s.arch@HEAD~3 specs/v2_s.arch\n"
        "  archdsl diff specs/efficientnet.arch:b0 specs/efficientnet.arch:b1\n"
        "  archdsl diff before.arch after.arch --output-format json\n\n"
        "SPEC@REVISION is the file with everything that it uses at a git revision; nothing is checked out.\n"
        "Exit code, as of diff(1): 0 equal, 1 different, 2 trouble, a mistake in a file included."
    )
    parser.add_argument("before", metavar="A", help="SPEC, SPEC:VARIANT, SPEC@REVISION or SPEC:VARIANT@REVISION")
    parser.add_argument("after", metavar="B", help="the same")
    add_variant(parser)
    parser.add_argument("--output-format", choices=("table", "json"), default="table", help="default: table")


def run(arguments: Namespace, output: Output) -> int:
    try:
        before, after = (_networks(text, arguments.variant) for text in (arguments.before, arguments.after))
        paired = pair_networks(before, after)
    except DiagnosticError as failure:
        output.errors(failure.diagnostics)
        return COULD_NOT_RUN
    output.result(as_json(paired) if arguments.output_format == "json" else as_table(paired))
    return FINE if paired.is_equal else FINDINGS


def _networks(text: str, variant: str | None) -> tuple[Architecture, ...]:
    """The networks that an argument names. Raises DiagnosticError for mistakes, and where there is none."""
    compiled = version(text, variant).compiled()
    if not compiled.checked():
        raise NoModels(compiled.source.name).error()
    return compiled.architectures
