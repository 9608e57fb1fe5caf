"""Parallel convolutions of one tensor that are added, as one convolution (RepVGG, Ding et al. 2021,
https://arxiv.org/abs/2101.03697; MobileOne, Vasu et al. 2022, https://arxiv.org/abs/2206.04040).

A sum of convolutions of the same input with the same stride and groups is a convolution with the sum of their kernels,
the smaller ones with zeros around them. The input itself is one with a 1 at the centre of its own channel, and a batch
norm of the input one with its scale there. The text is the network that is trained; this is the one that infers.

Branches are operands of one sum, each of one layer once batch norms have been folded, of a block of the text's own too.
`archdsl/inference_state.py` adds the weights.
"""

from __future__ import annotations

from typing import NamedTuple

from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.body import (
    Alternative,
    Apply,
    BlockInstance,
    Bound,
    Chain,
    Combine,
    Guard,
    Input,
    Repeat,
    Select,
    Sequence,
    Step,
    TensorExpression,
)
from archdsl.ir.operators import Primitive
from archdsl.ir.operators.activation import Activation
from archdsl.ir.operators.convolution import Conv, Depthwise
from archdsl.ir.operators.normalization import BatchNorm
from archdsl.ir.operators.window import pad_width, sides
from archdsl.ir.rewrite import Rewriter, changed
from archdsl.passes.contract import IS_CONSISTENT, KEEPS_ENDS, KEEPS_STAGES, STAYS_CONSISTENT, Pass, Postcondition
from archdsl.passes.fold_batch_norm import applied_blocks

# The operators that a merged one is made of, in the order in which they run; None stands for the input itself.
Parts = tuple[Primitive | None, ...]


def merge_branches(architecture: Architecture) -> Architecture:
    """The same function of an image, for inference, with fewer operators."""
    return merged(architecture)[0]


def merged(architecture: Architecture) -> tuple[Architecture, dict[int, Parts]]:
    """The architecture, and by the identity of each merged operator what it is made of."""
    merger = _Merger(architecture)
    made = merger.architecture(architecture)
    if made is not architecture:
        made = changed(made, blocks=applied_blocks(made, made.blocks), requirements=())
    return made, merger.parts


class _Branch(NamedTuple):
    """An operand of a sum: `apply` is its only layer, and None where it is the input itself."""

    source: TensorExpression
    apply: Apply | None

    @property
    def operator(self) -> Primitive | None:
        return None if self.apply is None else self.apply.operator


class _Merger(Rewriter):
    def __init__(self, architecture: Architecture):
        self.blocks = dict(architecture.blocks)
        self.parts: dict[int, Parts] = {}
        self.made: list[Primitive] = []  # kept, so that each has an identity of its own

    def block(self, block: BlockInstance) -> BlockInstance:
        made = self.blocks[block.id] = super().block(block)
        return made

    def tensor(self, expression: TensorExpression) -> TensorExpression:
        made = super().tensor(expression)
        return self._sum(made) if isinstance(made, Combine) and made.operator == "add" else made

    def _sum(self, combine: Combine) -> TensorExpression:
        """A sum whose branches of one tensor are one operand, in the place of the first of them."""
        branches = [self._branch(operand) for operand in combine.operands]
        for first in sorted((one for one in branches if one is not None), key=_area, reverse=True):
            found = [index for index, other in enumerate(branches) if other is not None and _merges(first, other)]
            if len(found) < 2:
                continue
            operands = list(combine.operands)
            operands[found[0]] = self._one(first, [branch for index in found if (branch := branches[index])])
            kept = [operand for index, operand in enumerate(operands) if index not in found[1:]]
            return kept[0] if len(kept) == 1 else self._sum(changed(combine, operands=tuple(kept)))
        return combine

    def _one(self, first: _Branch, branches: list[_Branch]) -> Chain:
        """The convolution that branches are together: that of the largest kernel, with other weights and a bias."""
        apply, operator = first.apply, first.operator
        assert apply is not None
        assert isinstance(operator, Conv | Depthwise)
        made = changed(operator, bias=True)
        parts: list[Primitive | None] = []
        for branch in branches:
            parts += self.parts.get(id(branch.operator), (branch.operator,))
        self.made.append(made)
        self.parts[id(made)] = tuple(parts)
        formulas = {name: formula for name, formula in apply.formulas.items() if name != "bias"}
        return Chain(source=first.source, steps=(changed(apply, operator=made, formulas=formulas),))

    def _branch(self, operand: TensorExpression) -> _Branch | None:
        """An operand that is a tensor with at most one layer after it; None for any other."""
        match operand:
            case Input() | Bound():
                return _Branch(operand, None)
            case Select(value=value):
                return self._branch(value)
            case Chain(source=source, steps=steps):
                start = self._branch(source)
                layers = _layers(steps)
                if start is None or layers is None or len(layers) + (start.apply is not None) > 1:
                    return None
                return self._layer(start.source, layers[0]) if layers else start
        return None

    def _layer(self, source: TensorExpression, apply: Apply) -> _Branch | None:
        """A branch of a layer, or of a block that is one."""
        if apply.block is None:
            return _Branch(source, apply) if _is_part(apply) else None
        block = self.blocks[apply.block]
        values = [binding for binding in block.body if binding.value is not None]
        if apply.others or block.outputs or len(values) != 1 or values[0].value is None:
            return None
        inner = self._branch(values[0].value)
        if inner is None or not isinstance(inner.source, Input):
            return None
        return _Branch(source, None if inner.apply is None else changed(inner.apply, name=apply.name, formulas={}))


def _layers(steps: tuple[Step, ...]) -> list[Apply] | None:
    """The layers of steps that apply them once each, without those that do nothing; None for copies and shared ones."""
    found: list[Apply] = []
    for step in steps:
        inner: list[Apply] | None
        match step:
            case Apply(operator=Activation(kind="identity", gain=1)):
                inner = []
            case Apply():
                inner = [step]
            case Sequence(name=None, steps=several):
                inner = _layers(several)
            case Sequence(name=str(name), steps=several) | Repeat(name=name, copies=several):
                # A module of its own, whose name is free where its only layer takes its place.
                inner = _layers(several)
                inner = [changed(one, name=name) for one in inner] if inner else inner
            case Guard(value=value) | Alternative(value=value):
                inner = _layers((value,)) if value is not None else []
            case _:
                inner = None
        if inner is None:
            return None
        found += inner
    return found


def _is_part(apply: Apply) -> bool:
    """Whether a layer can be a part of a merged convolution."""
    operator = apply.operator
    if isinstance(operator, BatchNorm):
        return True
    if not isinstance(operator, Conv | Depthwise) or operator.dilation != 1:
        return False
    # The zeros of an even kernel are not the same on both sides, and those of `same` depend on the size of the map.
    if operator.padding == "same" and operator.stride != 1:
        return False
    kernel = sides(operator.kernel)
    padding = "symmetric" if operator.padding == "same" else operator.padding
    return all(side % 2 == 1 and pad_width(side, padding) == side // 2 for side in kernel)


def _area(branch: _Branch) -> int:
    """The elements of a convolution's kernel; 0 for what is none."""
    operator = branch.operator
    if not isinstance(operator, Conv | Depthwise):
        return 0
    kernel = sides(operator.kernel)
    return kernel.height * kernel.width


def _merges(first: _Branch, other: _Branch) -> bool:
    """Whether `first`, a convolution, can be what it and the other one are together."""
    one, two = first.operator, other.operator
    if first.apply is None or not isinstance(one, Conv | Depthwise) or not _is_same(first.source, other.source):
        return False
    if two is None or isinstance(two, BatchNorm):
        return _keeps(first.apply)
    if isinstance(one, Conv) and isinstance(two, Conv):
        alike = (one.channels, one.stride, one.groups) == (two.channels, two.stride, two.groups)
    elif isinstance(one, Depthwise) and isinstance(two, Depthwise):
        alike = (one.multiplier, one.stride) == (two.multiplier, two.stride)
    else:
        return False
    large, small = sides(one.kernel), sides(two.kernel)
    return alike and small.height <= large.height and small.width <= large.width


def _keeps(apply: Apply) -> bool:
    """Whether a convolution keeps the shape of its input, of which its output can then be a copy."""
    before: Shape = apply.input
    return apply.output == before and getattr(apply.operator, "stride", 0) == 1


def _is_same(one: TensorExpression, two: TensorExpression) -> bool:
    match one, two:
        case Input(), Input():
            return True
        case Bound(name=name), Bound(name=other):
            return name == other
    return False


def _work(given: Architecture, made: Architecture) -> str | None:
    before, after = given.costs.model().macs, made.costs.model().macs
    return None if after <= before else f"{before:,} MACs became {after:,}"


def _left(given: Architecture, made: Architecture) -> str | None:
    return None if merge_branches(made) is made else "there are branches left that can be merged"


PASS = Pass(
    "merge_branches",
    "parallel convolutions of one tensor that are added become one",
    merge_branches,
    before=(IS_CONSISTENT,),
    after=(
        STAYS_CONSISTENT,
        KEEPS_ENDS,
        KEEPS_STAGES,
        Postcondition("there are no more MACs than there were", _work),
        Postcondition("no branches are left that can be merged", _left),
    ),
)
