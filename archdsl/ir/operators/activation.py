"""Activations: elementwise, without parameters (but `prelu`), free in every cost convention of the field."""

from typing import ClassVar, Literal

from archdsl.ir.base import Shape
from archdsl.ir.operators.base import Operator, Tensors


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
    """Leaky ReLU with a learnable slope per channel (He et al. 2015)."""

    takes_vectors: ClassVar[bool] = True
    kind: Literal["prelu"] = "prelu"

    def parameters(self, *shapes: Shape) -> int:
        return shapes[0].channels

    def state(self, *shapes: Shape) -> Tensors:
        return {"weight": (shapes[0].channels,)}
