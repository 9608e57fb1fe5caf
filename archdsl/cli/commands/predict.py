"""`archdsl predict`: what the network of a run sees in pictures."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from archdsl.backends.table import aligned
from archdsl.cli.arguments import add_extern, count
from archdsl.cli.exit_codes import FINE
from archdsl.cli.output import Output


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = "Print the most probable classes of pictures, by the network of a run."
    parser.epilog = "examples:\n  archdsl predict run cat.jpg\n  archdsl predict run photos/*.jpg --top 1"
    parser.add_argument("run", metavar="RUN", help="the folder that `archdsl train` wrote")
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="a picture: .jpg, .png or what else Pillow reads")
    add_extern(parser)
    parser.add_argument("--top", type=count, default=5, metavar="N", help="classes for each (default: 5)")
    parser.add_argument("--device", metavar="D", help="cpu, cuda or cuda:1 (default: a GPU, if there is one)")
    parser.add_argument("--output-format", choices=("table", "json"), default="table", help="default: table")


def run(arguments: Namespace, output: Output) -> int:
    # Here and not above, for the other commands start without torch.
    from archdsl.training.run import load_run

    guesses = load_run(arguments.run, arguments.device).predict(arguments.images, top=arguments.top)
    pairs = list(zip(arguments.images, guesses, strict=True))
    if arguments.output_format == "json":
        found = [{"image": path, "classes": [guess._asdict() for guess in some]} for path, some in pairs]
        output.result(json.dumps(found, indent=2))
        return FINE
    rows = [
        (path if rank == 0 else "", guess.name, f"{100 * guess.probability:.1f} %")
        for path, some in pairs
        for rank, guess in enumerate(some)
    ]
    output.result(aligned(("image", "class", "probability"), rows, "<<>"))
    return FINE
