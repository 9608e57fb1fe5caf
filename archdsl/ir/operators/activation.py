"""Activations: without parameters (but `prelu`), free in every cost convention of the field."""

from typing import ClassVar, Literal

from archdsl.ir.base import Shape
from archdsl.ir.operators.base import Axes, Operator, Tensors, check_axis


class Activation(Operator):
    """An elementwise function, its result times `gain` (NFNets keep the variance at 1 by it)."""

    takes_vectors: ClassVar[bool] = True
    kind: Literal[
        "relu",
        "relu6",
        "silu",
        "swish",
        "gelu",
        "sigmoid",
        "tanh",
        "hard_swish",
        "hard_sigmoid",
        "elu",
        "mish",
        "softplus",
        "identity",
    ]
    gain: float = 1.0


class LeakyRelu(Operator):
    """`max(x, slope * x)`."""

    takes_vectors: ClassVar[bool] = True
    kind: Literal["leaky_relu"] = "leaky_relu"
    slope: float = 0.01


class Prelu(Operator):
    """Leaky ReLU with a learnable slope per channel, or one that is `shared` by all (He et al. 2015)."""

    takes_vectors: ClassVar[bool] = True
    kind: Literal["prelu"] = "prelu"
    shared: bool = False

    def parameters(self, *shapes: Shape) -> int:
        return shapes[0].channels * (1 - self.shared) + self.shared

    def state(self, *shapes: Shape) -> Tensors:
        return {"weight": (self.parameters(*shapes),)}


class Function(Operator):
    """A function of each element. `sqrt` by itself is this layer; `sqrt(4)` is the function of a number."""

    takes_vectors: ClassVar[bool] = True
    kind: Literal["sqrt", "exp", "abs"]


class Softmax(Operator):
    """The elements `over` an axis, or over all positions of the map, as shares of one.

    `over` is `channels`, `height`, `width` or `positions` (height and width together); of a series `length`.
    """

    kind: Literal["softmax"] = "softmax"
    over: Axes

    def output(self, *shapes: Shape) -> Shape:
        check_axis(self.over, "over")
        return shapes[0]

    @property
    def takes_vectors(self) -> bool:  # type: ignore[override]
        return self.over == "channels"
