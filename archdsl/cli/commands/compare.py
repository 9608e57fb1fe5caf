"""`archdsl compare`: networks side by side, as a table and as a picture."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from archdsl.backends.pareto import Measure, NetworkRow, measure
from archdsl.backends.pareto.measures import ADDED_BY, COUNTS
from archdsl.backends.pareto.report import Comparison, as_csv, as_json, as_table
from archdsl.backends.pareto.rows import counted
from archdsl.backends.targets import named
from archdsl.cli import predictions
from archdsl.cli.arguments import add_force
from archdsl.cli.commands import compare_measured
from archdsl.cli.commands.compare_data import read_data, unmatched
from archdsl.cli.commands.errors import NotPlot, SameColumn, UnknownAxis
from archdsl.cli.exit_codes import exit_code
from archdsl.cli.files import refuse_edited_file, write
from archdsl.cli.output import Output
from archdsl.cli.versions import version
from archdsl.diagnostics import DiagnosticError, did_you_mean
from archdsl.diagnostics.render import printable
from archdsl.ir.architecture import Architecture

_PICTURES = ("svg", "png")


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Set networks side by side: what they cost, how long they take, and which of them no other beats in one "
        "measure without losing in the other. Every number that a network has can be a column: its costs, its "
        "parameters, and those of a table of yours, such as accuracies."
    )
    parser.epilog = (
        "examples:\n  archdsl compare specs/efficientnet.arch specs/v2_s.arch specs/resnet.arch:50\n"
        "  archdsl compare specs/efficientnet.arch specs/v2_s.arch --data top1.csv --x macs --y top1 --plot front.svg\n"
        "  archdsl compare specs/ablations.arch --device v100 --training --batch 64 --plot speed.png\n"
        "  archdsl compare specs/mobilenetv2.arch specs/mnasnet.arch --measure --threads 2\n"
        "  archdsl compare net.arch net.arch@HEAD~3 --output-format json\n\n"
        "top1.csv has a column `name` with the names of networks, and others with numbers."
    )
    parser.add_argument(
        "specs", nargs="+", metavar="SPEC", help="an .arch file, or a variant of it, or a revision: FILE:b1@HEAD"
    )
    predictions.add_arguments(parser, "whose kernels and allocator, and where to measure (default: cpu)")
    parser.add_argument("--data", metavar="FILE", help="a CSV table with further columns, by the `name` of a network")
    parser.add_argument(
        "--column", action="append", default=[], metavar="C", help="show a numeric parameter, too, such as `width`"
    )
    parser.add_argument("--x", metavar="C", help="first measure of the front (default: latency, else macs)")
    parser.add_argument("--y", metavar="C", help="second measure (default: the first column of --data, else params)")
    parser.add_argument("--plot", metavar="FILE", help="draw the networks and their front into an .svg or .png file")
    add_force(parser)
    parser.add_argument("--output-format", choices=("table", "json", "csv"), default="table", help="default: table")
    compare_measured.add_arguments(parser)


def run(arguments: Namespace, output: Output) -> int:
    picture = _picture_format(arguments.plot)
    compare_measured.refuse(arguments)
    ways_out = "`--memory`, `--device NAME` or `--measure`"
    predictions.refuse_alone(arguments, ways_out, is_measured=arguments.measure)
    predicted = predictions.Predictions(arguments)
    data = read_data(Path(arguments.data)) if arguments.data is not None else {}
    networks, code = _networks(arguments.specs, output)
    if not networks:
        return code
    output.warnings(unmatched(data, [architecture.name for _, architecture in networks], arguments.data))
    values = [{**counted(architecture, arguments.batch), **predicted.of(architecture)} for _, architecture in networks]
    how, facts = dict(predicted.how), dict(predicted.facts)
    asked = list(predicted.measures)
    if arguments.measure:
        found = compare_measured.measured(networks, arguments)
        how["measured"], facts["measured"] = found.how, found.facts
        asked.append("measured")
        for one, seconds in zip(values, found.seconds, strict=True):
            one["measured"] = seconds
    own = list(dict.fromkeys(key for row in data.values() for key in row))
    _refuse_twice(asked, own, arguments.data)
    rows = [
        NetworkRow(name, architecture.input, {**one, **data.get(architecture.name, {})})
        for (name, architecture), one in zip(networks, values, strict=True)
    ]
    first = next((key for key in ("latency", "measured") if key in asked), "macs")
    x, y = (_axis(name, rows) for name in (arguments.x or first, arguments.y or (own[0] if own else "params")))
    shown = list(dict.fromkeys([*COUNTS, *asked, *arguments.column, *own, x.key, y.key]))
    measures = [_axis(key, rows) for key in shown]
    if picture is not None:
        from archdsl.backends.pareto.plot import plot

        families = [architecture.model for _, architecture in networks]
        drawn = plot(list(zip(families, rows, strict=True)), x, y, picture, how)
        drawn = named(picture).as_file(drawn)
        if named(picture).keeps_edits and not arguments.force:
            refuse_edited_file(Path(arguments.plot), drawn, "--plot FILE")
    output.result(_text(Comparison(rows, measures, x, y, how, facts), arguments))
    if picture is not None:
        write(Path(arguments.plot), drawn)
        output.remark(f"wrote {printable(arguments.plot)}")
    return code


def _refuse_twice(asked: Sequence[str], own: Sequence[str], path: str) -> None:
    """Raises DiagnosticError where a table of the user's has a column that was asked for here."""
    for key in asked:
        if key in own:
            raise SameColumn(path, key).error()


def _networks(specs: Sequence[str], output: Output) -> tuple[list[tuple[str, Architecture]], int]:
    """The networks of all arguments by name, with their revision, and with their file where two files have one of that
    name; and the exit code of what went wrong."""
    found: dict[tuple[str, str], Architecture] = {}
    code = 0
    for spec in specs:
        asked = version(spec, None)
        try:
            compiled = asked.compiled()
        except DiagnosticError as failure:
            problems = failure.diagnostics
        else:
            problems = compiled.problems
            output.warnings([space.is_open() for space in compiled.spaces])
            suffix = f"@{asked.revision}" if asked.revision else ""
            for architecture in compiled.architectures:
                found[f"{architecture.name}{suffix}", compiled.source.name] = architecture
        output.errors(problems)
        code = max(code, exit_code(problems))
    names = Counter(name for name, _ in found)
    return [(name if names[name] == 1 else f"{file}:{name}", net) for (name, file), net in found.items()], code


def _axis(key: str, rows: Sequence[NetworkRow]) -> Measure:
    """The measure of a name. Raises DiagnosticError where no network has it."""
    known = list(dict.fromkeys(name for row in rows for name in row.values))
    if key not in known:
        help = f"add {ADDED_BY[key]}" if key in ADDED_BY else did_you_mean(key, known)
        raise UnknownAxis(key, known).error(help=help)
    return measure(key)


def _text(found: Comparison, arguments: Namespace) -> str:
    match arguments.output_format:
        case "json":
            return as_json(found, arguments.batch)
        case "csv":
            return as_csv(found)
        case _:
            return as_table(found)


def _picture_format(path: str | None) -> str | None:
    """What kind of picture a file name asks for. Raises DiagnosticError for another."""
    if path is None:
        return None
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in _PICTURES:
        raise NotPlot(path).error()
    return suffix
