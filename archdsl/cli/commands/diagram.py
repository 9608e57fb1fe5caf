"""`archdsl diagram`: a network as a figure."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from archdsl.cli.arguments import add_variant
from archdsl.cli.files import refuse_to_overwrite, write
from archdsl.cli.formats import chosen
from archdsl.cli.names import output_name
from archdsl.cli.output import Output
from archdsl.cli.specs import STANDARD_INPUT, compile_specs
from archdsl.diagnostics.render import printable

if TYPE_CHECKING:
    from archdsl.backends.diagram import Format

_FORMATS = ("svg", "dot", "png", "pdf")
_EXTENSIONS: Mapping[str, Format] = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".png": "png", ".pdf": "pdf"}


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Draw a network with Graphviz: its stages as a paper shows them, the inside of its blocks, or each operator."
    )
    parser.epilog = (
        "examples:\n  archdsl diagram specs/v2_l.arch                             writes v2_l.svg\n"
        "  archdsl diagram specs/efficientnet.arch --variant b0 --level block --out b0.png\n"
        "  archdsl diagram specs/v2_l.arch --format dot --out - | dot -Tpdf > v2_l.pdf"
    )
    parser.add_argument("spec", metavar="SPEC", help="an .arch file, or - for standard input")
    add_variant(parser)
    parser.add_argument("--level", choices=("stage", "block", "operator"), default="stage", help="default: stage")
    parser.add_argument("--format", choices=_FORMATS, help="default: that of FILE's extension, else svg")
    parser.add_argument(
        "--out", metavar="FILE", help="where to write, - for standard output (default: NAME.FORMAT in this folder)"
    )


def run(arguments: Namespace, output: Output) -> int:
    if arguments.out not in (None, STANDARD_INPUT):
        refuse_to_overwrite(arguments.out, arguments.spec)
    style = chosen("--out", arguments.out, arguments.format, _EXTENSIONS, "svg", text=("dot",))
    specs = compile_specs([arguments.spec], output, variant=arguments.variant)
    if not specs.architectures:
        return specs.exit_code
    from archdsl.backends.diagram import draw, render

    dot = draw(specs.architectures, level=arguments.level)
    data = dot.encode("utf-8") if style == "dot" else render(dot, style)
    target = arguments.out or _default_target(arguments.spec, style)
    if target == STANDARD_INPUT:
        output.data(data)
    else:
        write(Path(target), data)
        output.result(f"wrote {printable(target)}")
    return specs.exit_code


def _default_target(spec: str, suffix: str) -> str:
    return spec if spec == STANDARD_INPUT else f"{output_name(spec)}.{suffix}"
