"""What the algorithms of `archdsl search` find over MnasNet's space, against random search at equal trials.

Nothing is trained. The front is of parameters, as many as can be, against the latency on a phone, at most 320M
multiply-accumulates: its hypervolume. The one goal is MnasNet's, accuracy * (latency / 75 ms) ** -0.07, of a made-up
accuracy that grows with costs and saturates, and has a fixed bonus for each option of each choice: the mean of the last
hundred trials, and the best of all. Studies are in memory; each seed is a search of its own.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from math import exp, log
from random import Random
from statistics import mean, stdev
from time import process_time

from optuna._hypervolume import compute_hypervolume
from optuna.trial import FrozenTrial

from archdsl.backends.table import aligned
from archdsl.diagnostics import Source
from archdsl.search_space.encoding import Encoding
from archdsl.search_space.networks import Sample
from archdsl.search_space.objective import Objective
from archdsl.search_space.space import Space
from archdsl.spaces import open_space
from benchmarks.measure import ROOT, progress, write_results
from benchmarks.studies import searched

SPEC = ROOT / "specs" / "mnasnet_space.arch"
FRONT = "front(maximize(params), latency(phone))"
SINGLE = "accuracy * (latency(phone) / 75ms) ** -0.07"
BUDGET = "require macs <= 320M"
ON_FRONT = 20
# Against which hypervolumes are measured: no parameters, and half a second.
_NONE, _LONGEST = 0.0, 0.5
_MILLIONS = 1e6


class Accuracy:
    """A made-up accuracy of networks: what costs give, and a bonus for each option taken, the same for all searches."""

    def __init__(self, space: Space, encoding: Encoding):
        self.space, self.encoding = space, encoding
        random = Random("bonuses")
        self.bonus = {
            (variable.name, option): random.gauss(0, 0.004)
            for variable in encoding.variables
            for option in range(len(variable.options))
        }

    def __call__(self, sample: Sample) -> float:
        cost = self.space.cost(sample)
        grown = 0.80 * (1 - exp(-0.6 * log(cost.macs / 10e6))) - 0.05 * exp(-cost.params / 2e6)
        return grown + sum(self.bonus[item] for item in self.encoding.taken(sample).items())


def front_of(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Those that no other dominates: most of the first value, least of the second."""
    found: list[FrozenTrial] = []
    for trial in sorted(trials, key=lambda one: (one.values[1], -one.values[0])):
        if not found or trial.values[0] > found[-1].values[0]:
            found.append(trial)
    return found


def hypervolume(front: Sequence[FrozenTrial]) -> float:
    """What a front dominates, in million parameters times seconds."""
    import numpy

    points = numpy.array([[-one.values[0] / _MILLIONS, one.values[1]] for one in front])
    return float(compute_hypervolume(points, numpy.array([_NONE, _LONGEST])))


def fronts(seeds: int, trials: int) -> dict[str, object]:
    space = open_space(Source(SPEC.name, _within_budget(SPEC.read_text(encoding="utf-8"))))
    objective = Objective(space, FRONT)

    def values(sample: Sample) -> tuple[float, ...]:
        return objective.values(sample, objective.predicted(sample))

    volumes: dict[str, list[float]] = {"nsga2": [], "random": []}
    sizes: dict[str, list[int]] = {"nsga2": [], "random": []}
    networks = []
    for seed in range(seeds):
        for name in volumes:
            progress(f"front, {name}, seed {seed}")
            front = front_of(searched(space, name, seed, trials, values, (True, False)))
            volumes[name].append(hypervolume(front))
            sizes[name].append(len({one.user_attrs["network"] for one in front}))
            if name == "nsga2" and seed == 0:
                networks = [one.user_attrs["network"] for one in front]
    again = front_of(searched(space, "nsga2", 0, trials, values, (True, False)))
    ratios = [ours / theirs for ours, theirs in zip(volumes["nsga2"], volumes["random"], strict=True)]
    return {
        "objective": FRONT,
        "within": BUDGET,
        "trials": trials,
        "hypervolume": {name: _spread(found) for name, found in volumes.items()},
        "ratio": _spread(ratios),
        "seeds_won": sum(ratio > 1 for ratio in ratios),
        "on_front": {name: {"least": min(found), "mean": mean(found)} for name, found in sizes.items()},
        "reproducible": [one.user_attrs["network"] for one in again] == networks,
    }


def single(seeds: int, trials: int, names: Sequence[str]) -> dict[str, object]:
    space = open_space(Source(SPEC.name, SPEC.read_text(encoding="utf-8")))
    objective = Objective(space, SINGLE)
    accuracy = Accuracy(space, Encoding(space))

    def values(sample: Sample) -> tuple[float, ...]:
        return objective.values(sample, {**objective.predicted(sample), "accuracy": accuracy(sample)})

    last: dict[str, list[float]] = {name: [] for name in names}
    best: dict[str, list[float]] = {name: [] for name in names}
    times: dict[str, list[float]] = {name: [] for name in names}
    for seed in range(seeds):
        for name in names:
            progress(f"one goal, {name}, seed {seed}")
            began = process_time()
            found = [trial.values[0] for trial in searched(space, name, seed, trials, values, (True,))]
            times[name].append(process_time() - began)
            last[name].append(mean(found[-100:]))
            best[name].append(max(found))
    rows = []
    for name in names:
        rows.append(
            {
                "algorithm": name,
                "last_100": _spread(last[name]),
                "best": _spread(best[name]),
                "seeds_above_random": {
                    "last_100": sum(a > b for a, b in zip(last[name], last["random"], strict=True)),
                    "best": sum(a > b for a, b in zip(best[name], best["random"], strict=True)),
                },
                "processor_seconds": round(mean(times[name]), 1),
            }
        )
    return {"objective": SINGLE, "trials": trials, "rows": rows}


def _within_budget(text: str) -> str:
    return text.rstrip().removesuffix("}") + f"\n  {BUDGET}\n}}\n"


def _spread(values: Sequence[float]) -> dict[str, float]:
    found = {"mean": mean(values), "deviation": stdev(values) if len(values) > 1 else 0.0}
    return {name: round(value, 5) for name, value in {**found, "least": min(values), "most": max(values)}.items()}


def _text(spread: Mapping[str, float]) -> str:
    return f"{spread['mean']:.4f} +- {spread['deviation']:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, metavar="N", help="searches of each kind (default: 10)")
    parser.add_argument("--trials", type=int, default=600, metavar="N", help="trials of each (default: 600)")
    parser.add_argument("--only", choices=("front", "single"), help="one of the two; results are printed alone")
    parser.add_argument("--algorithms", default="random,evolution,controller,tpe", metavar="A,B", help="of one goal")
    arguments = parser.parse_args()
    names = arguments.algorithms.split(",")
    results: dict[str, object] = {"seeds": arguments.seeds}
    if arguments.only != "single":
        results["front"] = found = fronts(arguments.seeds, arguments.trials)
        progress("")
        print("front:", found)
    if arguments.only != "front":
        results["single"] = one = single(arguments.seeds, arguments.trials, names)
        progress("")
        cells = [
            [row["algorithm"], _text(row["last_100"]), _text(row["best"]),
             f"{row['seeds_above_random']['last_100']} of {arguments.seeds}", f"{row['processor_seconds']:.1f} s"]
            for row in one["rows"]  # type: ignore[attr-defined]
        ]  # fmt: skip
        print(aligned(["algorithm", "mean of the last 100", "best", "above random", "time"], cells, "<>>>>"))
    if arguments.only is None:
        write_results("search_algorithms", results)


if __name__ == "__main__":
    main()
