"""Parallel convolutions of one tensor that are added, as one convolution (RepVGG, Ding et al. 2021,
https://arxiv.org/abs/2101.03697; MobileOne, Vasu et al. 2022, https://arxiv.org/abs/2206.04040).

A sum of convolutions of the same input with the same stride and groups is a convolution with the sum of their kernels,
the smaller ones with zeros around them. The input itself is one with a 1 at the centre of its own channel, and a batch
norm of the input one with its scale there. The text is the network that is trained; this is the one that infers.

Branches are operands of one sum, written in it or bound to names that nothing else reads, each of one layer once batch
norms have been folded; a block of one layer is one. `archdsl/inference_state.py` adds the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    TensorBinding,
    TensorExpression,
)
from archdsl.ir.operators import Primitive
from archdsl.ir.operators.activation import Activation
from archdsl.ir.operators.convolution import Conv, Depthwise
from archdsl.ir.operators.normalization import BatchNorm
from archdsl.ir.operators.window import along, pad_width, sides
from archdsl.ir.rewrite import Rewriter, changed
from archdsl.passes.contract import IS_CONSISTENT, KEEPS_ENDS, KEEPS_STAGES, STAYS_CONSISTENT, Pass, Postcondition
from archdsl.passes.fold_batch_norm import Reads, applied_blocks

# The operators that a merged one is made of; None stands for the input itself.
Parts = tuple[Primitive | None, ...]


def merge_branches(architecture: Architecture) -> Architecture:
    """The same function of an image, for inference, with fewer operators."""
    while (found := merged(architecture)).parts:  # a block whose branches have become one layer can be a branch itself
        architecture = found.made
    return architecture


class Merged(NamedTuple):
    """`given` is the architecture with each operator at one place only, so that it is known by being that object.

    `parts` are, by the identity of each operator of `made` that is several of `given`, these.
    """

    given: Architecture
    made: Architecture
    parts: dict[int, Parts]


def merged(architecture: Architecture) -> Merged:
    """The architecture after merging once, and what was merged; `merge_branches` does it until nothing is."""
    given = _Marker(architecture).architecture(architecture)
    merger = _Merger()
    made = merger.architecture(given)
    if not merger.parts:
        return Merged(architecture, architecture, {})
    return Merged(given, changed(made, blocks=applied_blocks(made, made.blocks), requirements=()), merger.parts)


class _Marker(Rewriter):
    """Makes an object of each operator, and of a block of one layer that is all of a branch its layer."""

    def __init__(self, architecture: Architecture):
        self.blocks = architecture.blocks

    def tensor(self, expression: TensorExpression) -> TensorExpression:
        if isinstance(expression, Chain) and (layers := _layers(expression.steps)) and len(layers) == 1:
            layer = self._inside(layers[0])
            if layer is not None:
                return super().tensor(changed(expression, steps=(changed(layer, name=layers[0].name, formulas={}),)))
        return super().tensor(expression)

    def apply(self, apply: Apply) -> Step | None:
        operator = apply.operator
        if isinstance(operator, Conv | Depthwise | BatchNorm):
            return changed(apply, operator=type(operator)(**dict(operator)))
        return super().apply(apply)

    def _inside(self, apply: Apply) -> Apply | None:
        """The only layer of the block that is applied; None for an operator, and for other blocks."""
        if apply.block is None or apply.others:
            return None
        block = self.blocks[apply.block]
        values = [binding.value for binding in block.body if binding.value is not None]
        if block.outputs or len(values) != 1:
            return None
        layer = _only_layer(values[0])
        return self._inside(layer) if layer is not None and layer.block is not None else layer


class _Branch(NamedTuple):
    """An operand of a sum: `apply` is its only layer, and None where it is the input itself.

    `binding` is the name under which it is bound, where it is.
    """

    source: TensorExpression
    apply: Apply | None
    binding: str | None = None

    @property
    def operator(self) -> Primitive | None:
        return None if self.apply is None else self.apply.operator


class _Merger(Rewriter):
    def __init__(self) -> None:
        self.parts: dict[int, Parts] = {}
        self.made: list[Primitive] = []  # kept, so that each has an identity of its own
        self.reads: Mapping[str, int] = {}
        self.bindings: dict[str, TensorBinding] = {}

    def block(self, block: BlockInstance) -> BlockInstance:
        self.reads, self.bindings = Reads.of(block.body, block.outputs.values()), {}
        for binding in block.body:
            self.bindings[binding.name] = self.binding(binding)
        return changed(block, body=tuple(self.bindings.values()))

    def tensor(self, expression: TensorExpression) -> TensorExpression:
        made = super().tensor(expression)
        return self._sum(made) if isinstance(made, Combine) and made.operator == "add" else made

    def _sum(self, combine: Combine) -> TensorExpression:
        """A sum whose branches of one tensor are one operand."""
        leaves, sums = _flattened(combine)
        if len(sums) != len(leaves) - 1:  # A text has sums of two; an architecture in JSON may have others.
            return combine
        branches = [self._branch(leaf) for leaf in leaves]
        for first in sorted((one for one in branches if one is not None), key=_area, reverse=True):
            several = [
                (index, other) for index, other in enumerate(branches) if other is not None and _merges(first, other)
            ]
            # Where sums are taken apart, each one that is left begins with what was merged, and is as large.
            if len(several) < 2 or (len(sums) > 1 and first.apply and first.apply.output != combine.output):
                continue
            one = self._replaced(first, leaves, several)
            gone = {index for index, _ in several}
            rest = [leaf for index, leaf in enumerate(leaves) if index not in gone]
            if not rest:
                return one
            for leaf, each in zip(rest, sums[-len(rest) :], strict=True):
                one = changed(each, operands=(one, leaf), output=combine.output)
            return self._sum(one) if isinstance(one, Combine) else one
        return combine

    def _replaced(
        self, first: _Branch, leaves: list[TensorExpression], several: list[tuple[int, _Branch]]
    ) -> TensorExpression:
        """The operand that branches become, in the place of that with the largest kernel."""
        made = self._one(first, [branch for _, branch in several])
        for _, other in several:
            if other.binding is not None:
                value = made if other is first else None
                self.bindings[other.binding] = changed(self.bindings[other.binding], value=value)
        return made if first.binding is None else next(leaves[index] for index, one in several if one is first)

    def _one(self, first: _Branch, branches: list[_Branch]) -> Chain:
        """The convolution that branches are together: that of the largest kernel, with other weights and a bias."""
        apply, operator = first.apply, first.operator
        assert apply is not None
        assert isinstance(operator, Conv | Depthwise)
        made = changed(operator, bias=True)
        parts: list[Primitive | None] = []
        for branch in branches:
            parts += self.parts.pop(id(branch.operator), (branch.operator,))
        if made is operator:
            made = type(operator)(**dict(operator))
        self.made.append(made)
        self.parts[id(made)] = tuple(parts)
        formulas = {name: formula for name, formula in apply.formulas.items() if name != "bias"}
        return Chain(source=first.source, steps=(changed(apply, operator=made, formulas=formulas),))

    def _branch(self, operand: TensorExpression) -> _Branch | None:
        """An operand that is a tensor with at most one layer after it; None for any other."""
        match operand:
            case Bound(name=name):
                binding = self.bindings.get(name)
                if binding is not None and binding.value is not None and self.reads[name] == 1:
                    inner = self._branch(binding.value)
                    if inner is not None and inner.apply is not None and inner.binding is None:
                        return inner._replace(binding=name)
                return _Branch(operand, None)
            case Input():
                return _Branch(operand, None)
            case Select(value=value):
                return self._branch(value)
            case Chain(source=source, steps=steps):
                start, layers = self._branch(source), _layers(steps)
                if start is None or layers is None or len(layers) + (start.apply is not None) > 1:
                    return None
                if not layers:
                    return start
                return start._replace(apply=layers[0]) if _is_part(layers[0]) else None
        return None


def _only_layer(expression: TensorExpression | None) -> Apply | None:
    """The one layer that is applied to the input of a block; None where there is none, or more."""
    match expression:
        case Select(value=value):
            return _only_layer(value)
        case Chain(source=source, steps=steps):
            layers = _layers(steps)
            if not layers:
                return _only_layer(source) if layers is not None else None
            return layers[0] if len(layers) == 1 and _is_input(source) else None
    return None


def _is_input(expression: TensorExpression) -> bool:
    match expression:
        case Select(value=value):
            return _is_input(value)
        case Chain(source=source, steps=steps):
            return _layers(steps) == [] and _is_input(source)
    return isinstance(expression, Input)


def _flattened(combine: Combine) -> tuple[list[TensorExpression], list[Combine]]:
    """The operands of a sum and of the sums that it is made of, and these sums, itself last."""
    leaves: list[TensorExpression] = []
    sums: list[Combine] = []
    for operand in combine.operands:
        if isinstance(operand, Combine) and operand.operator == "add":
            inner, more = _flattened(operand)
            leaves += inner
            sums += more
        else:
            leaves.append(operand)
    return leaves, [*sums, combine]


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
    if not isinstance(operator, Conv | Depthwise) or sides(operator.dilation) != (1, 1):
        return False
    # The zeros of an even kernel are not the same on both sides, and those of `same` depend on the size of the map.
    if operator.padding == "same" and sides(operator.stride) != (1, 1):
        return False
    kernel = sides(operator.kernel)
    padding = along("symmetric" if operator.padding == "same" else operator.padding)
    return all(
        side % 2 == 1 and pad_width(side, zeros) == side // 2 for side, zeros in zip(kernel, padding, strict=True)
    )


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
    return apply.output == before and sides(getattr(apply.operator, "stride", 0)) == (1, 1)


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
