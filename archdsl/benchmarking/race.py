"""Networks timed in turns: prepared, held to each other, and then each for a moment, again and again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from types import TracebackType
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from archdsl.api import Network
from archdsl.benchmarking.errors import ContenderDiffers, ContenderFails
from archdsl.benchmarking.prepare import prepare
from archdsl.benchmarking.request import Request, Side
from archdsl.benchmarking.targets import BFLOAT16, BY_NAME, Purpose
from archdsl.calibration.calibrate import Plan, machine
from archdsl.calibration.timing import settle
from archdsl.exporting.comparison import relative_difference
from archdsl.exporting.settings import Dtype
from archdsl.weights import map_module, map_weights
from archdsl.weights.peers import build_peer


@dataclass(frozen=True)
class Settings:
    """What is timed, and how.

    Args:
        against: `timm:NAME` and the like, for the same networks of another library.
        targets: by what each is run.
        seconds: how long each runs in a round.
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


@dataclass(frozen=True)
class Contender:
    """A network by a target, and how it did.

    Args:
        rounds: the median of the seconds of a run, of each round.
        prepared: seconds from the module to its first answer, compiling included.
        peak: bytes of memory beyond what the libraries take; None where that is not known.
        difference: from our module in eager float32, relative to its output.
    """

    side: Side
    name: str
    target: str
    difference: float
    prepared: float
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
    with tempfile.TemporaryDirectory(prefix="archdsl-bench-") as name, ExitStack() as running:
        folder = Path(name)
        progress("weights")
        files = _weights(network, settings, weights, folder)
        height, width = network.architecture.input[1:]
        shape = (settings.batch, network.architecture.input.channels, height, width)
        images = folder / "images.safetensors"
        save_file({"images": torch.randn(shape, generator=torch.Generator().manual_seed(0))}, images)
        runs: list[_Process] = []
        for side, origin in (("theirs", settings.against), ("ours", None)):
            for target in settings.targets if side in files else ():
                if origin is not None and BY_NAME[target].is_ours:
                    continue
                title = origin or network.name
                progress(f"{title} by {target}")
                request = Request(
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
                )
                process = _Process(request, title)
                running.enter_context(process)
                process.begin()
                runs.append(process)
        wanted = _wanted(network, settings, files["ours"], images)
        differences = [_held(process, wanted, settings) for process in runs]
        rounds: list[list[float]] = [[] for _ in runs]
        for turn in range(settings.rounds):
            for times, process in zip(rounds, runs, strict=True):
                progress(f"round {turn + 1} of {settings.rounds}: {process.title} by {process.request.target}")
                times.append(median(process.ask(f"run {settings.seconds}")["taken"]))
        progress("")
        return Race(
            tuple(
                Contender(
                    "ours" if process.request.origin is None else "theirs",
                    process.title,
                    process.request.target,
                    difference,
                    process.seconds,
                    tuple(times),
                    process.ask("end")["peak"],
                )
                for process, difference, times in zip(runs, differences, rounds, strict=True)
            ),
            settings,
            machine(Plan("eager", settings.threads, device=settings.device)),
        )


class _Process:
    """The process of a contender, ended with this."""

    def __init__(self, request: Request, title: str):
        self.request, self.title, self.seconds = request, title, 0.0
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process

    def __enter__(self) -> _Process:
        threads = str(self.request.threads)
        self.process = subprocess.Popen(
            # -P: what lies in the current folder is nobody's module.
            [sys.executable, "-P", "-m", "archdsl.benchmarking.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    def begin(self) -> None:
        """Raises DiagnosticError where it cannot be prepared."""
        self.seconds = self.ask(self.request.to_json())["seconds"]

    def ask(self, line: str) -> dict[str, Any]:
        """Its answer to a line. Raises DiagnosticError where it fails, or is no more."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(f"{line}\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        found: dict[str, Any] = json.loads(answer) if answer else {"failed": self._end()}
        if "failed" in found:
            raise ContenderFails(self.title, self.request.target, found["failed"]).error()
        return found

    def _end(self) -> str:
        code = self.process.wait()
        if code < 0:
            return f"its process ended by signal {-code}, perhaps for want of memory"
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "its process ended")


# Equal weights, equal outputs -----------------------------------------------------------------------------------------


def _weights(network: Network, settings: Settings, weights: str | None, folder: Path) -> dict[str, Path]:
    """The files of equal weights, for each side."""
    module = settle(network)
    if weights is not None:
        module.load_state_dict(map_weights(network, weights).ours)
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


def _wanted(network: Network, settings: Settings, weights: Path, images: Path) -> tuple[Tensor, ...]:
    """What our module puts out in eager float32: the reference of all."""
    request = Request(
        "eager", settings.purpose, network.architecture.to_json(), None, str(weights), str(images), "", "cpu",
        "float32", settings.threads,
    )  # fmt: skip
    return prepare(request).prepared.outputs


def _held(process: _Process, wanted: tuple[Tensor, ...], settings: Settings) -> float:
    """How far the outputs of a contender are from those of our module. Raises DiagnosticError where that is too far."""
    request = process.request
    outputs = load_file(request.outputs)
    found = tuple(outputs[str(number)] for number in range(len(outputs)))
    tolerance = BFLOAT16 if settings.dtype == "bf16" else BY_NAME[request.target].tolerance
    pairs = zip(wanted, found, strict=False)
    worst = max(relative_difference(one, other) for one, other in pairs) if len(found) == len(wanted) else float("inf")
    if not worst <= tolerance:
        raise ContenderDiffers(process.title, request.target, f"{worst:.2g}").error()
    return worst
