"""What a device runs at once, with the work that it is: operations and bytes."""

from __future__ import annotations

from typing import Literal, NamedTuple

from archdsl.ir.base import Shape, Size

Layout = Literal["plain", "blocked"]

BACKWARD = "_backward"
OPTIMIZER = "optimizer"


class _Kind(NamedTuple):
    """The class of kernels that shares an efficiency, and the floating point operations an element.

    A device does several of them in one instruction; what that comes to is a matter of the class's efficiency, and of
    what calibration finds.
    """

    family: str
    operations: int = 1


# Every kind of kernel there is.
_KINDS = {
    "conv": _Kind("conv"),
    "grouped_conv": _Kind("grouped_conv"),
    "depthwise": _Kind("depthwise"),
    "extern": _Kind("conv"),
    "linear": _Kind("linear"),
    "dot_product_attention": _Kind("linear"),
    "batch_norm": _Kind("normalization", 2),
    "batch_norm_training": _Kind("normalization"),
    "group_norm": _Kind("normalization", 6),
    "layer_norm": _Kind("normalization", 8),
    "l2_norm": _Kind("normalization", 4),
    "softmax": _Kind("normalization", 8),
    "standardize": _Kind("normalization", 6),
    "relu": _Kind("activation"),
    "relu6": _Kind("activation"),
    "silu": _Kind("activation", 6),
    "gelu": _Kind("activation", 10),
    "sigmoid": _Kind("activation", 5),
    "tanh": _Kind("activation", 6),
    "hard_swish": _Kind("activation", 4),
    "hard_sigmoid": _Kind("activation", 3),
    "elu": _Kind("activation", 6),
    "mish": _Kind("activation", 12),
    "softplus": _Kind("activation", 8),
    "leaky_relu": _Kind("activation"),
    "prelu": _Kind("activation"),
    "sqrt": _Kind("activation", 2),
    "exp": _Kind("activation", 5),
    "abs": _Kind("activation"),
    "add": _Kind("arithmetic"),
    "subtract": _Kind("arithmetic"),
    "multiply": _Kind("arithmetic"),
    "divide": _Kind("arithmetic"),
    "maximum": _Kind("arithmetic"),
    "minimum": _Kind("arithmetic"),
    "scale": _Kind("arithmetic"),
    "dropout": _Kind("arithmetic"),
    "broadcast_channels": _Kind("arithmetic"),
    "broadcast_map": _Kind("arithmetic"),
    "max_pool": _Kind("pooling"),
    "avg_pool": _Kind("pooling"),
    "global_avg_pool": _Kind("reduction"),
    "global_max_pool": _Kind("reduction"),
    "reduce": _Kind("reduction"),
    "concat": _Kind("movement"),
    "slice": _Kind("movement"),
    "reshape": _Kind("movement"),
    "shuffle": _Kind("movement"),
    "pad": _Kind("movement"),
    "resize_nearest": _Kind("movement"),
    "resize_bilinear": _Kind("movement"),
    "resize_bicubic": _Kind("movement"),
    "reorder_plain": _Kind("movement"),
    "reorder_blocked": _Kind("movement"),
    OPTIMIZER: _Kind(OPTIMIZER, 4),
}

CONVOLUTIONS = frozenset({"conv", "grouped_conv", "depthwise"})
ACTIVATIONS = frozenset(name for name, kind in _KINDS.items() if kind.family == "activation")


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
    # The learnable scalars, and the multiply-accumulates of an image, of what a text declares.
    declared: tuple[int, int] = (0, 0)

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
        if self.forward == "extern":
            return self.declared[0]
        if self.forward in CONVOLUTIONS:
            return self.output.channels * (self.input.channels // self.groups) * self.window.height * self.window.width
        return 0

    @property
    def operations(self) -> int:
        """Floating point operations, for the whole batch. Backward computes two gradients, that of the image one."""
        forward = self.forward
        if forward == "linear":
            done = 2 * self.weights
        elif forward == "extern":
            done = 2 * self.declared[1]
        elif forward in CONVOLUTIONS:
            done = 2 * self.weights * self.output.height * self.output.width
        elif (
            forward == "dot_product_attention"
        ):  # queries by keys, and their products by values; the keys are the window
            done = 2 * (self.input.elements + self.output.elements) * self.window.height * self.window.width
        elif family_of(forward) == "pooling":
            done = self.output.elements * self.window.height * self.window.width
        elif family_of(forward) == "reduction":
            done = self.input.elements
        elif family_of(forward) == "movement":
            done = 0
        else:
            done = _KINDS[forward].operations * max(self.input.elements, self.output.elements)
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
_TWO_PASSES = frozenset({"batch_norm_training", "group_norm", "layer_norm", "l2_norm", "softmax"})


def family_of(kind: str) -> str:
    """The class of a kind of kernel."""
    return _KINDS[kind].family


FAMILIES = tuple(dict.fromkeys(kind.family for kind in _KINDS.values()))
