"""`archdsl space`: how large a search space is, what can be chosen in it, and networks drawn from it."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import replace
from pathlib import Path

from archdsl.cli import predictions
from archdsl.cli.arguments import add_out_file, resolution
from archdsl.cli.collector import collect_from_here
from archdsl.cli.commands import space_search
from archdsl.cli.commands.errors import AtAndSearch, FileWithPredictions, NotOneNetwork, SeedWithoutSamples
from archdsl.cli.errors import OptionAlone
from archdsl.cli.exit_codes import FINE
from archdsl.cli.files import refuse_to_overwrite, write_result
from archdsl.cli.formats import chosen
from archdsl.cli.output import Output
from archdsl.cli.progress import progress
from archdsl.cli.specs import STANDARD_INPUT, open_spec
from archdsl.diagnostics.render import printable
from archdsl.search_space.networks import Sample
from archdsl.search_space.proof import prove
from archdsl.search_space.report import Figures, as_csv, as_json, as_table
from archdsl.search_space.space import Space
from archdsl.spaces import freeze, open_space

_MOST = 1_000_000
_EXTENSIONS = {".arch": "arch", ".csv": "csv", ".json": "json"}


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Show the exact size of a search space, a model with choices such as `kernel = {3, 5}` in it, and what can be "
        "chosen; draw networks from it and report what they cost and how long they take; or write one of them down."
    )
    parser.epilog = (
        "examples:\n  archdsl space specs/mnasnet_space.arch\n"
        "  archdsl space specs/mnasnet_space.arch --prove\n"
        "  archdsl space specs/mnasnet_space.arch --sample 1000 --seed 7 --output-format csv\n"
        "  archdsl space specs/mnasnet_space.arch --sample 1000 --device v100 --training --batch 64\n"
        "  archdsl space specs/mnasnet_space.arch --device phone --where 'latency <= 80ms and params <= 5M' \\\n"
        "    --best max:macs --out mine.arch\n"
        "  archdsl space specs/mnasnet_space.arch --at 123456789 --out mine.arch"
    )
    parser.add_argument("spec", metavar="SPEC", help="an .arch file, or - for standard input")
    parser.add_argument("--variant", metavar="V", help="the model or variant, where the file has several spaces")
    parser.add_argument(
        "--resolution", type=resolution, metavar="R", help="height and width of the input (default: the model's)"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--sample", type=_count, metavar="N", help="draw so many networks, uniformly")
    which.add_argument(
        "--at", type=_index, metavar="I", help="the network with a number, from 0 to the size of the space"
    )
    parser.add_argument("--seed", type=_index, metavar="S", help="draw the same again (default: 0)")
    parser.add_argument(
        "--prove", action="store_true", help="elaborate every stage that any network has: least and most costs of all"
    )
    predictions.add_arguments(parser, "of memory: whose kernels and allocator (default: cpu)")
    space_search.add_arguments(parser)
    formats = ("table", "json", "csv", "arch")
    parser.add_argument("--output-format", choices=formats, help="default: table; for --out, what its extension says")
    add_out_file(parser)


def run(arguments: Namespace, output: Output) -> int:
    if arguments.seed is not None and not _draws(arguments):
        raise SeedWithoutSamples().error()
    collect_from_here()  # It may look at hundreds of networks, one after the other.
    is_file = arguments.out not in (None, STANDARD_INPUT)
    if is_file:
        refuse_to_overwrite(arguments.out, arguments.spec)
    style = chosen("--out", arguments.out, arguments.output_format, _EXTENSIONS, "table", text=("table", "csv", "arch"))
    _refuse(arguments, style)
    predicted = predictions.Predictions(arguments)
    search = space_search.Search(arguments, predicted)
    space = open_space(open_spec(arguments.spec), arguments.variant, resolution=arguments.resolution)
    samples = [space.at(arguments.at)] if arguments.at is not None else []
    if _draws(arguments):
        samples = search.found(space)
    text = _text(space, samples, arguments, style, predicted, search)
    if is_file:
        write_result(Path(arguments.out), f"{text}\n".encode(), force=arguments.force)
        output.result(f"wrote {printable(arguments.out)}")
    else:
        output.result(text)
    return FINE


def _draws(arguments: Namespace) -> bool:
    """Whether networks are drawn or looked for."""
    return arguments.sample is not None or arguments.where is not None or arguments.best is not None


def _refuse(arguments: Namespace, style: str) -> None:
    """Raises DiagnosticError where options do not go together."""
    if arguments.at is not None and _draws(arguments):
        raise AtAndSearch().error()
    if not _draws(arguments) and arguments.at is None:
        for name, is_given in (
            ("memory", arguments.memory),
            ("device", arguments.device is not None),
            ("batch", arguments.batch != 1),
        ):
            if is_given:
                remedy = "draw some, `--sample 100`, or name one by its number, `--at 123`"
                raise OptionAlone(name, "networks of the space", remedy).error()
    if style == "arch" and (arguments.memory or arguments.device is not None):
        raise FileWithPredictions().error()
    predictions.refuse_alone(arguments, "`--memory` or `--device NAME`")


def _figures(space: Space, samples: list[Sample], predicted: predictions.Predictions) -> Figures:
    """Stages make up a latency; a peak of memory is one of the whole network, which is elaborated for it."""
    values = []
    for index, sample in enumerate(samples if "memory" in predicted.how else ()):
        if index % 10 == 0:
            progress(f"memory of network {index + 1} of {len(samples)}")
        values.append(predicted.memory_of(space.architecture(sample)))
    progress("")
    values = values or [{} for _ in samples]
    if predicted.device is not None:
        times = space.latencies(
            samples,
            predicted.device,
            batch=predicted.batch,
            training=predicted.training,
            dtype=predicted.dtype,
        )
        values = [{**one, **predicted.timed(time)} for one, time in zip(values, times, strict=True)]
    return Figures(predicted.batch, predicted.measures, values, predicted.how, predicted.facts)


def _text(
    space: Space,
    samples: list[Sample],
    arguments: Namespace,
    style: str,
    predicted: predictions.Predictions,
    search: space_search.Search,
) -> str:
    if style == "arch":
        if len(samples) != 1:
            raise NotOneNetwork().error()
        target = Path(arguments.out if arguments.out not in (None, STANDARD_INPUT) else f"{space.name}.arch")
        return freeze(space, samples[0], target).rstrip("\n")
    proof = prove(space.model) if arguments.prove else None
    figures = replace(_figures(space, samples, predicted), notes=tuple(search.notes(space, len(samples))))
    match style:
        case "json":
            return as_json(space, samples, proof, figures)
        case "csv":
            return as_csv(space, samples, figures)
        case _:
            return as_table(space, samples, proof, figures)


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text) or not 1 <= int(text) <= _MOST:
        raise ArgumentTypeError(f"{text!r} is not a number of samples; it is a whole number from 1 to {_MOST:,}")
    return int(text)


def _index(text: str) -> int:
    digits = text.replace(",", "").replace("_", "")
    if not re.fullmatch(r"\d{1,110}", digits):
        raise ArgumentTypeError(f"{text!r} is not a whole number")
    return int(digits)
