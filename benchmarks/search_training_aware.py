"""EfficientNetV2's training-aware search in small: which stages of `specs/v2_space.arch` come out fused.

Nothing is trained. The objective is the paper's, accuracy * step time ** -0.07 * params ** -0.05, with the predicted
time of a training step on the GPU that the paper measured (Table 3) and a made-up accuracy, which decides what can be
concluded. The first, `blind`, is of the MACs of the network with MBConv in every stage: it rewards layers, kernels and
expansions and is the same for both convolutions, so what is chosen between them is by time and size alone. The second,
`macs`, is of the own MACs of the network, and favours Fused-MBConv, which has more. As a control the time is left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from archdsl.backends.table import aligned
from archdsl.search_space.encoding import Encoding
from archdsl.search_space.networks import Sample
from archdsl.search_space.objective import Objective
from archdsl.search_space.space import Space
from archdsl.sources import read
from archdsl.spaces import open_space
from benchmarks.measure import ROOT, progress, write_results
from benchmarks.studies import searched

SPEC = ROOT / "specs" / "v2_space.arch"
OBJECTIVE = "accuracy * (step_time({}, batch = 32) / 100ms) ** -0.07 * (params / 20M) ** -0.05"
CONTROL = "accuracy * (params / 20M) ** -0.05"
FUSED, STAGES = "fused_mbconv", 7
# The paper's networks are fused in these stages, and in no other.
EARLY, LATE = range(3), range(4, STAGES)


class Standin:
    """A made-up accuracy of networks by their MACs, or by those of their twin that is fused nowhere."""

    def __init__(self, space: Space, encoding: Encoding, is_blind: bool):
        self.space, self.encoding, self.is_blind = space, encoding, is_blind

    def __call__(self, sample: Sample) -> float:
        """Grows with MACs and saturates; steeply enough for networks of a middle size to be the best."""
        if self.is_blind:
            taken = self.encoding.taken(sample)
            sample = self.encoding.sample(lambda one: 0 if one.name.endswith(" op") else taken[one.name])
        return float(1 - (self.space.cost(sample).macs / 50e6) ** -0.5)


def fused_stages(encoding: Encoding, sample: Sample) -> list[bool]:
    """Whether each stage of a network is fused."""
    taken = encoding.taken(sample)
    names = [f"stages.{stage} op" for stage in range(STAGES)]
    return [encoding.by_name[name].options[taken[name]] == FUSED for name in names]


def best(space: Space, objective: Objective, accuracy: Callable[[Sample], float], seed: int, trials: int) -> Sample:
    """The best network of a search by regularized evolution."""
    trials_of = searched(
        space,
        "evolution",
        seed,
        trials,
        lambda sample: objective.values(sample, {**objective.predicted(sample), "accuracy": accuracy(sample)}),
        (True,),
    )
    return space.numbered(int(max(trials_of, key=lambda one: one.values[0]).user_attrs["network"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, metavar="N", help="searches of each kind (default: 10)")
    parser.add_argument("--trials", type=int, default=1_000, metavar="N", help="trials of each (default: 1000)")
    arguments = parser.parse_args()
    space = open_space(read(SPEC))
    encoding = Encoding(space)
    rows = []
    for text, standin in (
        (OBJECTIVE.format("v100"), "blind"),
        (OBJECTIVE.format("h100"), "blind"),
        (OBJECTIVE.format("v100"), "macs"),
        (CONTROL, "blind"),
    ):
        objective = Objective(space, text)
        accuracy = Standin(space, encoding, standin == "blind")
        found = []
        for seed in range(arguments.seeds):
            progress(f"{text}, {standin}, seed {seed}")
            found.append(best(space, objective, accuracy, seed, arguments.trials))
        fused = [fused_stages(encoding, sample) for sample in found]
        shares = [sum(stages) / len(fused) for stages in zip(*fused, strict=True)]
        cost = space.cost(found[0])
        rows.append(
            {
                "objective": text,
                "accuracy": standin,
                "fused": [round(share, 2) for share in shares],
                "early": round(sum(shares[stage] for stage in EARLY) / len(EARLY), 3),
                "late": round(sum(shares[stage] for stage in LATE) / len(LATE), 3),
                "first_best": {**space.values(found[0]), "params": cost.params, "macs": cost.macs},
            }
        )
    progress("")
    first = rows[0]
    requirement = {
        "text": "on the V100, Fused-MBConv in the early stages (1 to 3) and MBConv in the late ones (5 to 7)",
        "found": f"fused in {first['early']:.0%} of the early and {first['late']:.0%} of the late stages",
        "met": first["early"] > 0.8 and first["late"] < 0.2,
    }
    results = {"requirement": requirement, "seeds": arguments.seeds, "trials": arguments.trials, "rows": rows}
    write_results("search_training_aware", results)
    heads = [f"stage {stage + 1}" for stage in range(STAGES)]
    cells = [[row["objective"], row["accuracy"], *(f"{share:.0%}" for share in row["fused"])] for row in rows]
    print(aligned(["objective", "accuracy", *heads], cells, "<<" + ">" * STAGES))
    print(f"required: {requirement['text']}\nfound: {requirement['found']}")


if __name__ == "__main__":
    main()
