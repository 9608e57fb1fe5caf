"""The kernels of networks on a CUDA device, each timed where it runs: what part of peak and bandwidth a class reaches.

Inference and training steps in bfloat16, channels last, of networks of every family, on many images, so that kernels
are long beside their launches. `--fit FILE` makes of what was measured the efficiencies of a device's profile
(`archdsl/devices/`): for each class of kernels the two parts with the least error in all of its time. It needs no
GPU. Where there is no CUDA device nothing is measured; `--device cpu --tiny` tries it.
"""

from __future__ import annotations

import argparse
import gc
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch

import archdsl
from archdsl.backends.latency import Profile, profile
from archdsl.backends.latency.kernel import Kernel
from archdsl.backends.latency.profile import kernel_of, stored_kernel
from archdsl.backends.table import aligned
from archdsl.calibration.eager import EagerProbe, Placement
from archdsl.calibration.sample import Sample
from archdsl.calibration.training import TrainingProbe
from benchmarks.measure import RESULTS, progress, write_results
from benchmarks.train_on_gpu import profile_of

# Name, resolution, and images at inference and in training.
NETWORKS = (
    ("efficientnetv2_s", 224, 64, 32),
    ("efficientnet_b0", 224, 128, 64),
    ("efficientnet_b4", 380, 32, 16),
    ("b4_fused_1_5", 256, 32, 16),
    ("mobilenetv2_100", 224, 128, 64),
    ("mnasnet_a1_100", 224, 64, 64),
    ("resnet_50", 224, 128, 64),
    ("resnext50_32x4d", 224, 64, 32),
    ("nfnet_f0", 192, 64, 32),
    ("shufflenet_g3", 224, 128, 64),
    ("mobilenet_100", 224, 128, 64),
    ("tf_efficientnetv2_m", 384, 32, 16),
)
TINY = (("mobilenetv2_050", 64, 2, 2),)
# Seconds between two events beside the kernel, its launch among them; and under which a kernel is mostly that.
_BESIDE, _SHORT = 6e-6, 12e-6


def samples(name: str, resolution: int, batch: int, device: str, training: bool, rounds: int) -> list[Sample]:
    network = archdsl.find(name, resolution=resolution)
    kind = TrainingProbe if training else EagerProbe
    probe = kind(network, batch, Placement(device, torch.bfloat16, channels_last=True))
    for _ in range(rounds):
        probe.round()
    found = list(probe.measurements().samples)
    del probe
    gc.collect()
    if device == "cuda":
        torch.cuda.empty_cache()
    return found


def merged(found: Sequence[Sample]) -> list[tuple[Kernel, float]]:
    """Each kernel once, at the median of the places where it ran."""
    times: dict[Kernel, list[float]] = defaultdict(list)
    for sample in found:
        times[sample.kernel].append(sample.seconds)
    return [(kernel, median(taken)) for kernel, taken in times.items()]


# Fitting -------------------------------------------------------------------------------------------------------------


def efficiencies(kernels: Sequence[tuple[Kernel, float]], device: Profile) -> Iterator[dict[str, Any]]:
    """A row for each class: the parts of the peak and of the bandwidth that fit it best, and how well they do."""
    classes: dict[str, list[tuple[Kernel, float]]] = defaultdict(list)
    for kernel, seconds in kernels:
        if seconds > _SHORT:
            classes[kernel.family].append((kernel, seconds))
    whole = device.model_copy(
        update={
            "efficiency": {name: each.model_copy(update={"compute": 1.0, "memory": 1.0})
                           for name, each in device.efficiency.items()},
        }
    )  # fmt: skip
    for family, members in sorted(classes.items()):
        roofline = whole._roofline(family, "bfloat16")
        work = [(kernel.operations / roofline.operations, kernel.traffic(2) / roofline.bytes, seconds - _BESIDE)
                for kernel, seconds in members]  # fmt: skip
        compute, memory, error = fitted(work)
        yield {
            "class": family,
            "kernels": len(members),
            "compute": compute,
            "memory": memory,
            "error": round(error, 3),
            "assumed": _assumed(device, family),
        }


def _assumed(device: Profile, family: str) -> list[float]:
    known = device.efficiency.get(family) or device.efficiency.get(family.removesuffix("_backward"))
    found = known or device.efficiency["other"]
    return [found.compute, found.memory]


def fitted(work: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    """The parts of the peak and of the bandwidth, and the error that is left, as a part of all the time.

    The sum of the differences is least, so that what takes most of a network's time counts most. `work` has for each
    kernel its seconds at the peak, those at the bandwidth, and those that it took.
    """
    grid = [round(10 ** (-exponent / 24), 3) for exponent in range(49)]
    total = sum(seconds for *_, seconds in work)

    def error(compute: float, memory: float) -> float:
        return sum(abs(max(operations / compute, moved / memory) - seconds) for operations, moved, seconds in work)

    least = min((error(compute, memory), -compute, -memory) for compute in grid for memory in grid)
    return -least[1], -least[2], least[0] / total


def fit(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    device = profile(document["profile"])
    kernels = [(kernel_of(tuple(stored), kind), seconds) for kind, stored, seconds in document["kernels"]]
    rows = list(efficiencies(kernels, device))
    cells = [
        [row["class"], str(row["kernels"]), f"{row['compute']:.2f}", f"{row['memory']:.2f}", f"{row['error']:.0%}",
         "{:.2f} {:.2f}".format(*row["assumed"])]
        for row in rows
    ]  # fmt: skip
    print(aligned(["class", "kernels", "of peak", "of bandwidth", "error", "in the profile"], cells, "<>>>>>"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="(default: cuda)")
    parser.add_argument("--tiny", action="store_true", help="one small network: a try")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="timings of each kernel (default: 5)")
    parser.add_argument("--limit", type=float, default=300, metavar="S", help="begin no more networks after it")
    parser.add_argument("--fit", type=Path, metavar="FILE", help="fit to what was measured before, and end")
    arguments = parser.parse_args()
    if arguments.fit:
        fit(arguments.fit)
        return
    if arguments.device == "cuda" and not torch.cuda.is_available():
        print("no CUDA device here: nothing was measured")
        return
    torch.backends.cudnn.benchmark = True
    start, found, measured = perf_counter(), [], []
    for name, resolution, inference, training in TINY if arguments.tiny else NETWORKS:
        for batch, is_training in ((inference, False), (training, True)):
            if perf_counter() - start > arguments.limit:
                continue
            progress(f"{name}, {'training' if is_training else 'inference'}")
            found += samples(name, resolution, batch, arguments.device, is_training, arguments.rounds)
            measured.append([name, resolution, batch, is_training])
    progress("")
    kernels = [[kernel.kind, stored_kernel(kernel), float(f"{seconds:.4g}")] for kernel, seconds in merged(found)]
    facts = {
        "device": torch.cuda.get_device_name() if arguments.device == "cuda" else "CPU",
        "profile": profile_of(torch.device(arguments.device)).name,
        "dtype": "bfloat16",
        "seconds": round(perf_counter() - start),
        "networks": measured,
    }
    print(f"{len(kernels)} kernels of {len(measured)} runs in {facts['seconds']} s")
    if arguments.tiny:
        return
    write_results("gpu_kernels", {**facts, "kernels": kernels})
    fit(RESULTS / "gpu_kernels.json")


if __name__ == "__main__":
    main()
