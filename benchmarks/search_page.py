"""The section of docs/performance.md about searches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

INTRODUCTION = """\
## Searches

[`archdsl search`](search.md). Where nothing is trained, the accuracy is made up and the rest is predicted.
"""
_SAMPLES = """\
### Networks of the spaces that ship

Each drawn at random, elaborated and costed, or rejected for a reason; networks a second of one processor's time.
"""
_ALGORITHMS = """\
### What each algorithm finds

MnasNet's space with {trials} trials and {seeds} seeds. The front of `{front}` under `{within}`, by the
hypervolume that it dominates, with the standard deviation over the seeds:
"""
_REWARD = """\
The reward `{objective}`, with a made-up accuracy: the mean of the last hundred trials, and the best
of all.
"""
_AWARE = """\
### Where a training-aware search fuses

How many of {seeds} searches of `v2_space`, regularized evolution with {trials} trials each, came to Fused-MBConv in
each stage. The made-up accuracy is the same for both convolutions ("blind"), or grows with a network's own MACs, of
which Fused-MBConv has more. EfficientNetV2 is fused in its stages 1 to 3.
"""
_WORKERS = """\
### Many workers, many trials

Trials a second of workers on one machine, on trials that cost a millisecond; and what a study of {trials:,} trials
takes.
"""
_REAL = """\
### Searches with real training

The best network of a search, against the one that its space was made around, with as many MACs at most: both trained
anew on all training images, with {seeds} seeds in turns, and tested on images that the search has not seen.
"""

Table = Callable[[Sequence[str], Iterable[Sequence[str]], str], str]
Footnote = Callable[[Any], str]


def section(results: Callable[[str], Any], table: Table, requirement: Footnote, footnote: Footnote) -> list[str]:
    """What there is of it: `results` gives those of a name, None where there are none."""
    parts = []
    for name, (text, is_required) in PARTS.items():
        if found := results(name):
            parts += [text(found, table), *([requirement(found)] if is_required else []), footnote(found)]
    return [INTRODUCTION, *parts] if parts else []


def _samples(results: Any, table: Table) -> str:
    header = ["space", "networks", "drawn", "with costs", "rejected", "networks/s"]
    rows = (
        [
            f"`{row['space']}`",
            _large(int(row["networks"])),
            f"{row['drawn']:,}",
            f"{row['costs']:,}",
            ", ".join(f"{count:,} {_code(why)}" for why, count in row["rejected"].items()),
            f"{row['per_second']:,}",
        ]
        for row in results["rows"]
    )
    return "\n".join([_SAMPLES, table(header, rows, "lrrrlr")])


def _algorithms(results: Any, table: Table) -> str:
    front, single = results["front"], results["single"]
    said = {"trials": front["trials"], "seeds": results["seeds"], "front": front["objective"]}
    within = front["within"].removeprefix("require ")
    rows = [
        [f"`{name}`", _spread(found), f"{front['on_front'][name]['mean']:g}"]
        for name, found in front["hypervolume"].items()
    ]
    ratio = front["ratio"]
    ratios = f"In turns, seed by seed: {_spread(ratio)} x ({ratio['least']:.2f} to {ratio['most']:.2f})"
    rewards = [
        [
            f"`{row['algorithm']}`",
            _spread(row["last_100"], 3),
            _spread(row["best"], 3),
            f"{row['processor_seconds']:g} s",
        ]
        for row in single["rows"]
    ]
    return "\n".join(
        [
            _ALGORITHMS.format(**said, within=within),
            table(["algorithm", "hypervolume", "networks on the front"], rows, "lrr"),
            f"{ratios}, more in {front['seeds_won']} of {results['seeds']}.\n",
            _REWARD.format(objective=single["objective"]),
            table(["algorithm", "last 100", "best", "processor time"], rewards, "lrrr"),
        ]
    )


def _aware(results: Any, table: Table) -> str:
    stages = len(results["rows"][0]["fused"])
    header = ["objective", "accuracy", *(f"stage {stage}" for stage in range(1, stages + 1))]
    rows = (
        [f"`{row['objective']}`", row["accuracy"], *(f"{part:.0%}" for part in row["fused"])] for row in results["rows"]
    )
    said = {"seeds": results["seeds"], "trials": f"{results['trials']:,}"}
    return "\n".join([_AWARE.format(**said), table(header, rows, "ll" + "r" * stages)])


def _workers(results: Any, table: Table) -> str:
    workers = ([one["storage"], str(one["workers"]), f"{one['trials_per_second']:g}"] for one in results["workers"])
    many = (
        [one["storage"], one["what"], f"{one['seconds']:.2f} s", f"{one['cpu_seconds']:.2f} s"]
        for one in results["rows"]
    )
    return "\n".join(
        [
            _WORKERS.format(trials=results["trials"]),
            table(["storage", "workers", "trials/s"], workers, "lrr"),
            table(["storage", "what", "time", "of this process"], many, "llrr"),
        ]
    )


def _real(results: Any, table: Table) -> str:
    header = ["network", "top-1", "MACs"]
    rows = (
        [name, f"{one['top1']:.2f} ± {one['stdev']:.2f} %", f"{one['macs']:,}"]
        for name, one in results["summary"].items()
    )
    seeds = len(next(iter(results["runs"].values())))
    seconds = results["seconds"]
    text = f"{len(results['trials'])} trials in {seconds['search']:.0f} s, {seconds['all']:.0f} s in all.\n"
    return "\n".join([_REAL.format(seeds=seeds), table(header, rows, "lrr"), text])


# What is written of each result, and whether something is required of it.
PARTS: Mapping[str, tuple[Callable[[Any, Table], str], bool]] = {
    "search_samples": (_samples, True),
    "search_algorithms": (_algorithms, False),
    "search_training_aware": (_aware, True),
    "search_workers": (_workers, True),
    "search_real_digits": (_real, False),
    "search_real_fashion": (_real, False),
}


def _spread(found: Mapping[str, float], digits: int = 2) -> str:
    return f"{found['mean']:.{digits}f} ± {found['deviation']:.{digits}f}"


def _large(count: int) -> str:
    return f"{count:,}" if count < 10**9 else f"{count:.2e}".replace("e+", "e")


def _code(why: str) -> str:
    return why if "`" in why else f"`{why}`"
