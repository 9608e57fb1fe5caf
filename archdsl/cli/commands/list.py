"""`archdsl list`: the models of files, with their size and cost."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from archdsl.backends.table import aligned
from archdsl.backends.units import human
from archdsl.cli.arguments import add_specs
from archdsl.cli.output import Output
from archdsl.cli.shipped import shipped_specs
from archdsl.cli.specs import compile_specs
from archdsl.diagnostics.render import printable
from archdsl.ir.architecture import Architecture


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "List the models of the given files, or of the files that come with archdsl: the shape of the input, "
        "parameters, MACs and FLOPs of one image, and what the file says of the model."
    )
    parser.epilog = "examples:\n  archdsl list\n  archdsl list specs/efficientnet.arch"
    add_specs(parser, count="*")


def run(arguments: Namespace, output: Output) -> int:
    specs = compile_specs(arguments.specs or shipped_specs(), output)
    rows = [
        [printable(file.source.name), *_row(architecture)]
        for file in specs.compiled
        for architecture in file.architectures
    ]
    if rows:
        output.result(aligned(["file", "model", "input", "params", "MACs", "FLOPs", ""], rows, "<<>>>><"))
    return specs.exit_code


def _row(architecture: Architecture) -> list[str]:
    cost = architecture.costs.model()
    doc = printable(architecture.doc.partition("\n")[0])
    return [
        architecture.name,
        str(architecture.input),
        human(cost.params),
        human(cost.macs),
        human(cost.flops),
        doc,
    ]
