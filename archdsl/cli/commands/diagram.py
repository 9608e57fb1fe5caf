"""`archdsl diagram`: a network as a figure."""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from archdsl.cli.arguments import add_force, add_variant
from archdsl.cli.figures import as_file, keeps_edits
from archdsl.cli.files import refuse_edited_file, refuse_to_overwrite, write
from archdsl.cli.formats import chosen
from archdsl.cli.names import output_name
from archdsl.cli.output import Output
from archdsl.cli.specs import STANDARD_INPUT, compile_specs
from archdsl.diagnostics import Diagnostic, DiagnosticError
from archdsl.diagnostics.codes import SMALL_TEXT, WRONG_USAGE
from archdsl.diagnostics.render import printable

if TYPE_CHECKING:
    from archdsl.backends.diagram import Format
    from archdsl.backends.diagram.width import Width

_FORMATS = ("svg", "pdf", "png", "dot", "mermaid")
_EXTENSIONS: Mapping[str, Format | Literal["mermaid"]] = {
    ".svg": "svg",
    ".dot": "dot",
    ".gv": "dot",
    ".png": "png",
    ".pdf": "pdf",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
}
# Texts: whoever lays them out decides how wide they are.
_TEXTS = ("dot", "mermaid")


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = "Draw a network: its stages as a paper shows them, the inside of its blocks, or each operator."
    parser.epilog = (
        "examples:\n  archdsl diagram specs/v2_l.arch                             writes v2_l.svg\n"
        "  archdsl diagram specs/efficientnet.arch --variant b0 --level block --out b0.png\n"
        "  archdsl diagram specs/v2_l.arch --width 3.3in --no-costs --out v2_l.pdf   one column of a paper\n"
        "  archdsl diagram specs/v2_l.arch --layout lr --format mermaid --out -      for a page on GitHub"
    )
    parser.add_argument("spec", metavar="SPEC", help="an .arch file, or - for standard input")
    add_variant(parser)
    parser.add_argument("--level", choices=("stage", "block", "operator"), default="stage", help="default: stage")
    parser.add_argument("--format", choices=_FORMATS, help="default: that of FILE's extension, else svg")
    parser.add_argument(
        "--layout", choices=("tb", "lr"), default="tb", help="top to bottom, or left to right (default: tb)"
    )
    parser.add_argument("--width", metavar="W", help="width of an svg, pdf or png: 3.3in, 84mm, 8.4cm, 240pt or 800px")
    parser.add_argument("--no-costs", action="store_true", help="leave parameters and MACs out")
    parser.add_argument(
        "--out", metavar="FILE", help="where to write, - for standard output (default: NAME.FORMAT in this folder)"
    )
    add_force(parser)


def run(arguments: Namespace, output: Output) -> int:
    if arguments.out not in (None, STANDARD_INPUT):
        refuse_to_overwrite(arguments.out, arguments.spec)
    style = chosen("--out", arguments.out, arguments.format, _EXTENSIONS, "svg", text=_TEXTS)
    wide = _width(arguments.width, style)
    specs = compile_specs([arguments.spec], output, variant=arguments.variant)
    if not specs.architectures:
        return specs.exit_code
    from archdsl.backends.diagram import Options, draw, mermaid
    from archdsl.backends.diagram.rendering import convert, layout

    options = Options(arguments.layout, not arguments.no_costs)
    if style == "mermaid":
        data = mermaid(specs.architectures, arguments.level, options).encode()
    else:
        dot = draw(specs.architectures, arguments.level, options)
        data = dot.encode()
        if style != "dot":
            svg = layout(dot)
            data = convert(svg, style, wide)
            output.warnings(_hard_to_read(svg, wide) if wide is not None else [])
    target = arguments.out or _default_target(arguments.spec, style)
    if target == STANDARD_INPUT:
        output.data(data)
    else:
        data = as_file(data, style)
        if keeps_edits(style) and not arguments.force:
            refuse_edited_file(Path(target), data, "--out FILE")
        write(Path(target), data)
        output.result(f"wrote {printable(target)}")
    return specs.exit_code


def _default_target(spec: str, suffix: str) -> str:
    extension = "mmd" if suffix == "mermaid" else suffix
    return spec if spec == STANDARD_INPUT else f"{output_name(spec)}.{extension}"


def _width(text: str | None, style: str) -> Width | None:
    """The width that was asked for. Raises DiagnosticError where it is none, or where the format has none."""
    if text is None:
        return None
    if style in _TEXTS:
        message = f"`--width` is for svg, pdf and png; whoever lays {style} out decides how wide it is"
        raise DiagnosticError(
            [Diagnostic(WRONG_USAGE, message, None, help="leave `--width` out, or ask for another format")]
        )
    from archdsl.backends.diagram.width import MOST, UNITS, width

    found = width(text)
    if found is None:
        message = f"`--width {printable(text)}` is no width from 1pt to {MOST}in"
        units = ", ".join(f"`{unit}`" for unit in UNITS)
        raise DiagnosticError(
            [Diagnostic(WRONG_USAGE, message, None, help=f"a number with its unit, {units}, as in `3.3in`")]
        )
    return found


def _hard_to_read(svg: bytes, wide: Width) -> list[Diagnostic]:
    from archdsl.backends.diagram.rendering import smallest_text
    from archdsl.backends.diagram.width import READABLE, Width

    size = smallest_text(svg, wide)
    if size >= READABLE:
        return []
    least = Width(math.ceil(wide.number * READABLE / size * 10) / 10, wide.unit)
    message = f"at a width of {wide} the smallest letters are {size:.1f} points high, which is hard to read"
    help = f"they are {READABLE:g} points at {least}; one variant, or another `--layout` or `--level`, takes less"
    return [Diagnostic(SMALL_TEXT, message, None, help=help)]
