"""`archdsl ir`: the compiled architectures as JSON."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from archdsl.backends.targets import IR, Request
from archdsl.cli.arguments import add_variant
from archdsl.cli.output import Output
from archdsl.cli.specs import compile_specs


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = "Print the compiled architecture of a file as JSON; a list when there are several."
    parser.epilog = "example:\n  archdsl ir specs/efficientnet.arch --variant b0 > b0.json"
    parser.add_argument("spec", metavar="SPEC", help="an .arch file, or - for standard input")
    add_variant(parser)


def run(arguments: Namespace, output: Output) -> int:
    specs = compile_specs([arguments.spec], output, variant=arguments.variant)
    if specs.architectures:
        output.result(IR.emit(Request(specs.architectures)).data.decode("utf-8"))
    return specs.exit_code
