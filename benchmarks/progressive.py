"""Progressive learning against a fixed resolution and against timm's settings: accuracy and time on real images.

    python -m benchmarks.progressive --data DIR [--images 3000] [--seeds 3] [--epochs 10]

DIR holds grey images as `archdsl train --data` takes them: Fashion-MNIST's IDX files (Debian's `dataset-fashion-mnist`
puts them into /usr/share/datasets/fashion-mnist), or letters that `benchmarks.glyphs` draws. The recipes of a spec
(`training/v2_small.arch`) are run by the real command, in turns, seed by seed:

- `fixed`, all epochs at the full resolution;
- `progressive`, from less on, with regularization that grows;
- `timm`, the defaults of timm's training script, for as many epochs as take at least the time of `progressive`, by a
  measured epoch.

While they train, few images are tested; more are at the end, by `archdsl evaluate`, which does not count. Times are the
CPU time of the whole process, which on a machine with other work tells more than the clock.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import resource
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev
from subprocess import CalledProcessError
from typing import Any

from benchmarks.measure import ROOT, run, write_results
from benchmarks.subset import write_subset

# Epochs of the short run that says how long one of them takes.
_TRIAL = 2


@dataclass(frozen=True)
class Run:
    """A training: accuracy in percent of the test images; `seconds` by the clock, of steps and tests alone."""

    epochs: int
    top1: float
    seconds: float
    cpu_seconds: float
    loading: float


# Of each recipe, seed by seed.
Runs = dict[str, list[Run]]


class Trainings:
    """Runs recipes of a spec on a part of the images.

    Args:
        folder: of the images, of runs and of what they are tested on.
    """

    def __init__(self, arguments: argparse.Namespace, folder: Path):
        self.spec, self.folder, self.threads = arguments.spec, folder, arguments.threads
        test = arguments.test_images
        self.counts = write_subset(arguments.data, folder / "few", train=arguments.images, test=test)
        self.last = write_subset(arguments.data, folder / "last", train=arguments.images, test=arguments.last_images)
        # Of one step, for what a run takes besides its epochs.
        batch = _batch(self.spec)
        write_subset(str(folder / "few"), folder / "least", train=batch, test=batch)

    def train(self, recipe: str, epochs: int, seed: int, *, data: str = "few", tested: bool = False) -> Run:
        out = self.folder / f"{recipe}_{seed}_{epochs}"
        before = _children()
        options = ["--data", str(self.folder / data), "--out", str(out), "--epochs", str(epochs), "--seed", str(seed)]
        self._archdsl("train", str(self.spec), "--recipe", recipe, *options, "--keep", "1")
        cpu = _children() - before
        with (out / "metrics.csv").open() as file:
            rows = list(csv.DictReader(file))
        top1 = float(rows[-1]["top1"])
        if tested:
            found = self._archdsl("evaluate", str(out), "--data", str(self.folder / "last"), "--output-format", "json")
            top1 = json.loads(found)["top1"]
        seconds = sum(float(row["seconds"]) for row in rows)
        loading = mean(float(row["loading"]) for row in rows)
        return Run(epochs, top1, round(seconds, 1), round(cpu, 1), round(loading, 3))

    def epochs_in(self, recipe: str, cpu_seconds: float) -> int:
        """How many epochs of a recipe take at least so long, by a short run of it."""
        start = self.train(recipe, _TRIAL, 1000, data="least").cpu_seconds
        epoch = (self.train(recipe, _TRIAL, 1001).cpu_seconds - start) / _TRIAL
        return max(_TRIAL, math.ceil((cpu_seconds - start) / epoch))

    def _archdsl(self, *command: str) -> str:
        variables = {"OMP_NUM_THREADS": str(self.threads)} if self.threads else {}
        try:
            return run([sys.executable, "-m", "archdsl", *command], variables).stdout
        except CalledProcessError as error:
            sys.exit(error.stderr)


def _children() -> float:
    """CPU seconds of the processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _batch(spec: Path) -> int:
    from archdsl.sources import read
    from archdsl.trainings import open_recipe

    return open_recipe(read(spec), "fixed").recipe.batch


def compare(trainings: Trainings, epochs: dict[str, int], seeds: int, keep: Callable[[Runs], None]) -> None:
    """Every recipe with every seed; who begins changes from seed to seed. After each seed, `keep` gets all so far."""
    runs: Runs = {recipe: [] for recipe in ("progressive", "fixed", "timm")}
    for seed in range(seeds):
        for recipe in runs if seed % 2 == 0 else reversed(runs):
            if recipe not in epochs:
                epochs[recipe] = trainings.epochs_in(recipe, runs["progressive"][0].cpu_seconds)
            found = trainings.train(recipe, epochs[recipe], seed, tested=True)
            runs[recipe].append(found)
            _say(f"{recipe:12} seed {seed}: {found.top1:.2f} % in {found.cpu_seconds:.0f} s of CPU")
        keep(runs)


def summary(found: Sequence[Run]) -> dict[str, float]:
    """Means, with the standard deviation of the accuracy."""
    top1 = [each.top1 for each in found]
    return {
        "epochs": found[0].epochs,
        "top1": round(mean(top1), 2),
        "top1_stdev": round(stdev(top1), 2) if len(top1) > 1 else 0.0,
        "cpu_seconds": round(mean(each.cpu_seconds for each in found), 1),
        "seconds": round(mean(each.seconds for each in found), 1),
        "loading": round(mean(each.loading for each in found), 3),
    }


def versus(other: Sequence[Run], progressive: Sequence[Run]) -> dict[str, Any]:
    """How many times as long another takes, and what is gained in accuracy, seed by seed, with the range."""
    pairs = list(zip(other, progressive, strict=True))
    times = [one.cpu_seconds / two.cpu_seconds for one, two in pairs]
    gains = [two.top1 - one.top1 for one, two in pairs]
    return {
        name: {"mean": round(mean(values), 2), "least": round(min(values), 2), "most": round(max(values), 2)}
        for name, values in (("time", times), ("gain", gains))
    }


def show(runs: Runs) -> None:
    for recipe, found in runs.items():
        each = summary(found)
        spread = f"{each['top1']:.2f} % (standard deviation {each['top1_stdev']:.2f})"
        _say(f"{recipe:12} {each['epochs']} epochs: {spread} in {each['cpu_seconds']:.0f} s of CPU")
    for recipe in ("fixed", "timm"):
        found = versus(runs[recipe], runs["progressive"])
        time, gain = found["time"], found["gain"]
        _say(f"{recipe:12} takes {time['mean']} x the time of progressive ({time['least']} to {time['most']});")
        _say(f"{'':12} progressive is {gain['mean']:+} points better ({gain['least']:+} to {gain['most']:+})")


def write(name: str, command: str, trainings: Trainings, runs: Runs) -> None:
    results = {
        "spec": trainings.spec.name,
        "images": {**trainings.counts, "tested at the end": trainings.last["test"]},
        "summary": {recipe: summary(found) for recipe, found in runs.items()},
        "against_progressive": {recipe: versus(runs[recipe], runs["progressive"]) for recipe in ("fixed", "timm")},
        "runs": {recipe: [asdict(each) for each in found] for recipe, found in runs.items()},
        "load_after": round(os.getloadavg()[0], 1),
    }
    write_results(name, results, command=command)


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", metavar="DIR")
    parser.add_argument("--spec", type=Path, default=ROOT / "benchmarks" / "training" / "v2_small.arch", metavar="FILE")
    parser.add_argument("--images", type=int, metavar="N", help="of the images to train on, N (default: all)")
    parser.add_argument("--test-images", type=int, default=500, metavar="N", help="after each epoch (default: 500)")
    parser.add_argument("--last-images", type=int, metavar="N", help="to test on at the end (default: all)")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="(default: 3)")
    parser.add_argument("--epochs", type=int, default=10, metavar="N", help="of `fixed` (default: 10)")
    parser.add_argument("--progressive-epochs", type=int, metavar="N", help="(default: those of `fixed`)")
    parser.add_argument("--threads", type=int, metavar="N", help="of a training (default: one a core)")
    parser.add_argument("--out", default="progressive_fashion_mnist", metavar="NAME", help="of the result, or -")
    arguments = parser.parse_args()
    if not Path(arguments.data).exists():
        sys.exit(f"{arguments.data} does not exist; Fashion-MNIST: apt-get install dataset-fashion-mnist")
    epochs = {"fixed": arguments.epochs, "progressive": arguments.progressive_epochs or arguments.epochs}
    given = {name: value for name, value in vars(arguments).items() if value != parser.get_default(name)}
    options = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in given.items())
    with tempfile.TemporaryDirectory() as folder:
        trainings = Trainings(arguments, Path(folder))

        def keep(runs: Runs) -> None:
            show(runs)
            if arguments.out != "-":
                write(arguments.out, f"progressive {options}".strip(), trainings, runs)

        compare(trainings, epochs, arguments.seeds, keep)


if __name__ == "__main__":
    main()
