"""Training on a CUDA device, in ten minutes: what the papers say of speed, and memory against its prediction.

By the recipes that ship, with the step that `archdsl train` takes, in bfloat16, channels-last:

- EfficientNetV2-S, progressive against fixed at the last resolution: the steps of each phase, and the whole training;
- EfficientNetV2-M against EfficientNet-B7 by the same recipe (the paper, Table 9: 54 against 13 hours, 4.1 x);
- EfficientNet-B4 with stages 1 to 3 fused against none (the paper, Table 3: 1.38 x);
- each step's peak of memory against `archdsl plan`'s, and in float32 against `archdsl estimate --memory --training`;
- V2-S at its last resolution and B4 with and without torch.compile.

Where there is no CUDA device nothing is run. `--device cpu --tiny` runs all of it on small networks, for a try.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch

import archdsl
from archdsl.api import Network
from archdsl.backends.latency import Profile, profile
from archdsl.backends.memory import Setting, isa_of_this_machine, memory
from archdsl.backends.table import aligned
from archdsl.folders import recipes_folder
from archdsl.ir.architecture import Architecture
from archdsl.ir.recipe import Recipe
from archdsl.ir.recipe.phases import Ramp
from archdsl.planning.plan import Plan, plan
from archdsl.sources import read
from archdsl.training.devices import Precision
from archdsl.training.learner import Learner
from archdsl.trainings import open_recipe
from benchmarks.allocations import peak_beyond, storages, training_peak
from benchmarks.measure import ROOT, progress, seconds, write_results
from benchmarks.training_steps import Step, Terms, step_of_recipe

IMAGES = 1_281_167  # of ImageNet
# What a batch may take of the memory of the device.
_FILLED = 0.9
PAPER = {"b7_against_v2_m": 4.1, "b4_fused": 1.38}


@dataclass(frozen=True)
class Networks:
    """Which network stands where, in which file (None: those that ship); `divisor` makes resolutions smaller."""

    v2_s: str = "efficientnetv2_s"
    v2_m: str = "efficientnetv2_m"
    b7: str = "efficientnet_b7"
    b4: str = "efficientnet_b4"
    b4_fused: str = "b4_fused_1_3"
    file: Path | None = None
    divisor: int = 1

    def load(self, name: str, resolution: int) -> Network:
        if self.file is not None:
            return archdsl.load(self.file, name, resolution=resolution)
        return archdsl.find(name, resolution=resolution)


TINY = Networks(*["tiny"] * 5, file=ROOT / "benchmarks" / "training" / "tiny.arch", divisor=8)


@dataclass(frozen=True)
class Bench:
    """Where all is run, and how often each step; `ways`: whether compiled, or both."""

    networks: Networks
    device: torch.device
    batch: int
    steps: int
    rounds: int
    ways: tuple[bool, ...]
    profile: Profile
    precision: Precision = "bfloat16"

    def terms(self, batch: int, resolution: int, *, compile: bool = False) -> Terms:
        return Terms(batch, resolution, self.device, self.precision, compile)

    def budget(self) -> int:
        if self.device.type == "cuda":
            return int(_FILLED * torch.cuda.get_device_properties(self.device).total_memory)
        return 8 * 10**9

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def measure(self, name: str, make: Callable[[], tuple[Step, Learner]]) -> dict[str, Any]:
        """The median seconds of a step, and its peak of bytes; `first_s` is that of the first."""
        progress(name)
        gc.collect()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        before = self._held()
        step, learner = make()

        def several() -> None:
            for _ in range(self.steps):
                step()
            self.wait()

        start = perf_counter()
        step()
        self.wait()
        first = perf_counter() - start
        several()
        taken = [seconds(several) / self.steps for _ in range(self.rounds)]
        found = {"step_s": median(taken), "least_s": min(taken), "most_s": max(taken), "first_s": first}
        held = self._held() - before if self.device.type == "cuda" else storages(learner.model.parameters())
        peak = held + peak_beyond(step, self.device)
        progress("")
        return {**{key: round(value, 5) for key, value in found.items()}, "peak_bytes": peak}

    def _held(self) -> int:
        """Bytes; on a CPU, where nothing says so, the peak is of weights and what a step adds."""
        return torch.cuda.memory_allocated() if self.device.type == "cuda" else 0


# By the phases of a recipe --------------------------------------------------------------------------------------------


def recipe_of(name: str, divisor: int) -> Recipe:
    """A recipe of EfficientNetV2, with its resolutions divided."""
    recipe = open_recipe(read(recipes_folder() / "efficientnetv2.arch"), name).recipe
    table = recipe.progressive
    assert table is not None
    ramp = table.ramps["resolution"]
    smaller = Ramp(start=ramp.start // divisor, end=ramp.end // divisor)
    made = table.model_copy(update={"ramps": {**table.ramps, "resolution": smaller}})
    return recipe.model_copy(update={"progressive": made})


def by_phase(bench: Bench, recipe: Recipe, name: str) -> list[dict[str, Any]]:
    """A row for each phase: a step as it is and as the plan says, on as many images as fit in the last."""
    phases = recipe.phases(0)

    def at(resolution: int) -> Architecture:
        return bench.networks.load(name, resolution).architecture

    def planned(batch: int) -> Plan:
        last = at(phases[-1].resolution)
        setting = {"images": IMAGES, "device": bench.profile, "budget": bench.budget()}
        return plan(recipe, last, at, batch=batch, parts=1, **setting)

    batch = min(bench.batch, planned(bench.batch).phases[-1].largest or 1)
    rows = []
    for phase, expected in zip(phases, planned(batch).phases, strict=True):
        network, terms = bench.networks.load(name, phase.resolution), bench.terms(batch, phase.resolution)
        make = partial(step_of_recipe, network, recipe, terms, phase)
        found = bench.measure(f"{name} at {phase.resolution} px", make)
        rows.append(
            {
                "network": name,
                "resolution": phase.resolution,
                "epochs": phase.last - phase.first,
                "batch": batch,
                **found,
                "predicted_step_s": round(expected.seconds or 0.0, 5),
                "predicted_peak_bytes": expected.memory,
                "largest_batch": expected.largest,
            }
        )
    return rows


def hours(rows: Sequence[dict[str, Any]]) -> float:
    """Of ImageNet, all phases, on one device."""
    return sum(row["epochs"] * IMAGES / row["batch"] * row["step_s"] for row in rows) / 3600


def fixed_hours(rows: Sequence[dict[str, Any]]) -> float:
    """The same with every phase at the resolution of the last."""
    return hours([{**rows[-1], "epochs": row["epochs"]} for row in rows])


# Single steps --------------------------------------------------------------------------------------------------------


def at_last(bench: Bench, recipe: Recipe, name: str, resolution: int, batch: int, *, compile: bool) -> dict[str, Any]:
    """A row: a step as in the last phase, at a resolution, compiled or not."""
    phase = recipe.phases(0)[-1]._replace(resolution=resolution)
    network, terms = bench.networks.load(name, resolution), bench.terms(batch, resolution, compile=compile)
    way = "compiled" if compile else "eager"
    found = bench.measure(f"{name} at {resolution} px, {way}", partial(step_of_recipe, network, recipe, terms, phase))
    return {"network": name, "resolution": resolution, "batch": batch, "way": way, **found}


def in_float32(bench: Bench, name: str, resolution: int, batch: int) -> dict[str, Any]:
    """A row: the peak of memory of a step of SGD, and what `archdsl estimate --memory --training` says of it."""
    progress(f"{name}: memory in float32")
    network = bench.networks.load(name, resolution)
    model = network.build().to(bench.device)
    images = torch.randn(batch, 3, resolution, resolution, device=bench.device)
    measured = training_peak(model, images, optimizer="momentum")
    setting = Setting(batch, training=True, optimizer="momentum", on=bench.device.type, isa=isa_of_this_machine())
    predicted = memory(network.architecture, setting).peak.total
    return {
        "network": name,
        "resolution": resolution,
        "batch": batch,
        "measured": measured,
        "predicted": predicted,
        "error": round(predicted / measured - 1, 4),
    }


# All of it -----------------------------------------------------------------------------------------------------------


def everything(bench: Bench, keep: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """All that is measured; what is there so far is kept as well, whatever becomes of the rest."""
    networks = bench.networks
    results: dict[str, Any] = {"ratios": {}, "of_the_papers": PAPER, "phases": [], "steps": [], "memory_float32": []}
    small, medium = (recipe_of(name, networks.divisor) for name in ("v2_s_paper", "v2_m_paper"))
    v2_s = by_phase(bench, small, networks.v2_s)
    results["phases"] += v2_s
    results["ratios"]["v2_s_fixed_against_progressive"] = round(fixed_hours(v2_s) / hours(v2_s), 3)
    keep(results)
    b7 = by_phase(bench, medium, networks.b7)
    results["phases"] += b7
    keep(results)
    # On as many images as B7 has: equal terms.
    v2_m = by_phase(replace(bench, batch=b7[0]["batch"]), medium, networks.v2_m)
    results["phases"] += v2_m
    results["ratios"]["b7_against_v2_m"] = round(hours(b7) / hours(v2_m), 3)
    keep(results)
    side = 380 // networks.divisor
    for name in (networks.v2_s, networks.v2_m, networks.b4, networks.b7):
        results["memory_float32"].append(in_float32(bench, name, side, min(16, bench.batch)))
    keep(results)
    last = v2_s[-1]
    taken: dict[tuple[str, bool], float] = {}
    for compile in bench.ways:
        way = "compiled" if compile else "eager"
        for name in (networks.b4, networks.b4_fused):
            row = at_last(bench, small, name, side, bench.batch, compile=compile)
            results["steps"].append(row)
            taken[name, compile] = row["step_s"]
        ratio = taken[networks.b4, compile] / taken[networks.b4_fused, compile]
        results["ratios"][f"b4_fused, {way}"] = round(ratio, 3)
        row = at_last(bench, small, networks.v2_s, last["resolution"], last["batch"], compile=compile)
        results["steps"].append(row)
        taken[networks.v2_s, compile] = row["step_s"]
        keep(results)
    if len(bench.ways) > 1:
        for name in dict.fromkeys((networks.b4, networks.b4_fused, networks.v2_s)):
            results["ratios"][f"{name}, compiled"] = round(taken[name, False] / taken[name, True], 3)
    return results


def show(results: dict[str, Any]) -> None:
    header = ["network", "px", "batch", "", "ms a step", "images/s", "predicted ms", "peak", "predicted"]
    cells = [
        [
            row["network"],
            str(row["resolution"]),
            str(row["batch"]),
            row.get("way", "eager"),
            f"{1000 * row['step_s']:,.1f}",
            f"{row['batch'] / row['step_s']:,.1f}",
            f"{1000 * row['predicted_step_s']:,.1f}" if "predicted_step_s" in row else "",
            f"{row['peak_bytes'] / 1e9:.2f} GB",
            f"{row['predicted_peak_bytes'] / 1e9:.2f} GB" if "predicted_peak_bytes" in row else "",
        ]
        for row in (*results["phases"], *results["steps"])
    ]
    print(aligned(header, cells, "<>><>>>>>"))
    sizes = [
        [row["network"], str(row["resolution"]), str(row["batch"])]
        + [f"{row[name] / 1e9:.2f} GB" for name in ("measured", "predicted")]
        + [f"{row['error']:+.1%}"]
        for row in results["memory_float32"]
    ]
    print(aligned(["memory in float32", "px", "batch", "measured", "predicted", "error"], sizes, "<>>>>>"))
    for name, ratio in results["ratios"].items():
        paper = PAPER.get(name.partition(",")[0])
        print(f"{name}: {ratio:.2f} x" + (f" (the paper: {paper} x)" if paper else ""))


def profile_of(device: torch.device) -> Profile:
    """The profile that ships of a GPU, by its name; that of an A100 where there is none."""
    name = torch.cuda.get_device_name(device).lower() if device.type == "cuda" else ""
    return profile(next((known for known in ("h200", "h100", "a100", "v100") if known in name), "a100"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="(default: cuda)")
    parser.add_argument("--tiny", action="store_true", help="small networks on small images, and no result: a try")
    parser.add_argument("--batch", type=int, default=256, metavar="N", help="images of a step at most (default: 256)")
    parser.add_argument("--steps", type=int, default=10, metavar="N", help="of one timing (default: 10)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="timings of each (default: 5)")
    parser.add_argument("--no-compile", action="store_true", help="without torch.compile")
    arguments = parser.parse_args()
    if arguments.device.startswith("cuda") and not torch.cuda.is_available():
        print("no CUDA device here: nothing was run")
        return
    device = torch.device(arguments.device)
    torch.backends.cudnn.benchmark = True  # as in training
    bench = Bench(
        TINY if arguments.tiny else Networks(),
        device,
        2 if arguments.tiny else arguments.batch,
        1 if arguments.tiny else arguments.steps,
        1 if arguments.tiny else arguments.rounds,
        (False,) if arguments.no_compile else (False, True),
        profile_of(device),
    )
    start = perf_counter()
    place = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"

    def keep(results: dict[str, Any]) -> None:
        facts = {"device": place, "precision": bench.precision, "seconds": round(perf_counter() - start)}
        if not arguments.tiny:
            write_results("train_on_gpu", {**facts, **results})

    results = everything(bench, keep)
    progress("")
    show(results)
    keep(results)


if __name__ == "__main__":
    main()
