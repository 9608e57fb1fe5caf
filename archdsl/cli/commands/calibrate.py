"""`archdsl calibrate`: measures the machine at hand and writes its device profile."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from importlib.util import find_spec
from pathlib import Path

from archdsl.cli.arguments import cores, count
from archdsl.cli.exit_codes import FINE
from archdsl.cli.files import write
from archdsl.cli.output import Output
from archdsl.cli.progress import progress
from archdsl.diagnostics import Diagnostic, Failure
from archdsl.diagnostics.codes import MISSING_TOOL, WRONG_USAGE
from archdsl.diagnostics.render import printable


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
    parser.add_argument("--out", metavar="FILE", help="the profile, a .json (default: device-BACKEND.json)")


def run(arguments: Namespace, output: Output) -> int:
    target = arguments.out or f"device-{arguments.backend}.json"
    if Path(target).suffix.lower() != ".json":  # which is how a profile is read again
        message = f"a profile is a .json file, not {printable(target)}"
        raise Failure(
            [Diagnostic(WRONG_USAGE, message, None, help=f"write `--out {printable(Path(target).stem)}.json`")]
        )
    _require(arguments.backend)
    if arguments.device == "cuda" and arguments.backend != "eager":
        message = "ONNX Runtime is calibrated on the CPU"
        raise Failure([Diagnostic(WRONG_USAGE, message, None, help="leave out `--device cuda` or `--backend`")])
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
    )
    path = Path(target)
    document = {**calibrate(plan, _command(arguments), progress), "name": path.stem}
    write(path, (json.dumps(document, separators=(",", ":")) + "\n").encode())
    facts = document["facts"]
    output.result(f"{path}: {facts['kernels']} kernels of {plan.networks} networks in {facts['seconds']:.0f} s")
    return FINE


def _require(backend: str) -> None:
    missing = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]
    if backend == "onnxruntime" and missing:
        message = f"calibrating ONNX Runtime needs {', '.join(missing)}"
        raise Failure([Diagnostic(MISSING_TOOL, message, None, help="install it with `pip install archdsl[onnx]`")])


def _command(arguments: Namespace) -> str:
    """The command that repeats it."""
    words = ["archdsl calibrate", f"--backend {arguments.backend}", f"--threads {arguments.threads or cores()}"]
    words += [f"--{name} {value}" for name in ("networks", "rounds") if (value := getattr(arguments, name))]
    words += [f"--device {arguments.device}"] if arguments.device != "cpu" else []
    return " ".join([*words, *(["--quick"] if arguments.quick else [])])
