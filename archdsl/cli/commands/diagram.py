"""`archdsl diagram`: a network as a figure."""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from archdsl.backends.diagram.options import Options
from archdsl.backends.targets import FIGURES, Request, Target, named
from archdsl.cli.arguments import add_force, add_variant
from archdsl.cli.files import refuse_edited_file, refuse_to_overwrite, within, write
from archdsl.cli.formats import chosen
from archdsl.cli.names import output_name
from archdsl.cli.output import Output
from archdsl.cli.specs import STANDARD_INPUT, compile_specs
from archdsl.diagnostics import Diagnostic
from archdsl.diagnostics.render import printable

if TYPE_CHECKING:
    from archdsl.backends.diagram.width import Width

_EXTENSIONS = {suffix: figure.name for figure in FIGURES for suffix in figure.suffixes}
_TEXTS = tuple(figure.name for figure in FIGURES if figure.is_text)
_SIZED = [figure.name for figure in FIGURES if figure.sized]


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = "Draw a network: its stages as a paper shows them, the inside of its blocks, or each operator."
    parser.epilog = (
        "examples:\n  archdsl diagram specs/v2_l.arch                             writes v2_l.svg\n"
        "  archdsl diagram specs/efficientnet.arch --variant b0 --level block --out b0.png\n"
        "  archdsl diagram specs/v2_l.arch --width 3.3in --no-costs --out v2_l.pdf   one column of a paper\n"
        "  archdsl diagram specs/v2_l.arch --layout lr --format mermaid --out -      for a page on GitHub\n"
        "  archdsl diagram specs/v2_l.arch --width 84mm --out v2_l.tex               TikZ, for LaTeX"
    )
    parser.add_argument("spec", metavar="SPEC", help="an .arch file, or - for standard input")
    add_variant(parser)
    parser.add_argument("--level", choices=("stage", "block", "operator"), default="stage", help="default: stage")
    parser.add_argument(
        "--format", choices=[figure.name for figure in FIGURES], help="default: that of FILE's extension, else svg"
    )
    parser.add_argument(
        "--layout", choices=("tb", "lr"), default="tb", help="top to bottom, or left to right (default: tb)"
    )
    parser.add_argument(
        "--width", metavar="W", help=f"width of an {_listed(_SIZED)}: 3.3in, 84mm, 8.4cm, 240pt or 800px"
    )
    parser.add_argument("--no-costs", action="store_true", help="leave parameters and MACs out")
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="where to write, - for standard output; NAME.FORMAT in a folder (default: in this one)",
    )
    add_force(parser)


def run(arguments: Namespace, output: Output) -> int:
    out = arguments.out
    if out is not None and arguments.spec != STANDARD_INPUT:
        out = within(out, _default_target(arguments.spec, named(arguments.format or "svg")))
    if out not in (None, STANDARD_INPUT):
        refuse_to_overwrite(out, arguments.spec)
    figure = named(chosen("--out", out, arguments.format, _EXTENSIONS, "svg", text=_TEXTS))
    wide = _width(arguments.width, figure)
    specs = compile_specs([arguments.spec], output, variant=arguments.variant)
    if not specs.architectures:
        return specs.exit_code
    options = Options(arguments.layout, not arguments.no_costs)
    data, letters = figure.emit(Request(specs.architectures, "", arguments.level, options, wide))
    if letters is not None and wide is not None:
        output.warnings(_hard_to_read(letters, wide))
    target = out or _default_target(arguments.spec, figure)
    if target == STANDARD_INPUT:
        output.data(data)
    else:
        data = figure.as_file(data)
        if figure.keeps_edits and not arguments.force:
            refuse_edited_file(Path(target), data, "--out FILE")
        write(Path(target), data)
        output.result(f"wrote {printable(target)}")
    return specs.exit_code


def _default_target(spec: str, figure: Target) -> str:
    return spec if spec == STANDARD_INPUT else f"{output_name(spec)}{figure.suffix}"


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _width(text: str | None, figure: Target) -> Width | None:
    """The width that was asked for. Raises DiagnosticError where it is not one, or where the format has none."""
    if text is None:
        return None
    if not figure.sized:
        from archdsl.cli.commands.errors import NoWidth

        raise NoWidth(figure.name, _SIZED).error()
    from archdsl.backends.diagram.width import MOST, UNITS, width

    found = width(text)
    if found is None:
        from archdsl.cli.commands.errors import BadWidth

        raise BadWidth(printable(text), MOST, list(UNITS)).error()
    return found


def _hard_to_read(size: float, wide: Width) -> list[Diagnostic]:
    """A warning where letters are so small, in points."""
    from archdsl.backends.diagram.width import READABLE, Width

    if size >= READABLE:
        return []
    least = Width(math.ceil(wide.number * READABLE / size * 10) / 10, wide.unit)
    from archdsl.cli.commands.errors import SmallText

    return [SmallText(str(wide), size, READABLE, str(least)).at(None)]
