"""Whether every network of a space holds no mistake, and between which bounds they all are.

Networks are far too many to look at, their parts are not: a stage is elaborated for each way to choose in its row and
each tensor that can reach it. What is smallest and largest in sum comes from the same table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archdsl.diagnostics import DiagnosticError
from archdsl.ir.cost import Cost
from archdsl.limits import limits
from archdsl.search_space.errors import TooManyStagesToProve
from archdsl.search_space.open_models import OpenModel, counted
from archdsl.search_space.parts import Flow, Frame, Frames

Measure = Callable[[Cost], int]
MEASURES: dict[str, Measure] = {
    "params": lambda cost: cost.params,
    "macs": lambda cost: cost.macs,
    "activations": lambda cost: cost.activations,
}


@dataclass(frozen=True)
class Proof:
    """What holds for all networks of a space: how many stages it took to see, and the range of each measure."""

    stages: int
    ranges: dict[str, tuple[int, int]]


def prove(model: OpenModel) -> Proof:
    """Elaborates every stage that any network of the space has.

    Raises DiagnosticError for the first mistake, and when there are more than `limits.proof`.
    """
    frames = Frames(model)
    stages = 0
    lowest: dict[str, int] = {}
    highest: dict[str, int] = {}
    for index in range(model.choices.shared.size):
        frame = frames.at(index)
        reached: list[dict[Flow, int]] = []
        for row, ways in frame.flows():
            reached.append(ways)
            if row < len(model.choices.rows):
                stages += len(ways) * model.choices.rows[row].size
                if stages > limits().proof:
                    raise DiagnosticError([TooManyStagesToProve(model.name, counted(model.size)).at(None)])
        for name, measure in MEASURES.items():
            low, high = _range(frame, reached, measure)
            lowest[name] = min(lowest.get(name, low), low)
            highest[name] = max(highest.get(name, high), high)
    return Proof(stages, {name: (lowest[name], highest[name]) for name in MEASURES})


def _range(frame: Frame, reached: list[dict[Flow, int]], measure: Measure) -> tuple[int, int]:
    """The least and the most of a measure over the networks of a frame: shortest and longest paths, from the back."""
    ends = {flow: (measure(frame.head(flow).cost),) * 2 for flow in reached[-1]}
    for row in range(len(reached) - 2, -1, -1):
        size = frame.model.choices.rows[row].size
        before: dict[Flow, tuple[int, int]] = {}
        for flow in reached[row]:
            sums = []
            for number in range(size):
                passed = frame.stage(row, number, flow)
                low, high = ends[passed.out]
                own = measure(passed.cost)
                sums.append((low + own, high + own))
            before[flow] = (min(low for low, _ in sums), max(high for _, high in sums))
        ends = before
    low, high = ends[frame.stem.out]
    own = measure(frame.stem.cost)
    return low + own, high + own
