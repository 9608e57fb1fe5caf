"""Networks timed in turns: prepared, held to each other, and then each for a moment, again and again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from archdsl.api import Network
from archdsl.benchmarking.errors import ContenderDiffers
from archdsl.benchmarking.prepare import prepare
from archdsl.benchmarking.request import Request, Side
from archdsl.benchmarking.running import Running
from archdsl.benchmarking.targets import BFLOAT16, BY_NAME, Purpose
from archdsl.calibration.calibrate import Plan, machine
from archdsl.calibration.timing import settle
from archdsl.exporting.comparison import relative_difference
from archdsl.exporting.settings import Dtype
from archdsl.ir.errors import refuse_several_inputs
from archdsl.weights import MismatchError, map_module, map_weights
from archdsl.weights.peers import build_peer


@dataclass(frozen=True)
class Settings:
    """What is timed, and how.

    Args:
        against: `timm:NAME` and the like, for the same networks of another library.
        targets: by what each is run.
        seconds: how long each runs in a round.
        externs: what constructs the modules of extern blocks, as `--extern` names it.
    """

    targets: tuple[str, ...]
    against: str | None = None
    purpose: Purpose = "inference"
    device: str = "cpu"
    batch: int = 1
    dtype: Dtype = "float32"
    threads: int = 1
    rounds: int = 15
    seconds: float = 0.3
    externs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contender:
    """A network by a target, and how it did.

    Args:
        rounds: the median of the seconds of a run, of each round.
        prepared: seconds from the module to its first answer, compiling included.
        processor: those of the processor for it, which other programs do not lengthen.
        peak: bytes of memory beyond what the libraries take; None where that is not known.
        difference: from our module in eager float32, relative to its output.
    """

    side: Side
    name: str
    target: str
    difference: float
    prepared: float
    processor: float = 0.0
    rounds: tuple[float, ...] = ()
    peak: int | None = None

    @property
    def seconds(self) -> float:
        return median(self.rounds)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, relative to the median."""
        if len(self.rounds) < 3:
            return 0.0
        low, _, high = quantiles(self.rounds, n=4)
        return (high - low) / 2 / self.seconds

    def speed(self, other: Contender) -> float:
        """How many times as fast as another this is: the median over the rounds, in each of which both ran."""
        return median(theirs / own for own, theirs in zip(self.rounds, other.rounds, strict=True))


@dataclass(frozen=True)
class Race:
    """All that ran, the first of which the others are compared with."""

    contenders: tuple[Contender, ...]
    settings: Settings
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def first(self) -> Contender:
        return self.contenders[0]

    @property
    def spread(self) -> float:
        return max(one.spread for one in self.contenders)


def race(
    network: Network, settings: Settings, weights: str | None = None, progress: Callable[[str], None] = lambda _: None
) -> Race:
    """Times a network, and one of another library with the same weights.

    Args:
        network: at the resolution that it is to run at.
        weights: a checkpoint, of ours or of another library; fresh ones with the statistics of random images, if None.

    Raises:
        DiagnosticError: where one cannot be prepared, or puts out something else.
        MismatchError: where the other library's network is another one, or the weights are.
    """
    with tempfile.TemporaryDirectory(prefix="archdsl-bench-") as folder, ExitStack() as running:
        progress("weights")
        asked = requests(network, settings, Path(folder), weights)
        runs = [running.enter_context(Running(request, request.origin or network.name)) for request in asked]
        for run in runs:
            progress(f"{run.title} by {run.request.target}")
            run.begin()
        return in_turns(runs, settings, progress)


def requests(network: Network, settings: Settings, folder: Path, weights: str | None = None) -> list[Request]:
    """What the processes of a race are to prepare, the other library's first; weights and images are files in `folder`.

    Raises as `race` does.
    """
    instead = "export it, and time the file with what runs it; `archdsl estimate` predicts its costs"
    refuse_several_inputs(network.architecture, "`archdsl bench`", instead)
    files = _weights(network, settings, weights, folder)
    images = folder / "images.safetensors"
    shape = (settings.batch, *network.architecture.input.sizes)
    save_file({"images": torch.randn(shape, generator=torch.Generator().manual_seed(0))}, images)
    sides: tuple[tuple[Side, str | None], ...] = (("theirs", settings.against), ("ours", None))
    return [
        Request(
            target,
            settings.purpose,
            network.architecture.to_json(),
            origin,
            str(files[side]),
            str(images),
            str(folder / f"{side}.{target}.outputs"),
            settings.device,
            settings.dtype,
            settings.threads,
            settings.externs,
        )
        for side, origin in sides
        if side in files
        for target in settings.targets
        if origin is None or not BY_NAME[target].is_ours
    ]


def in_turns(
    runs: Sequence[Running],
    settings: Settings,
    progress: Callable[[str], None] = lambda _: None,
    tolerance: float | None = None,
) -> Race:
    """Holds what is prepared to our module, and times it in turns; `tolerance` instead of those of targets and types.

    Raises:
        DiagnosticError: where one puts out something else, or fails.
    """
    wanted = _wanted(next(run.request for run in runs if run.request.origin is None))
    differences = [_held(run, wanted, tolerance or _tolerance(run, settings)) for run in runs]
    rounds: list[list[float]] = [[] for _ in runs]
    for turn in range(settings.rounds):
        for times, run in zip(rounds, runs, strict=True):
            progress(f"round {turn + 1} of {settings.rounds}: {run.title} by {run.request.target}")
            times.append(median(run.ask(f"run {settings.seconds}")["taken"]))
    progress("")
    return Race(
        tuple(
            Contender(
                "ours" if run.request.origin is None else "theirs",
                run.title,
                run.request.target,
                difference,
                run.seconds,
                run.processor,
                tuple(times),
                run.ask("end")["peak"],
            )
            for run, difference, times in zip(runs, differences, rounds, strict=True)
        ),
        settings,
        machine(Plan("eager", settings.threads, device=settings.device)),
    )


# Equal weights, equal outputs -----------------------------------------------------------------------------------------


def _weights(network: Network, settings: Settings, weights: str | None, folder: Path) -> dict[str, Path]:
    """The files of equal weights, for each side."""
    module = settle(network)
    if weights is not None:
        try:
            module.load_state_dict(map_weights(network, weights).ours)
        except MismatchError as error:
            raise error.elsewhere() from None
    state = module.state_dict()
    found = {"ours": folder / "ours.safetensors"}
    save_file({key: tensor.contiguous() for key, tensor in state.items()}, found["ours"])
    if settings.against is not None:
        theirs = build_peer(settings.against, network.architecture).eval()
        keys = map_module(network, theirs, settings.against)
        found["theirs"] = folder / "theirs.safetensors"
        mapped = keys.to_theirs(state)
        save_file({key: tensor.contiguous() for key, tensor in mapped.items()}, found["theirs"])
    return found


def _wanted(ours: Request) -> tuple[Tensor, ...]:
    """What our module puts out in eager float32, all of its digits: the reference of all."""
    with torch.backends.cudnn.flags(allow_tf32=False):
        return prepare(replace(ours, target="eager", dtype="float32", outputs="")).prepared.outputs


def _tolerance(run: Running, settings: Settings) -> float:
    return BFLOAT16 if settings.dtype == "bf16" else BY_NAME[run.request.target].tolerance


def _held(run: Running, wanted: tuple[Tensor, ...], tolerance: float) -> float:
    """How far the outputs of a contender are from those of our module. Raises DiagnosticError where that is too far."""
    request = run.request
    outputs = load_file(request.outputs)
    found = tuple(outputs[str(number)] for number in range(len(outputs)))
    pairs = zip(wanted, found, strict=False)
    worst = max(relative_difference(one, other) for one, other in pairs) if len(found) == len(wanted) else float("inf")
    if not worst <= tolerance:
        raise ContenderDiffers(run.title, request.target, f"{worst:.2g}").error()
    return worst
