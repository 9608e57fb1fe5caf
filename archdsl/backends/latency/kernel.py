"""What a device runs at once, with the work that it is: operations and bytes."""

from __future__ import annotations

from typing import Literal, NamedTuple

from archdsl.ir.base import Shape, Size

Layout = Literal["plain", "blocked"]

CONVOLUTIONS = frozenset({"conv", "grouped_conv", "depthwise"})
ACTIVATIONS = frozenset(
    {
        "relu", "relu6", "silu", "gelu", "sigmoid", "tanh", "hard_swish", "hard_sigmoid", "elu", "mish", "softplus",
        "leaky_relu", "prelu",
    }
)  # fmt: skip
_NORMALIZATIONS = frozenset({"batch_norm", "group_norm", "layer_norm", "l2_norm", "standardize"})
_POOLINGS = frozenset({"max_pool", "avg_pool"})
_REDUCTIONS = frozenset({"global_avg_pool", "global_max_pool"})
_ARITHMETIC = frozenset({"add", "subtract", "multiply", "divide", "scale", "dropout"})

BACKWARD = "_backward"
OPTIMIZER = "optimizer"

# Floating point operations an element, where it is not one. A device does several of them in one instruction; what that
# comes to is a matter of the class's efficiency, and of what calibration finds.
_OPERATIONS = {
    "silu": 6, "sigmoid": 5, "tanh": 6, "gelu": 10, "mish": 12, "softplus": 8, "elu": 6, "hard_swish": 4,
    "hard_sigmoid": 3, "batch_norm": 2, "group_norm": 6, "layer_norm": 8, "l2_norm": 4, "standardize": 6,
    "resize_bilinear": 8, OPTIMIZER: 4,
}  # fmt: skip


class Kernel(NamedTuple):
    """One kernel: its kind, and everything else that its time depends on. Equal kernels take equal time.

    Shapes are those of one image. `operands` tensors of the input's shape are read, and `further` elements of smaller
    ones, such as a factor per channel. In the `blocked` layout channels stand together in groups of 16.
    """

    kind: str
    input: Shape
    output: Shape
    batch: int = 1
    window: Size = Size(1, 1)
    stride: int = 1
    groups: int = 1
    operands: int = 1
    further: int = 0
    layout: Layout = "plain"

    @property
    def forward(self) -> str:
        """The kind of the kernel whose gradients this one computes; its own kind where it computes none."""
        return self.kind.removesuffix(BACKWARD)

    @property
    def is_backward(self) -> bool:
        return self.kind.endswith(BACKWARD)

    @property
    def family(self) -> str:
        """The class that shares an efficiency: depthwise convolutions are one of their own."""
        return family_of(self.forward) + (BACKWARD if self.is_backward else "")

    @property
    def weights(self) -> int:
        """Learned scalars that it reads: those of filters and of fully connected layers."""
        if self.forward == "linear":
            return self.input.elements * self.output.channels
        if self.forward in CONVOLUTIONS:
            return self.output.channels * (self.input.channels // self.groups) * self.window.height * self.window.width
        return 0

    @property
    def operations(self) -> int:
        """Floating point operations, for the whole batch. Backward computes two gradients, that of the image one."""
        forward = self.forward
        if forward == "linear":
            done = 2 * self.weights
        elif forward in CONVOLUTIONS:
            done = 2 * self.weights * self.output.height * self.output.width
        elif forward in _POOLINGS:
            done = self.output.elements * self.window.height * self.window.width
        elif forward in _REDUCTIONS:
            done = self.input.elements
        elif family_of(forward) == "movement":
            done = 0
        else:
            done = _OPERATIONS.get(forward, 1) * max(self.input.elements, self.output.elements)
        return done * self.batch * (2 if self.is_backward else 1)

    def traffic(self, size: int) -> int:
        """Bytes read and written at `size` bytes an element, each tensor once."""
        inputs = self.batch * (self.operands * self.input.elements + self.further)
        outputs = self.batch * self.output.elements
        if self.forward == OPTIMIZER:  # Reads the weight, its gradient and momentum; writes weight and momentum.
            return 5 * self.input.elements * size
        if not self.is_backward:
            passes = 2 if self.kind in _TWO_PASSES else 1
            return (passes * inputs + outputs + self.weights) * size
        # Reads what came in and the gradient of what went out, writes the gradients of what came in and of the weights.
        if family_of(self.forward) in ("arithmetic", "movement"):
            return (inputs + outputs) * size
        passes = 2 if family_of(self.forward) == "normalization" else 1
        return (passes * (inputs + outputs) + inputs + 2 * self.weights) * size


# Normalizations that look at everything before they write anything.
_TWO_PASSES = frozenset({"batch_norm_training", "group_norm", "layer_norm", "l2_norm"})


def family_of(kind: str) -> str:
    """The class of a kind of kernel."""
    if kind in CONVOLUTIONS or kind in ("linear", OPTIMIZER):
        return kind
    if kind in ACTIVATIONS:
        return "activation"
    if kind in _NORMALIZATIONS or kind == "batch_norm_training":
        return "normalization"
    if kind in _POOLINGS:
        return "pooling"
    if kind in _REDUCTIONS:
        return "reduction"
    return "arithmetic" if kind in _ARITHMETIC or kind.startswith("broadcast_") else "movement"


FAMILIES = (
    "conv", "grouped_conv", "depthwise", "linear", "normalization", "activation", "arithmetic", "pooling", "reduction",
    "movement", OPTIMIZER,
)  # fmt: skip
