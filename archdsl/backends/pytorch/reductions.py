"""How far maps have shrunk, as `feature_info` reports it: the product of the strides, whatever the sizes round to.

After strides 2, 2 and 2 an image of 33 is a map of 5, and has shrunk by 8, not by 7.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.body import Apply
from archdsl.ir.operators import Primitive
from archdsl.ir.operators.arrangement import Resize
from archdsl.ir.operators.base import Windowed
from archdsl.ir.operators.window import ratio, sides
from archdsl.ir.parts import applied
from archdsl.ir.walk import ShallowTracer, Tensor, Visit


class Feature(NamedTuple):
    """A map of `feature_info`: what stage ends in it, its channels, how many times smaller than the image it is."""

    stage: str
    channels: int
    reduction: int

    @property
    def module(self) -> str:
        return f"stages.{self.stage}"


def features_of(architecture: Architecture) -> list[Feature]:
    """The maps of `feature_info`: after each stage, but only the last of those that have the same reduction."""
    reductions = stage_reductions(architecture)
    return [
        Feature(stage.name, stage.output.channels, reduction)
        for number, (stage, reduction) in enumerate(zip(architecture.stages, reductions, strict=True))
        if reductions[number + 1 : number + 2] != [reduction]
    ]


def stage_reductions(architecture: Architecture) -> list[int]:
    """The product of the strides up to the end of each stage."""
    reductions = _Reductions(architecture)
    reduction = reductions.after(Fraction(1), applied(architecture.stem.steps) if architecture.stem else ())
    found = []
    for stage in architecture.stages:
        reduction = reductions.after(reduction, (layer.apply for layer in stage.layers))
        found.append(max(1, round(reduction)))
    return found


class _Reductions:
    """How many times smaller layers make a map; each block is followed once."""

    def __init__(self, architecture: Architecture):
        self.architecture = architecture
        self.blocks: dict[str, Fraction] = {}

    def after(self, reduction: Fraction, layers: Iterable[Apply]) -> Fraction:
        for layer in layers:
            if layer.block is not None:
                reduction *= self.block(layer.block)
            elif layer.operator is not None:
                reduction *= _own(layer.operator, layer.input, layer.output)
        return reduction

    def block(self, identity: str) -> Fraction:
        if identity not in self.blocks:
            # Those of the tensors inside: where several meet, as in a gate, the largest map is what comes out.
            inside = _Inside()
            for visit in ShallowTracer(self.architecture).whole(identity):
                inside[visit.path] = self._visited(visit, inside), visit.output
            self.blocks[identity], _ = inside[visit.path]
        return self.blocks[identity]

    def _visited(self, visit: Visit, inside: _Inside) -> Fraction:
        if not visit.inputs:
            # The tensors of a list that is the input have shrunk differently: against the first, by their sizes.
            is_listed = visit.path.startswith("in[") and len(inside) > 0
            return ratio(inside["in[0]"][1].height, visit.output.height) if is_listed else Fraction(1)
        if isinstance(visit.primitive, Resize) and len(visit.inputs) > 1:
            return inside.of(visit.inputs[1])  # `like` that tensor
        if visit.primitive is None and visit.block is None:
            return inside.of(_largest(visit.inputs))
        source = visit.inputs[0]
        own = self.block(visit.block) if visit.block is not None else _own(visit.primitive, source.shape, visit.output)
        return inside.of(source) * own


class _Inside(dict[str, tuple[Fraction, Shape]]):
    """How many times smaller the tensors of a block are than its input, by their paths, with their shapes. The others
    of a list, which have the path of the first, are known by their sizes."""

    def of(self, tensor: Tensor) -> Fraction:
        reduction, shape = self[tensor.path]
        return reduction * ratio(shape.height, tensor.shape.height) if tensor.shape != shape else reduction


def _largest(tensors: Iterable[Tensor]) -> Tensor:
    return max(tensors, key=lambda tensor: tensor.shape.height)


def _own(operator: Primitive | None, before: Shape, after: Shape) -> Fraction:
    """The stride of an operator, or the ratio of its maps where it has none."""
    if isinstance(operator, Windowed):
        stride = getattr(operator, "stride", None)
        return Fraction(sides(stride or operator.kernel).height)
    return ratio(before.height, after.height)
