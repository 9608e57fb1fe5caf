"""Parameters, multiply-accumulates and activations, counted from the IR.

Each distinct block instance is counted once and multiplied, so a network of 79 blocks costs no more to count than its
16 different ones. Conventions of the field: MACs are those of convolutions, linear layers and the products between
queries, keys and values, biases and everything elementwise left out; FLOPs are 2 x MACs; activations are the elements
that these layers put out (Radosavovic et al. 2020). All are for one image; a batch multiplies MACs and activations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from archdsl.ir.base import Shape
from archdsl.ir.body import (
    Alternative,
    Apply,
    BlockInstance,
    Chain,
    Combine,
    Guard,
    Repeat,
    Select,
    Sequence,
    Shared,
    Step,
    TensorExpression,
    TensorList,
)
from archdsl.ir.description import Description, Section, Stage
from archdsl.ir.operators import Operator


class Cost(NamedTuple):
    """Learnable scalars; multiply-accumulates and output elements of weighted operators, for one image."""

    params: int = 0
    macs: int = 0
    activations: int = 0

    @property
    def flops(self) -> int:
        return 2 * self.macs

    def plus(self, other: Cost) -> Cost:
        return Cost(self.params + other.params, self.macs + other.macs, self.activations + other.activations)

    def for_batch(self, batch: int) -> Cost:
        return Cost(self.params, self.macs * batch, self.activations * batch)


NOTHING = Cost()


def total(costs: Iterable[Cost]) -> Cost:
    params = macs = activations = 0
    for cost in costs:
        params += cost.params
        macs += cost.macs
        activations += cost.activations
    return Cost(params, macs, activations)


@lru_cache(maxsize=16384, typed=True)
def _weighted(operator: Operator, output: Shape, *inputs: Shape) -> Cost:
    """The cost of a weighted operator: the networks of a file apply the same ones again and again."""
    return Cost(operator.parameters(*inputs), operator.macs(*inputs), output.elements)


class PartCosts:
    """The costs of sections, stages and steps that are made of the given block instances."""

    def __init__(self, blocks: Mapping[str, BlockInstance]):
        self.blocks = blocks
        self._known: dict[str, Cost] = {}
        self._shared: set[str] = set()  # the layers of the block at hand that are counted already

    def section(self, section: Section) -> Cost:
        return self.step(section.steps)

    def stage(self, stage: Stage) -> Cost:
        return total(self.apply(layer.apply) for layer in stage.layers)

    def block(self, name: str) -> Cost:
        """The cost of a block instance, by its id."""
        cost = self._known.get(name)
        if cost is None:
            cost = self._known[name] = total(cost for costs in self.tensors(name).values() for cost in costs)
        return cost

    def tensors(self, name: str) -> dict[str, list[Cost]]:
        """The costs of the tensors that a block instance binds, by the names of the bindings: one, or those of a list.

        A layer that several share counts its parameters where it is used first.
        """
        outer, self._shared = self._shared, set()
        found = {
            binding.name: list(map(self._tensor, value.values if isinstance(value, TensorList) else [value]))
            for binding in self.blocks[name].body
            if (value := binding.value) is not None
        }
        self._shared = outer
        return found

    def step(self, step: Step) -> Cost:
        match step:
            case Apply():
                return self.apply(step)
            case Sequence(steps=steps) | Repeat(copies=steps):
                return total(map(self.step, steps))
            case Guard(value=value) | Alternative(value=value):
                return self.step(value) if value is not None else NOTHING
            case Shared(name=name, value=value):
                cost = self.step(value)
                if name in self._shared:
                    return cost._replace(params=0)
                self._shared.add(name)
                return cost

    def apply(self, step: Apply) -> Cost:
        if step.block is not None:
            return self._known.get(step.block) or self.block(step.block)
        operator = step.operator
        if operator is None:
            raise ValueError(f"`{step.name}` is neither an operator nor a block")
        if operator.is_weighted:
            own = _weighted(operator, step.output, step.input, *step.other_shapes)
        else:
            shapes = (step.input, *step.other_shapes)
            own = Cost(operator.parameters(*shapes), operator.macs(*shapes))
        return total([own, *map(self._tensor, step.others)]) if step.others else own

    def _tensor(self, expression: TensorExpression) -> Cost:
        match expression:
            case Chain(source=source, steps=steps):
                return total([self._tensor(source), *map(self.step, steps)])
            case Combine(operands=operands):
                return total(map(self._tensor, operands))
            case Select(value=value):
                return self._tensor(value)
            case TensorList(values=values):
                return total(map(self._tensor, values))
            case _:
                return NOTHING


class Costs(PartCosts):
    """The costs of one architecture and of each of its parts."""

    def __init__(self, architecture: Description):
        super().__init__(architecture.blocks)
        self.architecture = architecture
        self._model: Cost | None = None

    def model(self) -> Cost:
        if self._model is None:
            architecture = self.architecture
            sections = [section for section in (architecture.stem, architecture.head) if section is not None]
            self._model = total([*map(self.section, sections), *map(self.stage, architecture.stages)])
        return self._model
