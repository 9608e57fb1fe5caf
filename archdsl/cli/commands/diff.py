"""`archdsl diff`: what changed between two specs, variants or revisions."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from archdsl.cli.arguments import add_variant
from archdsl.cli.exit_codes import COULD_NOT_RUN, FINDINGS, FINE
from archdsl.cli.output import Output
from archdsl.cli.versions import version
from archdsl.compiler import Compiled
from archdsl.diagnostics import DiagnosticError
from archdsl.diff.pairing import pair_networks
from archdsl.diff.recipes import pair_recipes
from archdsl.diff.report import as_json, as_table
from archdsl.file_errors import NoModels


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Tell what changed between two networks, stage by stage and block by block: parameters, MACs, shapes, and the "
        "keys of the state_dict. Networks of two files are compared by name; where each has but one, these are. "
        "Recipes are compared by name, setting by setting."
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
        before, after = (_compiled(text, arguments.variant) for text in (arguments.before, arguments.after))
        paired = pair_networks(before.architectures, after.architectures)
        recipes = pair_recipes(before.recipes, after.recipes)
    except DiagnosticError as failure:
        output.errors(failure.diagnostics)
        return COULD_NOT_RUN
    output.result((as_json if arguments.output_format == "json" else as_table)(paired, recipes))
    return FINE if paired.is_equal and recipes.is_equal else FINDINGS


def _compiled(text: str, variant: str | None) -> Compiled:
    """The networks and recipes that an argument names. Raises DiagnosticError for mistakes, and where there is none."""
    compiled = version(text, variant).compiled()
    if not compiled.checked() and not compiled.recipes:
        raise NoModels(compiled.source.name).error()
    return compiled
