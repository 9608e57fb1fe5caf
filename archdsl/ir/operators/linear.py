"""Fully connected layers and what prepares tensors for them."""

from typing import ClassVar, Literal

from archdsl.ir.base import Count, Shape
from archdsl.ir.operators.base import Operator, Tensors


class Linear(Operator):
    """Fully connected layer on the flattened input; its output is `features` x 1 x 1."""

    is_weighted: ClassVar[bool] = True
    takes_vectors: ClassVar[bool] = True
    kind: Literal["linear"] = "linear"
    features: Count
    bias: bool = True

    def output(self, *shapes: Shape) -> Shape:
        return Shape(self.features, 1, 1)

    def parameters(self, *shapes: Shape) -> int:
        return self.features * (shapes[0].elements + self.bias)

    def state(self, *shapes: Shape) -> Tensors:
        weight: Tensors = {"weight": (self.features, shapes[0].elements)}
        return {**weight, "bias": (self.features,)} if self.bias else weight

    def macs(self, *shapes: Shape) -> int:
        return self.features * shapes[0].elements


class Flatten(Operator):
    """Channels, height and width to channels alone."""

    takes_vectors: ClassVar[bool] = True
    kind: Literal["flatten"] = "flatten"

    def output(self, *shapes: Shape) -> Shape:
        return Shape(shapes[0].elements, 1, 1)
