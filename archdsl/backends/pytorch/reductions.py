"""How far maps have shrunk, as `feature_info` reports it: the product of the strides, whatever the sizes round to.

After strides 2, 2 and 2 an image of 33 is a map of 5, and has shrunk by 8, not by 7.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from archdsl.backends.pytorch.class_layers import of_images
from archdsl.backends.pytorch.state import children_of
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.body import Apply
from archdsl.ir.operators import Primitive
from archdsl.ir.operators.arrangement import Resize
from archdsl.ir.operators.base import Windowed
from archdsl.ir.operators.pooling import AvgPool, MaxPool
from archdsl.ir.operators.window import ratio, sides
from archdsl.ir.parts import applied
from archdsl.ir.walk import ShallowTracer, Tensor, Visit


class Feature(NamedTuple):
    """A map of `feature_info`: the module that ends in it, its channels, how many times smaller than the image it
    is."""

    module: str
    channels: int
    reduction: int

    @property
    def stage(self) -> str:
        """The name of the stage that ends in it."""
        return self.module.removeprefix("stages.")


def features_of(architecture: Architecture) -> list[Feature]:
    """The maps of `feature_info` that stages end in: only the last of those that have the same reduction."""
    reductions = stage_reductions(architecture)
    return [
        Feature(f"stages.{stage.name}", stage.output.channels, reduction)
        for number, (stage, reduction) in enumerate(zip(architecture.stages, reductions, strict=True))
        if reductions[number + 1 : number + 2] != [reduction]
    ]


def stem_features_of(architecture: Architecture) -> list[Feature]:
    """The maps of `feature_info` that the stem has, which are larger than those of all stages: of each reduction the
    last one that a sub-module of it, or all of it, ends in.

    The image itself is none, nor is a map with channels that follow from those of the image.
    """
    stem, reductions = architecture.stem, _Reductions(architecture)
    if stem is None or not architecture.stages:
        return []
    reduction, found = Fraction(1), dict[int, Feature]()
    for number, child in enumerate(children := children_of(stem.steps.steps)):
        layers = [*applied(child)]
        before, reduction = reduction, reductions.after(reduction, layers)
        if not layers or (reduction == before and isinstance(layers[0].operator, AvgPool | MaxPool)):
            continue  # a pooling that leaves the size is half of a step: what it pools is the map
        module = "stem" if number == len(children) - 1 else f"stem.{child.name}"
        whole = max(1, round(reduction))
        found[whole] = Feature(module, layers[-1].output.channels, whole)
    first = features_of(architecture)[0].reduction
    made = [feature for whole, feature in sorted(found.items()) if 1 < whole < first]
    following = of_images(architecture) if made else frozenset[str]()
    return [feature for feature in made if feature.module not in following]


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
    return max(tensors, key=lambda tensor: tensor.shape.side)


def _own(operator: Primitive | None, before: Shape, after: Shape) -> Fraction:
    """The stride of an operator, or the ratio of its maps where it has none."""
    if isinstance(operator, Windowed):
        stride = getattr(operator, "stride", None)
        down, across = sides(stride or operator.kernel)
        return Fraction(across if before.is_line else down)
    return ratio(before.side, after.side)
