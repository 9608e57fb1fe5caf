"""A search with real trainings: its best network against one of the same space that was written by hand.

    python -m benchmarks.search_real [--data sklearn:digits] [--trials 60] [--seeds 5] [--jobs 2]
    python -m benchmarks.search_real --spec benchmarks/training/fashion_space.arch --data DIR --train 20000

One command does all: the search by the real command, whose trainings see a part of the training images only and are
judged by the rest; then both networks are trained from scratch on all training images, by the same recipe, with several
seeds in turns, and tested on the test images, which the search has not seen. The network by hand is the one that the
space was made around, with its number of multiply-accumulates as the bound. `--train` takes a part of the training
images, evenly spaced, for all of it.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev

import archdsl
from archdsl.search_space.encoding import Encoding, Variable
from archdsl.spaces import freeze
from benchmarks.measure import ROOT, write_results
from benchmarks.subset import write_subset

# The network by hand of each space: the option at each choice, by what its name ends with, else the first.
BY_HAND = {
    "digits_space.arch": {
        "stem": "16", "stages.0 op": "fused_mbconv", "stages.0 channels": "16",
        "stages.1 op": "fused_mbconv", "stages.1 expansion": "4", "stages.1 channels": "32", "stages.1 layers": "2",
        "stages.2 op": "mbconv", "stages.2 expansion": "4", "stages.2 channels": "48", "stages.2 layers": "2",
        "head": "96",
    },
    "fashion_space.arch": {
        "stem": "16", "stem (2)": "2", "stages.0 op": "fused_mbconv", "stages.0 channels": "16",
        "stages.1 op": "fused_mbconv", "stages.1 expansion": "4", "stages.1 channels": "32", "stages.1 layers": "2",
        "stages.2 op": "mbconv", "stages.2 expansion": "4", "stages.2 channels": "48", "stages.2 layers": "2",
        "head": "96",
    },
}  # fmt: skip


def by_hand(spec: Path, target: Path) -> None:
    """Writes the network of a space that was written by hand."""
    space = archdsl.space(spec)
    chosen = BY_HAND[spec.name]

    def decide(variable: Variable) -> int:
        return variable.options.index(chosen[variable.name]) if variable.name in chosen else 0

    target.write_text(freeze(space, Encoding(space).sample(decide), target), encoding="utf-8")


def command(*words: str) -> None:
    """Runs archdsl, which must end well."""
    subprocess.run([sys.executable, "-m", "archdsl", *words], check=True, stdout=subprocess.DEVNULL)


def trained(network: Path, data: str, seed: int, epochs: int | None, out: Path) -> float:
    """The percentage of test images that a network gets right after training."""
    options = ["--epochs", str(epochs)] if epochs else []
    command("train", str(network), "--data", data, "--seed", str(seed), "--out", str(out), *options)
    with (out / "metrics.csv").open() as file:
        *_, last = csv.DictReader(file)
    return float(last["top1"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--spec", type=Path, default=ROOT / "recipes" / "digits_space.arch")
    parser.add_argument("--data", default="sklearn:digits")
    parser.add_argument("--train", type=int, help="so many of the training images (default: all)")
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--algorithm", default="evolution")
    parser.add_argument("--search-seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, help="of the trainings at the end (default: the recipe's)")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", help="name of the result, in benchmarks/results")
    arguments = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        data = arguments.data
        if arguments.train is not None:
            data = str(top / "images")
            write_subset(arguments.data, top / "images", train=arguments.train, test=None)
        command(
            "search", str(arguments.spec), "--data", data, "--out", str(top / "study"),
            "--trials", str(arguments.trials), "--algorithm", arguments.algorithm, "--seed", str(arguments.search_seed),
            "--jobs", str(arguments.jobs),
        )  # fmt: skip
        searched = time.monotonic() - start
        files = {"found": top / "study" / "best.arch", "by hand": top / "by_hand.arch"}
        by_hand(arguments.spec, files["by hand"])
        macs = {name: archdsl.load(file).macs for name, file in files.items()}
        print(f"{arguments.trials} trials in {searched:.0f} s; MACs: {macs}", flush=True)
        found: dict[str, list[float]] = {name: [] for name in files}
        for seed in range(1, arguments.seeds + 1):
            for name in files if seed % 2 else reversed(files):
                run = top / f"{name.replace(' ', '_')}_{seed}"
                found[name].append(trained(files[name], data, seed, arguments.epochs, run))
                print(f"{name:8} seed {seed}: {found[name][-1]:.2f} %", flush=True)
        status = subprocess.run(
            [sys.executable, "-m", "archdsl", "search", "status", str(top / "study"), "--output-format", "json"],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        text = files["found"].read_text(encoding="utf-8")
    summary = {
        name: {"top1": mean(values), "stdev": spread(values), "macs": macs[name]} for name, values in found.items()
    }
    for name, one in summary.items():
        print(f"{name:8} {one['top1']:.2f} % (standard deviation {one['stdev']:.2f}), {one['macs']:,} MACs")
    print(f"{time.monotonic() - start:.0f} s in all")
    if arguments.out:
        results = {
            "load": os.getloadavg()[0],
            "seconds": {"search": searched, "all": time.monotonic() - start},
            "summary": summary,
            "runs": found,
            "best": text,
            "trials": [
                {key: one.get(key) for key in ("number", "state", "values", "network")}
                for one in json.loads(status)["trials"]
            ],
        }
        write_results(arguments.out, results, command=f"search_real {' '.join(sys.argv[1:])}")


def spread(values: Sequence[float]) -> float:
    """The standard deviation; 0 of a single value."""
    return stdev(values) if len(values) > 1 else 0.0


if __name__ == "__main__":
    main()
