"""Progressive learning against a fixed resolution: accuracy and time of the same network on real images.

    python -m benchmarks.progressive --data DIR [--seeds 3] [--epochs 8] [--spec FILE]

DIR holds images as `archdsl train --data` takes them: Fashion-MNIST's IDX files (Debian's `dataset-fashion-mnist` puts
them into /usr/share/datasets/fashion-mnist), or letters that `benchmarks.glyphs` draws. Both recipes of
`training/v2_small.arch` are run by the real command, in turns, seed by seed; times are those of the steps and of the
evaluations, without the start of the process.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, stdev

from benchmarks.measure import ROOT, write_results

RECIPES = ("fixed", "progressive")


def trained(arguments: argparse.Namespace, recipe: str, seed: int, folder: Path) -> dict[str, float]:
    """One run: its last accuracy in percent, and its seconds."""
    out = folder / f"{recipe}_{seed}"
    command = [sys.executable, "-m", "archdsl", "train", str(arguments.spec), "--recipe", recipe]
    command += ["--data", arguments.data, "--out", str(out), "--seed", str(seed), "--epochs", str(arguments.epochs)]
    command += ["--workers", str(arguments.workers)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with (out / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {"top1": float(rows[-1]["top1"]), "seconds": sum(float(row["seconds"]) for row in rows)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--spec", type=Path, default=ROOT / "benchmarks" / "training" / "v2_small.arch")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--out", help="name of the result, in benchmarks/results")
    arguments = parser.parse_args()
    runs: dict[str, list[dict[str, float]]] = {recipe: [] for recipe in RECIPES}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(arguments.seeds):
            for recipe in RECIPES if seed % 2 == 0 else RECIPES[::-1]:
                found = trained(arguments, recipe, seed, Path(folder))
                runs[recipe].append(found)
                print(f"{recipe:12} seed {seed}: {found['top1']:.2f} % in {found['seconds']:.0f} s", flush=True)
    summary = {}
    for recipe, found in runs.items():
        top1, seconds = [one["top1"] for one in found], [one["seconds"] for one in found]
        spread = stdev(top1) if len(top1) > 1 else 0.0
        summary[recipe] = {"top1": mean(top1), "top1_stdev": spread, "seconds": mean(seconds)}
        print(f"{recipe:12} {mean(top1):.2f} % (standard deviation {spread:.2f}) in {mean(seconds):.0f} s")
    ratios = [
        slow["seconds"] / quick["seconds"] for slow, quick in zip(runs["fixed"], runs["progressive"], strict=True)
    ]
    print(f"progressive is {mean(ratios):.2f} x as fast ({min(ratios):.2f} to {max(ratios):.2f})")
    if arguments.out:
        command = f"progressive --data {arguments.data} --seeds {arguments.seeds} --epochs {arguments.epochs}"
        write_results(arguments.out, {"runs": runs, "summary": summary, "speedup": ratios}, command=command)


if __name__ == "__main__":
    main()
