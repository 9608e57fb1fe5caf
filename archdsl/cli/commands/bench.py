"""`archdsl bench`: how fast a network is here, by PyTorch and by others, and beside the same one of another library."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from archdsl.benchmarking.errors import MissingOfBench, NotThisWay, Scatters, UnknownLibrary
from archdsl.benchmarking.targets import BY_NAME, GROUPS, PURPOSES, TARGETS, Target
from archdsl.cli.arguments import add_extern, add_force, batch, cores, count, resolution
from archdsl.cli.exit_codes import FINE
from archdsl.cli.files import refuse_edited_file, write
from archdsl.cli.formats import chosen
from archdsl.cli.one_network import one_network
from archdsl.cli.output import Output
from archdsl.cli.progress import progress
from archdsl.diagnostics import did_you_mean
from archdsl.diagnostics.render import printable
from archdsl.exporting.settings import DTYPES, facts_of

if TYPE_CHECKING:
    from archdsl.benchmarking.race import Race

_ROUNDS = 15
_SECONDS = 0.3
# Times that scatter more are said to.
_MOST_SPREAD = 0.1
_PICTURES = {".svg": "svg", ".png": "png"}


def add_arguments(parser: ArgumentParser) -> None:
    targets = "\n".join(f"  {target.name:<17} {target.doc}" for target in TARGETS)
    parser.description = (
        "Time a network here, in processes of their own and in turns, after its outputs were found equal. With "
        "--against, the same network of another library is timed beside it, on the same weights. Keep the machine "
        "quiet meanwhile."
    )
    parser.epilog = (
        f"targets:\n{targets}\n\n"
        "examples:\n"
        "  archdsl bench specs/mobilenetv2.arch --variant 100 --against timm:mobilenetv2_100\n"
        "  archdsl bench specs/v2_s.arch --targets eager,compiled,openvino,int8 --batch 8 --plot speed.svg\n"
        "  archdsl bench specs/nfnet.arch --variant f0 --against timm:dm_nfnet_f0 --for training --batch 4"
    )
    parser.add_argument("spec", metavar="SPEC", help="an .arch file, or - for standard input")
    parser.add_argument("--variant", metavar="V", help="the network, `b1` or `efficientnet_b1`")
    parser.add_argument(
        "--against", metavar="NETWORK", help="the same network of another library: `timm:NAME`, `torchvision:NAME`"
    )
    parser.add_argument("--for", dest="purpose", choices=PURPOSES, default="inference", help="default: inference")
    parser.add_argument(
        "--targets",
        type=_targets,
        default=("eager",),
        metavar="T,T",
        help="what runs it, see below; `int8` means both of them (default: eager)",
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="default: cpu")
    parser.add_argument("--batch", type=batch, default=1, metavar="N", help="images at a time (default: 1)")
    parser.add_argument(
        "--resolution", type=resolution, metavar="R", help="height and width of images (default: the model's input)"
    )
    parser.add_argument("--dtype", choices=DTYPES, default="float32", help="of PyTorch's targets (default: float32)")
    add_extern(parser)
    parser.add_argument("--weights", metavar="FILE", help="a .safetensors or .pth (default: fresh ones)")
    parser.add_argument("--threads", type=count, metavar="N", help="threads of each (default: one a core)")
    parser.add_argument(
        "--rounds", type=count, default=_ROUNDS, metavar="N", help=f"turns of each (default: {_ROUNDS})"
    )
    parser.add_argument(
        "--seconds", type=_seconds, default=_SECONDS, metavar="S", help=f"how long a turn takes (default: {_SECONDS})"
    )
    parser.add_argument("--plot", metavar="FILE", help="draw the speeds into an .svg or .png file")
    add_force(parser)
    parser.add_argument("--output-format", choices=("table", "json"), default="table", help="default: table")


def run(arguments: Namespace, output: Output) -> int:
    picture = chosen("--plot", arguments.plot, None, _PICTURES, "svg")
    _refuse(arguments)
    if picture == "svg" and arguments.plot is not None and not arguments.force:
        refuse_edited_file(Path(arguments.plot), b"", "--plot FILE")  # before anything is timed
    architecture, code = one_network(arguments.spec, output, variant=arguments.variant, resolution=arguments.resolution)
    if architecture is None:
        return code
    # Here and not above, for the other commands start without torch.
    from archdsl.api import Network
    from archdsl.benchmarking.race import Settings, race
    from archdsl.benchmarking.report import as_json, as_text

    threads = arguments.threads or cores()
    settings = Settings(
        arguments.targets, arguments.against, arguments.purpose, arguments.device, arguments.batch, arguments.dtype,
        threads, arguments.rounds, arguments.seconds, tuple(arguments.extern),
    )  # fmt: skip
    network = Network(architecture)
    found = race(network, settings, arguments.weights, progress)
    drawn = _drawn(found, network.name, picture, arguments)
    if arguments.output_format == "json":
        output.result(json.dumps(as_json(found), indent=2))
    else:
        output.result(as_text(found))
    if drawn is not None:
        write(Path(arguments.plot), drawn)
        output.remark(f"wrote {printable(arguments.plot)}")
    if found.spread > _MOST_SPREAD:
        output.warnings([Scatters(f"{100 * found.spread:.0f} %").at(None)])
    return FINE


def _drawn(found: Race, name: str, picture: str, arguments: Namespace) -> bytes | None:
    if arguments.plot is None:
        return None
    from archdsl.benchmarking.report import plot

    shape = f"batch {arguments.batch}, {arguments.purpose} on {arguments.device}"
    return plot(found, f"{name}: {shape}", picture)


def _refuse(arguments: Namespace) -> None:
    """Raises DiagnosticError for targets that do not go with what is asked, or whose tools are missing."""
    from archdsl.weights.peers import is_peer

    if arguments.against is not None and not is_peer(arguments.against):
        raise UnknownLibrary(arguments.against).error()
    trains, on_cuda = arguments.purpose == "training", arguments.device == "cuda"
    if on_cuda:
        from archdsl.calibration.timing import require_cuda

        require_cuda("leave out `--device cuda` to time on the CPU")
    for name in arguments.targets:
        target = BY_NAME[name]
        if trains and not target.trains:
            raise _not("train", target, [one for one in TARGETS if one.trains])
        if on_cuda and not target.on_cuda:
            raise _not("run on CUDA here", target, [one for one in TARGETS if one.on_cuda])
        if not _computes_in(target, arguments.dtype):
            raise _not(
                f"run in {arguments.dtype}", target, [one for one in TARGETS if _computes_in(one, arguments.dtype)]
            )
        missing = [package for package in target.packages if find_spec(package) is None]
        if missing:
            raise MissingOfBench(name, " and ".join(missing)).error()


def _computes_in(target: Target, dtype: str) -> bool:
    return target.exported is None or dtype in facts_of(target.exported).computes_in


def _not(what: str, target: Target, others: list[Target]) -> Exception:
    return NotThisWay(target.name, what, ", ".join(one.name for one in others)).error()


def _targets(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for word in text.split(","):
        names = GROUPS.get(word, (word,))
        for name in names:
            if name not in BY_NAME:
                known = [*BY_NAME, *GROUPS]
                raise ArgumentTypeError(f"there is no target {word!r}{_meant(word, known)}")
            found[name] = None
    return tuple(found)


def _meant(word: str, known: list[str]) -> str:
    meant = did_you_mean(word, known)
    return f"; {meant}" if meant else f"; there are {', '.join(known)}"


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found <= 600:
        raise ArgumentTypeError(f"{text!r} is no time in seconds, up to 600")
    return found
