"""Activations: elementwise, without parameters (but `prelu`), free in every cost convention of the field."""

from typing import ClassVar, Literal

from archdsl.ir.base import Shape
from archdsl.ir.operators.base import Expressions, Operator, Rules, Tensors

_MODULES = {
    "relu": "nn.ReLU()",
    "relu6": "nn.ReLU6()",
    "silu": "nn.SiLU()",
    "swish": "nn.SiLU()",
    "gelu": "nn.GELU()",
    "sigmoid": "nn.Sigmoid()",
    "tanh": "nn.Tanh()",
    "hard_swish": "nn.Hardswish()",
    "hard_sigmoid": "nn.Hardsigmoid()",
    "elu": "nn.ELU()",
    "mish": "nn.Mish()",
    "softplus": "nn.Softplus()",
    "identity": "nn.Identity()",
}


class Activation(Operator):
    """An elementwise function, its result times `gain` (NFNets keep the variance at 1 by it)."""

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

    def module(self, of: Expressions) -> str:
        module = _MODULES[self.kind]
        return module if of["gain"] == "1.0" else f"Gained({module}, {of['gain']})"

    def vector_module(self, of: Expressions) -> str:
        return self.module(of)


class LeakyRelu(Operator):
    """`max(x, slope * x)`."""

    kind: Literal["leaky_relu"] = "leaky_relu"
    slope: float = 0.01

    def module(self, of: Expressions) -> str:
        return f"nn.LeakyReLU({of['slope']})"

    def vector_module(self, of: Expressions) -> str:
        return self.module(of)


class Prelu(Operator):
    """Leaky ReLU with a learnable slope per channel (He et al. 2015)."""

    rules: ClassVar[Rules] = Rules(parameters="in.channels")
    kind: Literal["prelu"] = "prelu"

    def parameters(self, *shapes: Shape) -> int:
        return shapes[0].channels

    def state(self, *shapes: Shape) -> Tensors:
        return {"weight": (shapes[0].channels,)}

    def module(self, of: Expressions) -> str:
        return f"nn.PReLU({of['in_channels']})"

    def vector_module(self, of: Expressions) -> str:
        return self.module(of)
