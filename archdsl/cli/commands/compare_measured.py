"""`archdsl compare --measure`: how long networks take here, in eager PyTorch, taken in turns."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Any, NamedTuple

from archdsl.cli.arguments import cores, count
from archdsl.cli.commands.errors import DoesNotRun, UnmeasuredType
from archdsl.cli.errors import OptionAlone
from archdsl.cli.predictions import DTYPES
from archdsl.cli.progress import progress
from archdsl.ir.architecture import Architecture

_ROUNDS = 9


class Measured(NamedTuple):
    """Seconds of each network, and how they were measured: for people and for programs."""

    seconds: list[float]
    how: str
    facts: dict[str, Any]


def add_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("measuring")
    group.add_argument(
        "--measure",
        action="store_true",
        help="build the networks and time them here, in eager PyTorch; keep the machine quiet meanwhile",
    )
    group.add_argument("--threads", type=count, metavar="N", help="threads to run with (default: one a core)")
    group.add_argument("--rounds", type=count, metavar="N", help=f"how often to time each (default: {_ROUNDS})")


def refuse(arguments: Namespace) -> None:
    """Raises DiagnosticError where an argument does not go with measuring, or nothing is measured that it could go
    with."""
    if not arguments.measure:
        for name in ("threads", "rounds"):
            if getattr(arguments, name) is not None:
                raise OptionAlone(name, "measuring", "add `--measure`").error()
    elif arguments.dtype not in (None, *DTYPES):
        raise UnmeasuredType(list(DTYPES), arguments.dtype).error()


def measured(networks: Sequence[tuple[str, Architecture]], arguments: Namespace) -> Measured:
    """The lower quartile of the seconds of each network. Raises DiagnosticError where one does not run, or there is
    no CUDA."""
    import torch  # Late, as all of this: other commands, and this one without `--measure`, start without it.

    from archdsl.calibration.calibrate import Plan, machine
    from archdsl.calibration.sample import typical
    from archdsl.calibration.timing import measure, require_cuda

    where, dtype = arguments.on or "cpu", arguments.dtype or "float32"
    if where == "cuda":
        require_cuda("leave out `--on cuda` to measure on the CPU")
    plan = Plan("eager", arguments.threads or cores(), rounds=arguments.rounds or _ROUNDS, device=where)
    before = torch.get_num_threads()
    torch.set_num_threads(plan.threads)
    try:
        runs = []
        for index, (name, architecture) in enumerate(networks):
            progress(f"building network {index + 1} of {len(networks)}")
            runs.append(_run(name, architecture, arguments, where, dtype))
        taken = measure(runs, plan.rounds, progress)
    finally:
        torch.set_num_threads(before)
        progress("")
    facts = {"on": where, "dtype": dtype, "training": arguments.training, "rounds": plan.rounds, **machine(plan)}
    what = "training step" if arguments.training else "inference"
    threads = f", {_several(plan.threads, 'thread')}" if where == "cpu" else ""
    library = f"eager PyTorch {facts['libraries']['torch']}"
    quartile = f"lower quartile of {_several(plan.rounds, 'round')}"
    how = f"{what} in {dtype} on {facts['processor']}, {library}{threads}, {quartile}"
    return Measured([typical(seconds) for seconds in taken], how, facts)


def _run(name: str, architecture: Architecture, arguments: Namespace, where: str, dtype: str) -> Any:
    """What runs a network, which it has done once."""
    from archdsl.api import Network
    from archdsl.calibration.timing import forward_pass, training_step

    make = training_step if arguments.training else forward_pass
    try:
        run = make(Network(architecture), arguments.batch, where, dtype)
        run()()
    except (RuntimeError, ValueError) as error:  # No memory, or batch norm in training on a map of one number.
        raise DoesNotRun(name, " ".join(str(error).split())[:300]).error() from None
    return run


def _several(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
