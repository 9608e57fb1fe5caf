"""The section of docs/performance.md about training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

INTRODUCTION = """\
## Training

Recipes carried out by [`archdsl train`](training.md).
"""
_PROGRESSIVE = """\
### Progressive learning

Small networks in the manner of EfficientNetV2: at their full resolution throughout; with a resolution and a
regularization that grow; and by the defaults of timm's `train.py`, for as many epochs as take at least the time of the
second, by a measured epoch. Trainings of each with other seeds, in turns, by the real command; times are CPU time of
whole processes on one core, accuracies with their standard deviation, comparisons with the range over the seeds.
"""
_IMAGES = "{spec}, {train:,} images of {classes} classes, {test:,} to test on, {seeds} seeds:\n"
_SPEED = """\
### Images a second

A step of training as `archdsl train` takes it, against the statements of timm's `train.py` and of torchvision's
reference, with the same network, batch, optimizer, loss and memory format; in turns. Above 1 ours is faster; in
brackets the middle half of the rounds.
"""
_LOADING = """\
What an image of 500 x 375 costs before the network sees it, a random crop of it to {resolution} px, mirrored and
normalized, by each; and the share of its time that a real training waits for images, by the recipes for fine-tuning
that ship, with RandAugment:
"""
_GPU = """\
### On a GPU

By the recipes of the papers, {precision}, channels-last.
"""
_NO_GPU = "Training on a GPU: not measured, none was at hand. To measure, `python -m benchmarks.train_on_gpu`.\n"

Table = Callable[[Sequence[str], Iterable[Sequence[str]], str], str]
Footnote = Callable[[Any], str]


def section(results: Callable[[str], Any], table: Table, requirement: Footnote, footnote: Footnote) -> list[str]:
    """What there is of it: `results` gives those of a name, None where there are none."""
    parts = [INTRODUCTION]
    compared = [found for name in ("progressive_fashion_mnist", "progressive_letters") if (found := results(name))]
    parts += [_PROGRESSIVE] if compared else []
    for found in compared:
        parts += [progressive(found, table), footnote(found)]
    for name in ("training_speed", "training_speed_cuda"):
        if found := results(name):
            parts += [speed(found, table), requirement(found), footnote(found)]
    found = results("train_on_gpu")
    parts += [gpu(found, table), footnote(found)] if found else [_NO_GPU]
    return parts


def progressive(results: Any, table: Table) -> str:
    images = results["images"]
    header = ["recipe", "epochs", "top-1", "CPU time", "waiting for images", "time of progressive", "progressive gains"]
    rows = []
    for recipe, row in results["summary"].items():
        against = results["against_progressive"].get(recipe)
        rows.append(
            [
                f"`{recipe}`",
                str(row["epochs"]),
                f"{row['top1']:.2f} ± {row['top1_stdev']:.2f} %",
                f"{row['cpu_seconds']:.0f} s",
                f"{row['loading']:.0%}",
                f"{_range(against['time'], '.2f')} x" if against else "",
                f"{_range(against['gain'], '+.2f')} points" if against else "",
            ]
        )
    seeds = len(results["runs"]["fixed"])
    facts = {"spec": f"`{results['spec']}`", "classes": images["classes"], "seeds": seeds}
    text = _IMAGES.format(train=images["train"], test=images["tested at the end"], **facts)
    return "\n".join([text, table(header, rows, "lrrrrrr"), _verdict(results["against_progressive"])])


def _verdict(against: Any) -> str:
    """Whether it is as accurate on average as both: as the fixed resolution in less time, as timm's in no more."""
    fixed, timm = against["fixed"], against["timm"]
    found = [
        ("the accuracy of `fixed` in less time", fixed["gain"]["mean"] >= 0 and fixed["time"]["mean"] > 1),
        ("that of `timm` in no more time", timm["gain"]["mean"] >= 0 and timm["time"]["mean"] >= 1),
    ]
    verdicts = [f"{text} ({'met' if met else '**not met**'})" for text, met in found]
    return f"Required: {' and '.join(verdicts)}.\n"


def speed(results: Any, table: Table) -> str:
    header = [f"{results['place']}", "px", "batch", "", "archdsl", "timm", "torchvision", "x timm", "x torchvision"]
    rows = [
        [
            f"`{row['name']}`",
            str(row["resolution"]),
            str(row["batch"]),
            row["precision"],
            *(f"{value:,.1f}" for value in row["images_per_second"].values()),
            *(
                f"{ratio['median']:.2f} ({ratio['lower_quartile']:.2f} to {ratio['upper_quartile']:.2f})"
                for ratio in row["ratio"].values()
            ),
        ]
        for row in results["rows"]
    ]
    costs = [[name, f"{cost:.2f} ms"] for name, cost in results["transforms_ms"].items()]
    waits = [
        [f"`{row['name']}`", str(row["workers"]), f"{row['images_per_second']:,.1f}", f"{row['loading']:.1%}"]
        for row in results["loading"]
    ]
    return "\n".join(
        [
            _SPEED,
            table(header, rows, "lrrlrrrrr"),
            _LOADING.format(resolution=results["rows"][0]["resolution"]),
            table(["an image", "time"], costs, "lr"),
            table(["training", "workers", "images/s", "waiting for images"], waits, "lrrr"),
        ]
    )


def gpu(results: Any, table: Table) -> str:
    header = ["network", "px", "batch", "", "step", "images/s", "peak of memory", "predicted"]
    rows = [
        [
            f"`{row['network']}`",
            str(row["resolution"]),
            str(row["batch"]),
            row.get("way", "eager"),
            f"{1000 * row['step_s']:,.1f} ms",
            f"{row['batch'] / row['step_s']:,.1f}",
            f"{row['peak_bytes'] / 1e9:.2f} GB",
            f"{row['predicted_peak_bytes'] / 1e9:.2f} GB" if "predicted_peak_bytes" in row else "",
        ]
        for row in (*results["phases"], *results["steps"])
    ]
    papers = results["of_the_papers"]
    ratios = [
        [
            name.replace("_", " "),
            f"{value:.2f} x",
            f"{papers[key]} x" if (key := name.partition(",")[0]) in papers else "",
        ]
        for name, value in results["ratios"].items()
    ]
    memory = [
        [f"`{row['network']}`", str(row["resolution"]), str(row["batch"])]
        + [f"{row[key] / 1e9:.2f} GB" for key in ("measured", "predicted")]
        + [f"{row['error']:+.1%}"]
        for row in results["memory_float32"]
    ]
    return "\n".join(
        [
            _GPU.format(precision=f"{results['device']}, {results['precision']}"),
            table(["", "found", "the paper"], ratios, "lrr"),
            table(header, rows, "lrrlrrrr"),
            "Peaks of memory in float32, of a step of SGD with momentum:\n",
            table(["network", "px", "batch", "measured", "predicted", "error"], memory, "lrrrrr"),
        ]
    )


def _range(found: Any, format: str) -> str:
    return f"{found['mean']:{format}} ({found['least']:{format}} to {found['most']:{format}})"
