"""`archdsl list`: the models of files, with their size and cost."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from archdsl.backends.table import aligned
from archdsl.backends.units import human
from archdsl.cli.arguments import add_specs
from archdsl.cli.output import Output
from archdsl.cli.shipped import shipped_specs
from archdsl.cli.specs import compile_specs
from archdsl.diagnostics.render import printable
from archdsl.folders import shipped_name
from archdsl.ir.architecture import Architecture
from archdsl.search_space.open_models import counted


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "List the models of the given files, or of the files that come with archdsl: the shape of the input, "
        "parameters, MACs and FLOPs of one image, and what the file says of the model."
    )
    parser.epilog = "examples:\n  archdsl list\n  archdsl list specs/efficientnet.arch"
    add_specs(parser, count="*")


def run(arguments: Namespace, output: Output) -> int:
    specs = compile_specs(arguments.specs or shipped_specs(), output, networks_alone=False)
    rows = []
    before = None
    for file in specs.compiled:
        name = shipped_name(Path(file.source.name)) if not arguments.specs else None
        for architecture in file.architectures:
            model = (file, architecture.model)
            rows.append([printable(name or file.source.name), *_row(architecture, is_first=model != before)])
            before = model
        for space in file.spaces:
            doc = printable(" ".join(space.variant.definition.model.doc.split()))
            text = f"a search space of {counted(space.size)} networks. {doc}".rstrip()
            rows.append([printable(name or file.source.name), space.name, *[""] * 4, text])
    if rows:
        output.result(aligned(["file", "model", "input", "params", "MACs", "FLOPs", ""], rows, "<<>>>><"))
    return specs.exit_code


def _row(architecture: Architecture, *, is_first: bool) -> list[str]:
    """What there is to say of a network; what the text says stands beside the first of a family."""
    cost = architecture.costs.model()
    doc = printable(" ".join(architecture.doc.split())) if is_first else ""
    return [
        architecture.name,
        str(architecture.input),
        human(cost.params),
        human(cost.macs),
        human(cost.flops),
        doc,
    ]
