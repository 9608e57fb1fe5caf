"""Latency as the cost model predicts it, against the clock, on networks that calibration has not seen.

Calibrates, as `archdsl calibrate` does, and measures inference of networks of every family in `specs/` and
`examples/` in turns with that: in eager PyTorch and exported to ONNX Runtime, on the CPU and, where one is at hand,
eager on a CUDA device. Then measures them again, so that what the machine drifts shows apart from what the model errs.
With a profile that is at hand, only the latter. And the training steps of EfficientNet-B4 with stages fused
(EfficientNetV2, Table 3).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any, Literal

import torch

import archdsl
from archdsl.backends.latency import Latencies, Profile, profile, read_profile
from archdsl.backends.latency.profile import profile_from
from archdsl.backends.table import aligned
from archdsl.calibration.calibrate import ROUNDS, Plan, calibrate
from archdsl.calibration.sample import typical
from archdsl.calibration.timing import Prepared, forward_pass, measure, one_round, settle, training_step
from benchmarks.measure import ROOT, progress, write_results

LARGEST_ERROR, LEAST_RANK_CORRELATION = 0.10, 0.98
Backend = Literal["eager", "onnxruntime"]


@dataclass(frozen=True)
class Case:
    """A network at a resolution, with a batch."""

    spec: str
    variant: str
    resolution: int
    batch: int = 1

    @property
    def name(self) -> str:
        return f"{self.network.name} @ {self.resolution}" + (f" x {self.batch}" if self.batch > 1 else "")

    @property
    def network(self) -> archdsl.Network:
        return archdsl.load(ROOT / self.spec, self.variant, resolution=self.resolution)

    def images(self) -> torch.Tensor:
        shape = self.network.architecture.input
        return torch.randn(self.batch, *shape, generator=torch.Generator().manual_seed(0))


CASES = (
    Case("specs/mobilenetv2.arch", "mobilenetv2_050", 96),
    Case("specs/mobilenetv2.arch", "mobilenetv2_100", 224),
    Case("specs/mobilenetv2.arch", "mobilenetv2_140", 192),
    Case("specs/mobilenetv2.arch", "mobilenetv2_075", 160, 8),
    Case("specs/mobilenet.arch", "mobilenet_025", 224),
    Case("specs/mobilenet.arch", "mobilenet_100", 192),
    Case("specs/mnasnet.arch", "mnasnet_a1_100", 224),
    Case("specs/mnasnet.arch", "mnasnet_b1_050", 160),
    Case("specs/efficientnet.arch", "efficientnet_b0", 224),
    Case("specs/efficientnet.arch", "efficientnet_b0", 128, 8),
    Case("specs/efficientnet.arch", "efficientnet_b3", 240),
    Case("specs/tf_efficientnet.arch", "tf_efficientnet_b1", 160),
    Case("specs/v2_b.arch", "efficientnetv2_b0", 192),
    Case("specs/v2_s.arch", "efficientnetv2_s", 224),
    Case("specs/ablations.arch", "b0_without_se", 192),
    Case("specs/ablations.arch", "b4_fused_1_3", 160),
    Case("specs/resnet.arch", "resnet_18", 224),
    Case("specs/resnet.arch", "resnet_50", 224),
    Case("specs/resnet.arch", "resnet_34", 128, 8),
    Case("specs/resnet.arch", "resnet_d_50", 160),
    Case("specs/resnet.arch", "resnext50_32x4d", 160),
    Case("specs/resnet.arch", "seresnext50_32x4d", 128),
    Case("specs/shufflenet.arch", "shufflenet_g3", 224),
    Case("specs/shufflenet.arch", "shufflenet_g8_050", 160),
    Case("specs/nfnet.arch", "nfnet_f0", 128),
    Case("specs/resattnet.arch", "resattnet_56", 160),
    Case("examples/convnext.arch", "convnext_tiny", 224),
    Case("examples/convnext.arch", "convnext_tiny", 128),
    Case("examples/densenet.arch", "densenet_121", 224),
    Case("examples/densenet.arch", "densenet_169", 128),
    Case("examples/ghostnet.arch", "ghostnet_100", 224),
    Case("examples/ghostnet.arch", "ghostnet_050", 128),
    Case("examples/mobilenetv3.arch", "mobilenetv3_large_100", 224),
    Case("examples/mobilenetv3.arch", "mobilenetv3_small_100", 160),
    Case("examples/regnet.arch", "regnetx_008", 192),
    Case("examples/regnet.arch", "regnety_004", 224),
    Case("examples/regnet.arch", "regnetx_002", 128, 8),
    Case("examples/inception.arch", "googlenet", 224),
    Case("examples/inception.arch", "inception_v3", 299),
)
# What Table 3 compares: EfficientNet-B4 with no stage fused, with the first three, the first five and all.
ABLATIONS = (
    ("specs/efficientnet.arch", "efficientnet_b4"),
    ("specs/ablations.arch", "b4_fused_1_3"),
    ("specs/ablations.arch", "b4_fused_1_5"),
    ("specs/ablations.arch", "b4_fused_1_7"),
)


# Inference -----------------------------------------------------------------------------------------------------------


def exported(case: Case, threads: int, folder: Path) -> Prepared:
    """A new session of the network in ONNX Runtime, as torch exports it.

    It lives no longer than its turn: the threads of other sessions, waiting busily for work, would take its cores.
    """
    from archdsl.calibration.exported import export, session

    path = folder / f"{case.name.replace(' ', '_')}.onnx"
    export(settle(case.network), case.images(), path)
    images = case.images().numpy()

    def prepare() -> Callable[[], object]:
        made = session(path, threads)
        feed = {made.get_inputs()[0].name: images}
        return lambda: made.run(None, feed)

    return prepare


def inference(
    backend: Backend, given: Path | None, arguments: argparse.Namespace, where: str = "cpu"
) -> tuple[Profile, list[dict[str, Any]]]:
    """Predicted and measured, network by network: in turns with calibration, and after it.

    Where a profile is given, it is taken, and nothing is measured in turns.
    """
    cases, results = CASES[: arguments.cases], []
    with tempfile.TemporaryDirectory() as folder:
        runs: list[Prepared] = []
        for index, case in enumerate(cases):
            progress(f"building network {index + 1} of {len(cases)}")
            runs.append(
                forward_pass(case.network, case.batch, where)
                if backend == "eager"
                else exported(case, arguments.threads, Path(folder))
            )
        if given:
            device = read_profile(given)
        else:
            device, taken = calibrated(backend, runs, arguments, where)
            results.append(result(backend, where, "in turns with calibration", device, cases, taken))
        taken = measure(runs, arguments.rounds or ROUNDS[backend], progress)
        results.append(result(backend, where, "after calibration", device, cases, taken))
    return device, results


def calibrated(
    backend: Backend, runs: Sequence[Prepared], arguments: argparse.Namespace, where: str
) -> tuple[Profile, list[list[float]]]:
    """The profile of this machine, and the seconds of each run in the rounds of its calibration."""
    taken: list[list[float]] = [[] for _ in runs]

    def beside() -> None:
        for times, seconds in zip(taken, one_round(runs, progress, "those to predict"), strict=True):
            times.append(seconds)

    command = f"python -m benchmarks.latency --threads {arguments.threads}"
    plan = Plan(backend, arguments.threads, rounds=arguments.rounds or ROUNDS[backend], device=where)
    document = calibrate(plan, command, progress, beside)
    name = f"{backend if where == 'cpu' else where}.json"
    if arguments.profiles:
        arguments.profiles.mkdir(parents=True, exist_ok=True)
        (arguments.profiles / name).write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")
    return profile_from(document, Path(name)), taken


def result(
    backend: Backend, where: str, when: str, device: Profile, cases: Sequence[Case], taken: Sequence[Sequence[float]]
) -> dict[str, Any]:
    rows = []
    for case, times in zip(cases, taken, strict=True):
        predicted = Latencies(case.network.architecture, device, batch=case.batch).model().seconds
        found = typical(times)
        rows.append(
            {
                "name": case.name,
                "predicted_ms": round(1000 * predicted, 3),
                "measured_ms": round(1000 * found, 3),
                "least_ms": round(1000 * min(times), 3),
                "most_ms": round(1000 * max(times), 3),
                "error": round(predicted / found - 1, 4),
            }
        )
    facts = {name: fact for name, fact in device.facts.items() if name != "wholes"}
    return {"backend": backend, "where": where, "when": when, "profile": facts, **summary(rows), "rows": rows}


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    error = mean(abs(row["error"]) for row in rows)
    correlation = spearman([row["predicted_ms"] for row in rows], [row["measured_ms"] for row in rows])
    return {
        "networks": len(rows),
        "mean_absolute_percentage_error": round(100 * error, 2),
        "spearman": round(correlation, 4),
        "met": error <= LARGEST_ERROR and correlation >= LEAST_RANK_CORRELATION,
    }


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """The correlation of ranks."""
    ranks = [_ranks(one), _ranks(other)]
    means = [mean(each) for each in ranks]
    deviations = [[rank - middle for rank in each] for each, middle in zip(ranks, means, strict=True)]
    product = sum(left * right for left, right in zip(*deviations, strict=True))
    lengths = [sum(value * value for value in each) for each in deviations]
    return float(product / (lengths[0] * lengths[1]) ** 0.5)


def _ranks(values: Sequence[float]) -> list[float]:
    """The rank of each value; equal ones share the mean of theirs."""
    return [
        sum(other < value for other in values) + (sum(other == value for other in values) - 1) / 2 for value in values
    ]


# Training ------------------------------------------------------------------------------------------------------------


def table_3(device: Profile | None, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Training steps of the ablations: predicted on GPUs at the paper's resolution; here measured, too."""
    rows = []
    for name in ("v100", "a100", "h100", "h200"):
        gpu = profile(name)
        times = [Latencies(_load(case, 380), gpu, batch=64, training=True).model().seconds for case in ABLATIONS]
        rows.append({"device": gpu.title, "how": "predicted", "resolution": 380, "batch": 64, **_steps(times, 64)})
    if device:
        resolution, batch = arguments.training_resolution, arguments.training_batch
        setting = {"device": device.title, "resolution": resolution, "batch": batch}
        architectures = [_load(case, resolution) for case in ABLATIONS]
        times = [Latencies(each, device, batch=batch, training=True).model().seconds for each in architectures]
        rows.append({**setting, "how": "predicted", **_steps(times, batch)})
        steps = [training_step(archdsl.Network(each), batch) for each in architectures]
        taken = measure(steps, arguments.training_rounds, progress)
        rows.append({**setting, "how": "measured", **_steps(list(map(typical, taken)), batch)})
    if torch.cuda.is_available():
        networks = [archdsl.Network(_load(case, 380)) for case in ABLATIONS]
        steps = [training_step(network, 32, "cuda", "float16") for network in networks]
        taken = measure(steps, arguments.training_rounds, progress)
        setting = {"device": torch.cuda.get_device_name(), "resolution": 380, "batch": 32}
        rows.append({**setting, "how": "measured", **_steps(list(map(typical, taken)), 32)})
    return rows


def _load(case: tuple[str, str], resolution: int) -> Any:
    return archdsl.load(ROOT / case[0], case[1], resolution=resolution).architecture


def _steps(seconds: Sequence[float], batch: int) -> dict[str, Any]:
    return {
        "images_per_second": [round(batch / time, 2) for time in seconds],
        "speed": [round(seconds[0] / time, 3) for time in seconds],
    }


# Report --------------------------------------------------------------------------------------------------------------


def show_inference(found: dict[str, Any]) -> None:
    cells = [
        [row["name"], f"{row['predicted_ms']:.2f}", f"{row['measured_ms']:.2f}", f"{100 * row['error']:+.1f} %"]
        for row in found["rows"]
    ]
    print(
        aligned(
            [f"{found['backend']} on {found['where']}, {found['when']}", "predicted ms", "measured ms", "error"],
            cells,
            "<>>>",
        )
    )
    print(
        f"{found['networks']} networks: mean absolute error {found['mean_absolute_percentage_error']:.1f} %, "
        f"Spearman {found['spearman']:.3f}; required: at most 10 % and at least 0.98: "
        f"{'met' if found['met'] else 'NOT met'}\n"
    )


def show_training(rows: Sequence[dict[str, Any]]) -> None:
    print("training steps of EfficientNet-B4, images/s (as a multiple of the first)")
    header = ["device", "", "pixels", "batch", "none fused", "stages 1-3", "stages 1-5", "all"]
    cells = [
        [
            row["device"],
            row["how"],
            str(row["resolution"]),
            str(row["batch"]),
            *(f"{rate:.1f} ({speed:.2f})" for rate, speed in zip(row["images_per_second"], row["speed"], strict=True)),
        ]
        for row in rows
    ]
    print(aligned(header, cells, "<<>>>>>>"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--backends", nargs="+", choices=("eager", "onnxruntime", "cuda"), default=["eager", "onnxruntime", "cuda"]
    )
    for name in ("eager", "onnxruntime", "cuda"):
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help="a profile, instead of calibrating")
    parser.add_argument("--profiles", type=Path, metavar="FOLDER", help="where to write the profiles")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads (default: 1)")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often to time each (default: 9; ONNX Runtime: 5)")
    parser.add_argument("--cases", type=int, metavar="N", help="only the first N networks, for a try")
    parser.add_argument(
        "--training-rounds", type=int, default=5, metavar="N", help="... each training step (default: 5)"
    )
    parser.add_argument("--training-resolution", type=int, default=160, metavar="R", help="on the CPU (default: 160)")
    parser.add_argument("--training-batch", type=int, default=4, metavar="N", help="on the CPU (default: 4)")
    parser.add_argument("--no-training", action="store_true", help="without the training steps")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    found, devices = [], {}
    for name in arguments.backends:
        if name == "cuda" and not torch.cuda.is_available():
            print("no CUDA device here: nothing is measured on one\n")
            continue
        where = "cuda" if name == "cuda" else "cpu"
        backend: Backend = "onnxruntime" if name == "onnxruntime" else "eager"
        devices[name], results = inference(backend, getattr(arguments, name), arguments, where)
        for each in results:
            show_inference(each)
        found += results
    training = []
    if not arguments.no_training:
        training = table_3(devices.get("eager"), arguments)
        show_training(training)
    if not arguments.cases:
        name = "latency" if arguments.threads == 1 else f"latency_{arguments.threads}_threads"
        write_results(name, {"threads": arguments.threads, "inference": found, "training": training})


if __name__ == "__main__":
    main()
