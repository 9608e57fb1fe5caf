"""The blocks and operators of a network, each with what it costs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from archdsl.ir.base import Shape
from archdsl.ir.cost import Cost, Costs
from archdsl.ir.walk import Flow, Tracer, Visit, walk

if TYPE_CHECKING:
    from archdsl.backends.receptive_field import ReceptiveField


class CostedPart(Struct, frozen=True):
    """A part of a network: a stage (the stem and the head among them), a block or an operator.

    `path` is where it is in the built module, `op` what it does, `layers` how often its block repeats. Shapes are
    those of one image; `cost` is for the whole batch. A stage has its blocks as `parts` and a block its operators,
    where they were asked for; they add up to it. So has a stage its `receptive_field`.
    """

    path: str
    op: str
    layers: int
    input: Shape
    output: Shape
    cost: Cost
    parts: tuple[CostedPart, ...] = ()
    receptive_field: ReceptiveField | None = None

    @property
    def name(self) -> str:
        """What it is called within the part that it belongs to."""
        return self.path.rpartition(".")[2]


def parts_of_stages(costs: Costs, batch: int, *, with_operators: bool) -> dict[str, list[CostedPart]]:
    """The blocks of each stage, by the stage's path, and in each block its operators if they are wanted."""
    blocks: dict[str, list[CostedPart]] = defaultdict(list)
    operators: dict[str, list[CostedPart]] = defaultdict(list)
    if with_operators:
        for visit in walk(costs.architecture):
            if visit.levels:
                # A layer that is not a block stands for itself among the blocks, and is its own only operator.
                block = visit.levels[1].path if len(visit.levels) > 1 else visit.path
                operators[block].append(_part(visit, costs, batch))
    for visit in _Unopened(costs.architecture).network():
        if visit.levels:
            blocks[visit.levels[0].path].append(_part(visit, costs, batch, tuple(operators[visit.path])))
    return blocks


class _Unopened(Tracer):
    """Notes the blocks of the network without a look into them."""

    def block(self, identity: str, source: Flow, path: str, others: tuple[Flow, ...] = ()) -> Flow:
        return self.whole_block(self.architecture.blocks[identity], source, path, others)


def _part(visit: Visit, costs: Costs, batch: int, parts: tuple[CostedPart, ...] = ()) -> CostedPart:
    if visit.block is not None:
        cost = costs.block(visit.block)
    else:
        is_weighted = visit.primitive is not None and visit.primitive.is_weighted
        cost = Cost(visit.params, visit.macs, visit.output.elements if is_weighted else 0)
    return CostedPart(visit.path, visit.label, 1, visit.inputs[0].shape, visit.output, cost.for_batch(batch), parts)
