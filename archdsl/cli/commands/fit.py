"""`archdsl fit`: the largest network within budgets, or a grid of networks with their costs."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from archdsl.cli.arguments import add_out_file
from archdsl.cli.collector import collect_from_here
from archdsl.cli.commands.errors import ConstraintWithoutGrid, SetsNothing, SetTwice
from archdsl.cli.exit_codes import FINE, exit_code
from archdsl.cli.files import write_result
from archdsl.cli.formats import chosen
from archdsl.cli.output import Output
from archdsl.cli.specs import STANDARD_INPUT, open_spec
from archdsl.diagnostics import DiagnosticError, Source, Span
from archdsl.diagnostics.render import printable
from archdsl.elaborate.evaluate.arithmetic import Constraint, scalar
from archdsl.elaborate.evaluate.values import Scalar
from archdsl.fitting.budgets import MEASURES, Limit, limit
from archdsl.fitting.errors import NoBudget
from archdsl.fitting.family import open_family
from archdsl.fitting.frozen import frozen
from archdsl.fitting.grid import Grid, grid
from archdsl.fitting.largest import Largest, largest
from archdsl.fitting.ranges import Range, ranges
from archdsl.fitting.report import as_json, as_table

_EXTENSIONS = {".arch": "arch", ".json": "json"}


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Find the largest network of a model that costs no more than the budgets allow. What varies is `phi`, where "
        "the model has it, else those of `width`, `depth` and `resolution` that it has, by the rule of compound "
        "scaling. With --grid, list the networks on a grid of parameter values."
    )
    parser.epilog = (
        "examples:\n  archdsl fit specs/mobilenetv2.arch --macs 100M\n"
        "  archdsl fit specs/efficientnet.arch --macs 400M --params 5.3M --out mine.arch\n"
        "  archdsl fit specs/efficientnet.arch --variant b1 --vary width=0.5..2:0.1 --macs '600M +- 5%'\n"
        "  archdsl fit specs/compound.arch --grid alpha,beta,gamma --set phi=1 \\\n"
        "    --constraint 'alpha * beta**2 * gamma**2 == 2 +- 5%'"
    )
    parser.add_argument("spec", metavar="SPEC", help="an .arch file, or - for standard input")
    parser.add_argument("--variant", metavar="V", help="start from a variant, `b1` (default: the model's own defaults)")
    for measure in MEASURES:
        parser.add_argument(f"--{measure}", metavar="N", help=f"budget of {measure}: `400M`, or about `400M +- 2%%`")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--vary", action="append", metavar="P", help="a parameter that may vary: `width`, `width=0.25..2:0.05`"
    )
    which.add_argument("--grid", action="append", metavar="P", help="list a grid: `alpha,beta=1..1.5:0.1`")
    parser.add_argument("--constraint", metavar="E", help="which points of the grid count: `alpha * beta**2 <= 2`")
    parser.add_argument("--set", action="append", default=[], metavar="P=V", help="give a parameter a value: `phi=1`")
    formats = ("table", "json", "arch")
    parser.add_argument("--output-format", choices=formats, help="default: table; for --out, what its extension says")
    add_out_file(parser)


class _Asked(NamedTuple):
    """What the options say."""

    limits: list[Limit]
    vary: tuple[Range, ...]
    grid: tuple[Range, ...]
    fixed: dict[str, Scalar]
    constraint: Constraint | None


def run(arguments: Namespace, output: Output) -> int:
    collect_from_here()  # It may look at hundreds of networks, one after the other.
    try:
        _deliver(_found(arguments), arguments, output)
    except DiagnosticError as failure:
        output.errors(failure.diagnostics)
        return exit_code(failure.diagnostics)
    return FINE


def _found(arguments: Namespace) -> Largest | Grid:
    _style(arguments)  # before it looks for long
    asked = _asked(arguments)
    family = open_family(open_spec(arguments.spec), arguments.variant)
    if asked.grid:
        return grid(family, asked.grid, asked.constraint, asked.limits, asked.fixed)
    return largest(family, asked.limits, asked.vary, asked.fixed)


def _style(arguments: Namespace) -> str:
    text = ("table", "arch")
    style: str = chosen("--out", arguments.out, arguments.output_format, _EXTENSIONS, "table", text=text)
    return style


def _deliver(found: Largest | Grid, arguments: Namespace, output: Output) -> None:
    is_file = arguments.out not in (None, STANDARD_INPUT)
    style = _style(arguments)
    match style:
        case "json":
            text = as_json(found) + "\n"
        case "arch":
            text = frozen(found, Path(arguments.out if is_file else f"{found.family.name}_fit.arch"))
        case _:
            text = as_table(found) + "\n"
    if is_file:
        write_result(Path(arguments.out), text.encode("utf-8"), force=arguments.force)
        output.result(f"wrote {printable(arguments.out)}")
    else:
        output.result(text.removesuffix("\n"))


# Options -------------------------------------------------------------------------------------------------------------


def _asked(arguments: Namespace) -> _Asked:
    """The options as what they mean. Raises DiagnosticError, with places in their texts."""
    given = {measure: getattr(arguments, measure) for measure in MEASURES}
    limits = [limit(measure, Source(f"--{measure}", text)) for measure, text in given.items() if text is not None]
    chosen_grid, vary = _ranges("--grid", arguments.grid), _ranges("--vary", arguments.vary)
    if not limits and not chosen_grid:
        raise NoBudget().error()
    if arguments.constraint is not None and not chosen_grid:
        raise ConstraintWithoutGrid().error()
    fixed = _values(arguments.set)
    constraint = None
    if arguments.constraint is not None:
        names = [*(one.name for one in chosen_grid), *fixed]
        constraint = Constraint(Source("--constraint", arguments.constraint), names)
    return _Asked(limits, vary, chosen_grid, fixed, constraint)


def _ranges(option: str, texts: Iterable[str] | None) -> tuple[Range, ...]:
    return ranges(Source(option, ",".join(texts))) if texts else ()


def _values(texts: Iterable[str]) -> dict[str, Scalar]:
    """The values that `--set NAME=VALUE` gives."""
    values: dict[str, Scalar] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        whole = Source("--set", text)
        if not equals or not name.strip().isidentifier():
            raise SetsNothing().error(Span(whole, 0, len(text)))
        if name.strip() in values:
            raise SetTwice(name.strip()).error()
        values[name.strip()] = scalar(Source("--set", value.strip()))
    return values
