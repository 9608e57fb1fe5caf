"""Networks on a CUDA device, in ten minutes: as fast as timm's, how near the roofline, and as predicted?

- Inference in bfloat16, channels last, of EfficientNetV2-S/M/L (with TensorFlow's padding, as timm has weights for),
  EfficientNet-B0 to B7 and NFNet-F0/F1 against the same networks of timm, eager and compiled in the same mode (CUDA
  graphs, frozen weights).
- What part of the roofline the compiled network reaches: the time that its convolutions and linear layers would take
  at the peak or at the bandwidth of the data sheet, whichever is longer, all else for nothing, over the time measured.
- Latency and peak of memory of the eager network against `archdsl estimate --device` and `--memory --on cuda`.
- Training steps of V2-M against EfficientNet-B7 at equal settings (bfloat16 by autocast, momentum), and against timm.

Every network has a process of its own, as in `archdsl bench`. That both sides compute the same was proven in float64,
when weights were mapped; how far bfloat16 is from our module in float32 is shown, and may be far in training.
Several are compiled at once, nothing is compiled while another is timed. What no time was left for is named. Where
there is no CUDA device nothing is run; `--device cpu --tiny` tries all of it on small networks.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import torch

import archdsl
from archdsl.api import Network
from archdsl.backends.latency import Latencies, Profile, eager
from archdsl.backends.memory import Setting, isa_of_this_machine, memory
from archdsl.backends.table import aligned
from archdsl.benchmarking.race import Contender, Race, Settings, in_turns, requests
from archdsl.benchmarking.request import Request
from archdsl.benchmarking.running import Running
from archdsl.benchmarking.targets import INT8
from archdsl.diagnostics import DiagnosticError
from archdsl.ir.walk import walk
from benchmarks.measure import progress, write_results
from benchmarks.train_on_gpu import profile_of

Purpose = Literal["inference", "training"]
TARGETS = ("channels_last", "compiled")
# Networks whose weights are mapped at once.
_AT_ONCE = 6


@dataclass(frozen=True)
class Case:
    """A network under our name and timm's, and its images; `resolution` is its own where it is None."""

    ours: str
    timm: str
    batch: int
    purpose: Purpose = "inference"
    resolution: int | None = None

    @property
    def network(self) -> Network:
        return archdsl.find(self.ours, resolution=self.resolution)


def inference(ours: str, timm: str | None = None, batch: int = 64) -> Case:
    return Case(ours, timm or ours, batch)


# In waves: those of one are compiled at once. What matters most comes first.
WAVES: tuple[tuple[Case, ...], ...] = (
    (
        inference("tf_efficientnetv2_s"),
        inference("tf_efficientnetv2_m"),
        inference("tf_efficientnetv2_l"),
        inference("efficientnet_b0"),
        inference("efficientnet_b7"),
        inference("nfnet_f0", "dm_nfnet_f0"),
    ),
    (
        # On few images, as many as fit: B7 has gigabytes of maps for each.
        Case("tf_efficientnetv2_m", "tf_efficientnetv2_m", 8, "training", 380),
    ),
    (Case("efficientnet_b7", "efficientnet_b7", 8, "training", 600),),
    (
        *(inference(f"efficientnet_b{number}") for number in range(1, 7)),
        inference("nfnet_f1", "dm_nfnet_f1"),
    ),
)
TINY = (
    (Case("mobilenetv2_050", "mobilenetv2_050", 2, resolution=64),),
    (
        Case("mobilenetv2_100", "mobilenetv2_100", 2, "training", 64),
        Case("mobilenetv2_050", "mobilenetv2_050", 2, "training", 64),
    ),
)


@dataclass(frozen=True)
class Bench:
    device: torch.device
    profile: Profile
    rounds: int
    seconds: float

    def settings(self, case: Case) -> Settings:
        return Settings(
            TARGETS,
            f"timm:{case.timm}",
            case.purpose,
            self.device.type,
            case.batch,
            "bf16",
            rounds=self.rounds,
            seconds=self.seconds,
        )


# Running -------------------------------------------------------------------------------------------------------------


# What processes are to prepare, and why there are none.
Asked = tuple[list[Request], list[str]]


def wave(cases: Sequence[Case], asked: Sequence[Future[Asked]], bench: Bench) -> Iterator[dict[str, Any]]:
    """The rows of some networks, whose processes are prepared at once."""
    names = ", ".join(case.ours for case in cases)
    with ExitStack() as running:
        progress(f"weights of {names}")
        runs = [
            [running.enter_context(Running(request, request.origin or case.ours)) for request in each.result()[0]]
            for case, each in zip(cases, asked, strict=True)
        ]
        everything = [run for several in runs for run in several]
        progress(f"compiling {names}")
        with ThreadPoolExecutor(max(1, len(everything))) as threads:
            reasons = dict(zip(map(id, everything), threads.map(_begin, everything), strict=True))
        for case, several, each in zip(cases, runs, asked, strict=True):
            failed = [reason for run in several if (reason := reasons[id(run)])]
            good = [run for run in several if not reasons[id(run)]]
            yield _row(case, good, [*failed, *each.result()[1]], bench)


def _requests(case: Case, bench: Bench, place: Path) -> Asked:
    """What its processes are to prepare, or why there are none."""
    place.mkdir()
    try:
        return requests(case.network, bench.settings(case), place), []
    except DiagnosticError as error:
        return [], [str(error)]


def _begin(run: Running) -> str | None:
    """Why it cannot be prepared, if it cannot."""
    try:
        run.begin()
    except DiagnosticError as error:
        return str(error)
    return None


def _row(case: Case, runs: Sequence[Running], failed: Sequence[str], bench: Bench) -> dict[str, Any]:
    network = case.network
    facts = {
        "network": case.ours,
        "against": f"timm:{case.timm}",
        "for": case.purpose,
        "resolution": network.architecture.input.height,
        "batch": case.batch,
        "failed": list(failed),
    }
    if not any(run.request.origin is None for run in runs):
        return {**facts, "contenders": []}
    try:
        found = in_turns(runs, bench.settings(case), progress, INT8)
    except DiagnosticError as error:
        return {**facts, "failed": [*failed, str(error)], "contenders": []}
    finally:
        torch.cuda.empty_cache()  # of the reference
    return {
        **facts,
        **_predicted(case, network, bench),
        "contenders": [_contender(one, found) for one in found.contenders],
    }


def _contender(one: Contender, race: Race) -> dict[str, Any]:
    return {
        "side": one.side,
        "target": one.target,
        "seconds": round(one.seconds, 6),
        "spread": round(one.spread, 4),
        "images_per_second": round(race.settings.batch / one.seconds, 1),
        "difference": float(f"{one.difference:.2g}"),
        "ready_after": round(one.prepared, 1),
        "peak_memory": one.peak,
        "speed_of_theirs": _of_theirs(one, race),
    }


def _of_theirs(one: Contender, race: Race) -> float | None:
    """How many times as fast as the other library's by the same target."""
    theirs = [other for other in race.contenders if other.side == "theirs" and other.target == one.target]
    return round(one.speed(theirs[0]), 3) if theirs and one.side == "ours" else None


# Predicting ----------------------------------------------------------------------------------------------------------


def _predicted(case: Case, network: Network, bench: Bench) -> dict[str, Any]:
    """What the text says: seconds and bytes of the eager network, and the seconds of its roofline."""
    training = case.purpose == "training"
    latency = Latencies(
        network.architecture, bench.profile, batch=case.batch, training=training, dtype="bfloat16"
    ).model()
    if training:  # what autocast keeps in both types is `archdsl plan`'s to say: train_on_gpu.py
        return {"predicted_seconds": round(latency.seconds, 6)}
    setting = Setting(case.batch, "bfloat16", on=bench.device.type, isa=isa_of_this_machine())
    return {
        "predicted_seconds": round(latency.seconds, 6),
        "predicted_memory": memory(network.architecture, setting).peak.total,
        "roofline_seconds": round(roofline(network, bench.profile, case.batch), 6),
        "flops": 2 * network.macs * case.batch,
    }


def roofline(network: Network, device: Profile, batch: int) -> float:
    """The seconds that a device of the data sheet needs for the network in its form for inference.

    Each kernel with weights takes its operations at the peak or its bytes at the bandwidth, and is launched for
    nothing; a compiler can compute all else where its input is. Numbers are in bfloat16.
    """
    whole = {name: each.model_copy(update={"compute": 1.0, "memory": 1.0}) for name, each in device.efficiency.items()}
    assert device.launch is not None
    ideal = device.model_copy(update={"efficiency": whole, "launch": device.launch.model_copy(update={"value": 1e-18})})
    kernels = [kernel for visit in walk(network.for_inference().architecture) for kernel in eager.kernels(visit, batch)]
    return sum(ideal.time(kernel, "bfloat16").seconds for kernel in kernels if kernel.weights)


# Reporting -----------------------------------------------------------------------------------------------------------


def ratios(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """How many times as many images a second V2-M is trained on as B7, by each target."""
    trained = {row["network"]: row for row in rows if row["for"] == "training"}
    if len(trained) < 2:
        return {}
    first, second = (_ours(row) for row in trained.values())
    return {
        target: round(first[target]["images_per_second"] / second[target]["images_per_second"], 3)
        for target in TARGETS
        if target in first and target in second
    }


def _ours(row: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["target"]: one for one in row["contenders"] if one["side"] == "ours"}


def show(results: dict[str, Any]) -> None:
    header = ["network", "for", "px", "batch", "by", "ms", "images/s", "of timm's", "roofline", "predicted ms",
              "peak", "predicted", "ready after s"]  # fmt: skip
    cells = []
    for row in results["rows"]:
        for target, one in _ours(row).items():
            is_eager = target == "channels_last"
            ideal, seconds, size = (row.get(f"{key}") for key in
                                    ("roofline_seconds", "predicted_seconds", "predicted_memory"))  # fmt: skip
            cells.append(
                [
                    row["network"],
                    row["for"],
                    str(row["resolution"]),
                    str(row["batch"]),
                    target,
                    f"{1e3 * one['seconds']:.3g}",
                    f"{one['images_per_second']:,.0f}",
                    f"{one['speed_of_theirs']:.2f} x" if one["speed_of_theirs"] else "",
                    f"{ideal / one['seconds']:.0%}" if ideal else "",
                    f"{1e3 * seconds:.3g}" if seconds and is_eager else "",
                    f"{one['peak_memory'] / 1e9:.2f} GB" if one["peak_memory"] else "",
                    f"{size / 1e9:.2f} GB" if size and is_eager else "",
                    f"{one['ready_after']:.0f}",
                ]
            )
        for reason in row["failed"]:
            cells.append([row["network"], row["for"], "", "", f"failed: {reason}"] + [""] * 8)
    print(aligned(header, cells, "<<>><>>>>>>>>"))
    for target, ratio in results["v2_m_against_b7"].items():
        print(f"training, {target}: V2-M takes {ratio:.2f} x as many images a second as B7")
    if results["not_run"]:
        print(f"no time was left for {', '.join(results['not_run'])}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="(default: cuda)")
    parser.add_argument("--for", choices=("inference", "training"), dest="purpose", help="only this (default: both)")
    parser.add_argument("--tiny", action="store_true", help="small networks, and no result: a try")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="timings of each (default: 5)")
    parser.add_argument("--seconds", type=float, default=0.2, metavar="S", help="of each timing (default: 0.2)")
    parser.add_argument(
        "--limit", type=float, default=400, metavar="S", help="begin no more networks after it (default: 400)"
    )
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        print("no CUDA device here: nothing was run")
        return
    # Of each process that compiles, several at once.
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "4")
    device = torch.device(arguments.device)
    bench = Bench(device, profile_of(device), arguments.rounds, arguments.seconds)
    start = perf_counter()
    left: dict[str, list[str]] = {purpose: [] for purpose in ("inference", "training")}
    rows: dict[str, list[dict[str, Any]]] = {purpose: [] for purpose in left}

    def results(purpose: str) -> dict[str, Any]:
        return {
            "device": torch.cuda.get_device_name() if device.type == "cuda" else "CPU",
            "profile": bench.profile.name,
            "seconds": round(perf_counter() - start),
            "v2_m_against_b7": ratios(rows[purpose]),
            "not_run": left[purpose],
            "rows": rows[purpose],
        }

    waves = [[case for case in cases if arguments.purpose in (None, case.purpose)] for cases in _waves(arguments)]
    with (
        tempfile.TemporaryDirectory(prefix="archdsl-gpu-") as folder,
        # Fresh processes: this one holds a CUDA context, which cannot be forked. In the order of the waves.
        ProcessPoolExecutor(_AT_ONCE, get_context("spawn")) as pool,
    ):
        asked = [[pool.submit(_requests, case, bench, Path(folder) / f"{case.ours}_{case.purpose}") for case in cases]
                 for cases in waves]  # fmt: skip
        for cases, several in zip(waves, asked, strict=True):
            if not cases:
                continue
            purpose = cases[0].purpose
            if perf_counter() - start > arguments.limit:
                left[purpose] += [case.ours for case in cases]
                continue
            rows[purpose] += wave(cases, several, bench)
            progress("")
            if not arguments.tiny:  # what is measured is kept, whatever becomes of the rest
                write_results(f"gpu_{purpose}", results(purpose), command=f"gpu --for {purpose}")
        pool.shutdown(cancel_futures=True)
    for purpose in left:
        if rows[purpose] or left[purpose]:
            show(results(purpose))
            if not arguments.tiny:
                write_results(f"gpu_{purpose}", results(purpose), command=f"gpu --for {purpose}")


def _waves(arguments: argparse.Namespace) -> tuple[tuple[Case, ...], ...]:
    if arguments.tiny:
        return TINY
    # B7 has two gigabytes of maps for each image that it is trained on, and four networks are there at once.
    large = arguments.device == "cuda" and torch.cuda.get_device_properties(0).total_memory > 120 * 10**9
    return tuple(
        tuple(replace(case, batch=2 * case.batch) if large and case.purpose == "training" else case for case in cases)
        for cases in WAVES
    )


if __name__ == "__main__":
    main()
