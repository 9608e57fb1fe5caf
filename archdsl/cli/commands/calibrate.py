"""`archdsl calibrate`: measures the machine at hand and writes its device profile."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from importlib.util import find_spec
from pathlib import Path

from archdsl.cli.arguments import cores, count
from archdsl.cli.commands.errors import NotProfileName, RoughProfile, RuntimeNotOnCuda
from archdsl.cli.errors import MissingPackages
from archdsl.cli.exit_codes import FINE
from archdsl.cli.files import refuse_standard_output, within, write
from archdsl.cli.output import Output
from archdsl.cli.progress import progress
from archdsl.diagnostics.render import printable

# Runs on a quiet machine scatter by a few percent, short ones by more.
_MAX_SCATTER = 0.25


def add_arguments(parser: ArgumentParser) -> None:
    parser.description = (
        "Measure what convolutional networks are made of on this machine, through the real backend, and write the "
        "profile that `archdsl estimate --device FILE` reads. The kernels are measured where they run, in networks "
        "that spread evenly over what published ones use and are none of them. Keep the machine quiet meanwhile."
    )
    parser.epilog = (
        "examples:\n  archdsl calibrate --threads 2\n"
        "  archdsl calibrate --backend onnxruntime --out laptop.json\n"
        "  archdsl estimate specs/v2_s.arch --device device-eager.json --explain"
    )
    parser.add_argument(
        "--backend", choices=("eager", "onnxruntime"), default="eager", help="what runs the networks (default: eager)"
    )
    parser.add_argument("--threads", type=count, metavar="N", help="threads to run with (default: one a core)")
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), default="cpu", help="cuda goes with the eager backend (default: cpu)"
    )
    parser.add_argument("--networks", type=count, metavar="N", help="how many networks to measure (default: 96)")
    parser.add_argument(
        "--rounds", type=count, metavar="N", help="how often to measure each (default: 9; ONNX Runtime: 5)"
    )
    parser.add_argument("--quick", action="store_true", help="a third of that: rougher, for a first look")
    parser.add_argument(
        "--max-scatter",
        type=_part,
        metavar="X",
        help="give up where runs of one network scatter by more than this share, as on a busy machine (default: 0.25)",
    )
    parser.add_argument("--force", action="store_true", help="go on however much they scatter; the profile records it")
    parser.add_argument("--out", metavar="FILE", help="the profile, a .json (default: device-BACKEND.json)")


def run(arguments: Namespace, output: Output) -> int:
    refuse_standard_output(arguments.out, "a profile", "file")
    name = f"device-{arguments.backend}.json"
    target = within(arguments.out, name) or name
    if Path(target).suffix.lower() != ".json":  # which is how a profile is read again
        raise NotProfileName(printable(target), printable(Path(target).stem)).error()
    _require(arguments.backend)
    if arguments.device == "cuda" and arguments.backend != "eager":
        raise RuntimeNotOnCuda().error()
    from archdsl.calibration.calibrate import ROUNDS, Plan, calibrate
    from archdsl.calibration.timing import require_cuda

    if arguments.device == "cuda":
        require_cuda("leave out `--device cuda` to calibrate the CPU")
    usual = Plan(arguments.backend, arguments.threads or cores(), device=arguments.device)
    share = 3 if arguments.quick else 1
    plan = Plan(
        usual.backend,
        usual.threads,
        networks=arguments.networks or usual.networks // share,
        training=usual.training // share,
        rounds=arguments.rounds or max(2, ROUNDS[arguments.backend] // share),
        device=usual.device,
        max_scatter=None if arguments.force else arguments.max_scatter or _MAX_SCATTER,
    )
    path = Path(target)
    document = {**calibrate(plan, _command(arguments), progress), "name": path.stem}
    write(path, (json.dumps(document, separators=(",", ":")) + "\n").encode())
    facts = document["facts"]
    scatter = f"runs scatter by {100 * facts['scatter']:.0f} %"
    summary = f"{facts['kernels']} kernels of {plan.networks} networks in {facts['seconds']:.0f} s; {scatter}"
    output.result(f"{path}: {summary}")
    if facts["scatter"] > _MAX_SCATTER:
        output.warnings([RoughProfile(str(path), scatter).at(None)])
    return FINE


def _part(text: str) -> float:
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = 0.0
    if not 0 < value < 1000:
        raise ArgumentTypeError(f"{text!r} is not a share above 0; write 0.25 or 25%")
    return value


def _require(backend: str) -> None:
    missing = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]
    if backend == "onnxruntime" and missing:
        raise MissingPackages("calibrating ONNX Runtime", missing, "onnx").error()


def _command(arguments: Namespace) -> str:
    """The command that repeats it."""
    words = ["archdsl calibrate", f"--backend {arguments.backend}", f"--threads {arguments.threads or cores()}"]
    words += [f"--{name} {value}" for name in ("networks", "rounds") if (value := getattr(arguments, name))]
    words += [f"--max-scatter {arguments.max_scatter:g}"] if arguments.max_scatter else []
    words += ["--force"] if arguments.force else []
    words += [f"--device {arguments.device}"] if arguments.device != "cpu" else []
    return " ".join([*words, *(["--quick"] if arguments.quick else [])])
