"""`archdsl space`: how large a search space is, what can be chosen in it, and networks drawn from it."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from archdsl.cli.arguments import resolution
from archdsl.cli.exit_codes import FINE
from archdsl.cli.files import refuse_to_overwrite, write
from archdsl.cli.garbage import collect_from_here
from archdsl.cli.output import Output
from archdsl.cli.specs import STANDARD_INPUT, open_spec
from archdsl.diagnostics import Diagnostic, Failure
from archdsl.diagnostics.codes import WRONG_USAGE
from archdsl.diagnostics.render import printable
from archdsl.spaces import Sample, Space, open_space
from archdsl.spaces.frozen import frozen
from archdsl.spaces.proof import prove
from archdsl.spaces.report import as_csv, as_json, as_table

_MOST = 1_000_000


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Tell the exact size of a search space, a model with choices such as `kernel = {3, 5}` in it, and what can be "
        "chosen; draw networks from it and count what they cost; or write one of them down."
    )
    parser.epilog = (
        "examples:\n  archdsl space specs/mnasnet_space.arch\n"
        "  archdsl space specs/mnasnet_space.arch --prove\n"
        "  archdsl space specs/mnasnet_space.arch --sample 1000 --seed 7 --output-format csv\n"
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
        "--prove", action="store_true", help="elaborate every stage that any network has, and tell least and most costs"
    )
    formats = ("table", "json", "csv", "arch")
    parser.add_argument("--output-format", choices=formats, help="default: table; for a FILE.arch, arch")
    parser.add_argument("--out", metavar="FILE", help="where to write (default: standard output)")


def run(arguments: Namespace, output: Output) -> int:
    if arguments.seed is not None and arguments.sample is None:
        message = "`--seed` says which networks are drawn, and none are"
        raise Failure([Diagnostic(WRONG_USAGE, message, None, help="add `--sample N`")])
    collect_from_here()  # It may look at hundreds of networks, one after the other.
    is_file = arguments.out not in (None, STANDARD_INPUT)
    if is_file:
        refuse_to_overwrite(arguments.out, arguments.spec)
    style = arguments.output_format or ("arch" if is_file and arguments.out.endswith(".arch") else "table")
    space = open_space(open_spec(arguments.spec), arguments.variant, resolution=arguments.resolution)
    text = _text(space, _samples(space, arguments), arguments, style)
    if is_file:
        write(Path(arguments.out), f"{text}\n".encode())
        output.result(f"wrote {printable(arguments.out)}")
    else:
        output.result(text)
    return FINE


def _samples(space: Space, arguments: Namespace) -> list[Sample]:
    if arguments.at is not None:
        return [space.at(arguments.at)]
    return space.sample(arguments.sample or 0, arguments.seed or 0)


def _text(space: Space, samples: list[Sample], arguments: Namespace, style: str) -> str:
    if style == "arch":
        if len(samples) != 1:
            help = "name it by its number, `--at 123`, or draw one, `--sample 1`"
            raise Failure([Diagnostic(WRONG_USAGE, "a file holds one network of the space", None, help=help)])
        target = Path(arguments.out if arguments.out not in (None, STANDARD_INPUT) else f"{space.name}.arch")
        return frozen(space, samples[0], target).rstrip("\n")
    proof = prove(space.model) if arguments.prove else None
    match style:
        case "json":
            return as_json(space, samples, proof)
        case "csv":
            return as_csv(space, samples)
        case _:
            return as_table(space, samples, proof)


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text) or not 1 <= int(text) <= _MOST:
        raise ArgumentTypeError(f"{text!r} is no number of samples; it is a whole number from 1 to {_MOST:,}")
    return int(text)


def _index(text: str) -> int:
    digits = text.replace(",", "").replace("_", "")
    if not re.fullmatch(r"\d{1,110}", digits):
        raise ArgumentTypeError(f"{text!r} is no whole number")
    return int(digits)
