"""The blocks and operators of a network, each with what it costs."""

from __future__ import annotations

from collections import defaultdict

from archdsl.backends.costed_part import CostedPart
from archdsl.ir.cost import Cost, Costs
from archdsl.ir.walk import Flow, Tracer, Visit, walk


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
