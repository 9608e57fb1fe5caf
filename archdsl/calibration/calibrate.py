"""From the machine at hand to its device profile: the networks of the design, measured round by round, and fitted."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any, Protocol

import torch

from archdsl.api import Network, loads
from archdsl.backends.latency.profile import FORMAT_VERSION, Backend
from archdsl.calibration.clock import Run, scatter
from archdsl.calibration.design import Design, designs
from archdsl.calibration.errors import BusyMachine
from archdsl.calibration.fit import fallbacks, measured
from archdsl.calibration.sample import Measurements, Whole, merged
from archdsl.diagnostics import DiagnosticError

# Networks of the design that take too long, or nothing, are left out.
_MACS = (2e6, 2.5e9)
# Networks take turns for so many rounds; those of ONNX Runtime, where each makes new sessions, run several times.
ROUNDS: dict[Backend, int] = {"eager": 9, "onnxruntime": 5}
_LIBRARIES = {"eager": ("torch",), "onnxruntime": ("onnxruntime", "onnx", "torch")}

# Rounds after which runs can be compared, and seconds between two looks at a busy machine.
_FIRST_LOOK, _PAUSE = 3, 2.0

Progress = Callable[[str], None]


class Probe(Protocol):
    """A network that is measured a round at a time. `runs` are those of the whole network so far."""

    runs: list[Run]

    @property
    def is_on_cpu(self) -> bool: ...

    def round(self) -> None: ...

    def measurements(self) -> Measurements: ...


@dataclass(frozen=True)
class Plan:
    """How much to measure: networks for inference and for training, and rounds of each.

    Where runs scatter by more than `max_scatter`, it waits for up to `wait` seconds before the first round, and then
    raises DiagnosticError; None is not a bound.
    """

    backend: Backend
    threads: int
    networks: int = 96
    training: int = 14
    rounds: int = 9
    device: str = "cpu"
    max_scatter: float | None = None
    wait: float = 60.0


def calibrate(
    plan: Plan, command: str, progress: Progress, beside: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """The profile of the machine at hand, as the document that `read_profile` reads.

    `beside` runs once in each round of inference: what is measured there is measured in turns with the kernels.
    """
    started = perf_counter()
    before = torch.get_num_threads()
    torch.set_num_threads(plan.threads)
    try:
        inference, updates = _measure(plan, progress, beside)
    finally:
        torch.set_num_threads(before)
    overhead = _overhead(inference.wholes)
    tables = {
        **inference.tables(),
        **{name: kernels for name, kernels in updates.tables().items() if _is_new(name, inference)},
    }
    found = {}
    for index, (name, kernels) in enumerate(tables.items()):
        progress(f"fitting {index + 1} of {len(tables)}: {name}")
        found[name] = measured(kernels)
    progress("")
    return {
        "format_version": FORMAT_VERSION,
        "name": f"{plan.backend}-{plan.threads}" if plan.device == "cpu" else plan.device,
        "title": f"{_processor(plan.device)}, {_threads(plan)}",
        "backend": plan.backend,
        "on": "cpu" if plan.device == "cpu" else "cuda",
        "dtype": "float32",
        "overhead": overhead,
        "backward_overhead": _backward_overhead(updates.wholes, overhead),
        "measured": {**found, **fallbacks(tables)},
        "facts": {
            "command": command,
            "seconds": round(perf_counter() - started, 1),
            "networks": plan.networks,
            "training_networks": plan.training if plan.backend == "eager" else 0,
            "rounds": plan.rounds,
            "kernels": sum(map(len, tables.values())),
            # By which fraction the runs of a network were longer than necessary, at the median of the networks.
            "scatter": round(median(whole.scatter for whole in (*inference.wholes, *updates.wholes)), 3),
            "max_scatter": plan.max_scatter,
            # Seconds of each network as a whole, of its kernels one by one, and how many these are.
            "wholes": [[float(f"{value:.4g}") for value in astuple(whole)[:3]] for whole in inference.wholes],
            **machine(plan),
        },
    }


def _measure(plan: Plan, progress: Progress, beside: Callable[[], None]) -> tuple[Measurements, Measurements]:
    chosen = list(_networks(plan.networks))
    built = [_probe(plan, *each) for each in _told(chosen, "building", progress)]
    _wait_until_quiet(plan, built[0], progress)
    inference = _rounds(built, plan.rounds, progress, beside, plan.max_scatter)
    if plan.backend != "eager" or not plan.training or plan.device != "cpu":
        return inference, Measurements((), ())
    from archdsl.calibration.training import TrainingProbe

    step = max(1, len(chosen) // plan.training)
    some = [(network, max(design.batch, 2)) for network, design in chosen[::step]][: plan.training]
    probes = [TrainingProbe(network, batch) for network, batch in some]
    return inference, _rounds(probes, max(3, plan.rounds // 2), progress, max_scatter=plan.max_scatter)


def _networks(count: int) -> Iterator[tuple[Network, Design]]:
    """The first `count` networks of the design that take neither too long nor too short."""
    found = 0
    for design in designs(20 * count):
        network = loads(design.text)
        if _MACS[0] <= network.macs * design.batch <= _MACS[1]:
            yield network, design
            found += 1
            if found == count:
                return


def _told(chosen: list[tuple[Network, Design]], what: str, progress: Progress) -> Iterator[tuple[Network, int]]:
    for index, (network, design) in enumerate(chosen):
        progress(f"{what} network {index + 1} of {len(chosen)}")
        yield network, design.batch


def _probe(plan: Plan, network: Network, batch: int) -> Probe:
    if plan.backend == "onnxruntime":
        from archdsl.calibration.exported import ExportedProbe

        return ExportedProbe(network, batch, plan.threads)
    from archdsl.calibration.eager import EagerProbe, Placement

    return EagerProbe(network, batch, Placement(plan.device))


def _rounds(
    probes: Sequence[Probe],
    rounds: int,
    progress: Progress,
    beside: Callable[[], None] = lambda: None,
    max_scatter: float | None = None,
) -> Measurements:
    """Every network once a round, so that whatever else the machine does falls on all of them alike.

    Raises DiagnosticError as soon as their runs scatter too much: what was measured until then is of no use, and the
    rest would be no better.
    """
    for turn in range(rounds):
        for index, probe in enumerate(probes):
            progress(f"round {turn + 1} of {rounds}, network {index + 1} of {len(probes)}")
            probe.round()
        beside()
        if turn + 1 in (_FIRST_LOOK, rounds) and max_scatter is not None:
            found = median(scatter(probe.runs, is_on_cpu=probe.is_on_cpu) for probe in probes)
            if found > max_scatter:
                raise _busy(found, max_scatter, f"after {turn + 1} of {rounds} rounds of {len(probes)} networks")
    return merged(probe.measurements() for probe in probes)


def _wait_until_quiet(plan: Plan, probe: Probe, progress: Progress) -> None:
    """Runs a network until its runs scatter little enough. Raises DiagnosticError where that takes too long."""
    if plan.max_scatter is None:
        return
    until = perf_counter() + plan.wait
    while True:
        for _ in range(_FIRST_LOOK):
            probe.round()
        found = scatter(probe.runs[-_FIRST_LOOK:], is_on_cpu=probe.is_on_cpu)
        if found <= plan.max_scatter:
            probe.runs.clear()
            return
        if perf_counter() >= until:
            raise _busy(found, plan.max_scatter, f"after waiting for {plan.wait:.0f} s")
        progress(f"waiting for a quiet machine: runs scatter by {100 * found:.0f} %")
        sleep(_PAUSE)


def _busy(found: float, bound: float, when: str) -> DiagnosticError:
    return BusyMachine(100 * found, 100 * bound, when).error()


def _is_new(name: str, inference: Measurements) -> bool:
    """Whether training has kernels that inference has not."""
    return name not in inference.tables()


def _overhead(wholes: tuple[Whole, ...]) -> float:
    """What the framework adds to each kernel, less what timing it added: that by which the sums of kernels come closest
    to whole networks, in proportion to each."""
    weights = [whole.kernels / whole.parts**2 for whole in wholes]
    missing = sum(weight * (whole.seconds - whole.parts) for weight, whole in zip(weights, wholes, strict=True))
    return missing / sum(weight * whole.kernels for weight, whole in zip(weights, wholes, strict=True))


def _backward_overhead(wholes: tuple[Whole, ...], overhead: float) -> float:
    """What it adds to each backward kernel, of which there are about as many as forward ones."""
    if not wholes:
        return overhead
    return 2 * _overhead(wholes) - overhead


# Facts ---------------------------------------------------------------------------------------------------------------


def machine(plan: Plan) -> dict[str, Any]:
    """What the numbers depend on, and when they were taken; nothing that names the machine."""
    return {
        "date": date.today().isoformat(),
        "processor": _processor(plan.device),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": plan.threads,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in _LIBRARIES[plan.backend]},
    }


def _threads(plan: Plan) -> str:
    where = "eager PyTorch" if plan.backend == "eager" else "ONNX Runtime"
    threads = f"{plan.threads} thread{'s' if plan.threads > 1 else ''}"
    return f"{where}, {threads}" if plan.device == "cpu" else where


def _processor(device: str) -> str:
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "unknown"
