"""Convolutions: full, depthwise, and with standardized weights."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from archdsl.ir.base import Count, Shape
from archdsl.ir.operators.base import Eps, Tensors, Windowed, check_centred, check_divides, check_spatial
from archdsl.ir.operators.window import Kernel, Padding, sides, window


class _Convolution(Windowed):
    is_weighted: ClassVar[bool] = True
    if TYPE_CHECKING:  # fields of each subclass, which sets their order
        stride: Count
        dilation: Count
        bias: bool

    def filters(self, shape: Shape) -> tuple[int, int]:
        """Output channels and groups, for an input of `shape`."""
        raise NotImplementedError

    def output(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        channels, groups = self.filters(shape)
        for what, count in (("input", shape.channels), ("output", channels)):
            attribute = "groups" if what == "input" else "channels"
            check_divides(count, f"{what} channels", groups, "groups", attribute)
        return Shape(channels, *self.positions(shape))

    def positions(self, shape: Shape) -> tuple[int, int]:
        kernel = sides(self.kernel)
        check_centred(kernel, self.dilation, self.padding)
        height = window(shape.height, kernel.height, self.stride, self.padding, self.dilation)
        width = window(shape.width, kernel.width, self.stride, self.padding, self.dilation)
        return check_spatial(shape, height, width, f"a {kernel} convolution with stride {self.stride}")

    def weights(self, shape: Shape) -> int:
        channels, groups = self.filters(shape)
        kernel = sides(self.kernel)
        return channels * (shape.channels // groups) * kernel.height * kernel.width

    def parameters(self, *shapes: Shape) -> int:
        return self.weights(shapes[0]) + self.filters(shapes[0])[0] * self.bias

    def state(self, *shapes: Shape) -> Tensors:
        channels, groups = self.filters(shapes[0])
        weight = {"weight": (channels, shapes[0].channels // groups, *sides(self.kernel))}
        return {**weight, "bias": (channels,)} if self.bias else {**weight}

    def macs(self, *shapes: Shape) -> int:
        out = self.output(*shapes)
        return self.weights(shapes[0]) * out.height * out.width


class Conv(_Convolution):
    """Convolution of `in.channels` to `channels`, without a bias unless asked.

    Kernel: a number, or height x width as in `1 x 7`. Padding: `symmetric`, `same` (TensorFlow's), `valid` or a number
    of zeros a side; a kernel of 4, 6, ... has no centre, so it must say one of the last three.
    """

    kind: Literal["conv"] = "conv"
    channels: Count
    kernel: Kernel = 1
    stride: Count = 1
    groups: Count = 1
    bias: bool = False
    dilation: Count = 1
    padding: Padding = "symmetric"

    def filters(self, shape: Shape) -> tuple[int, int]:
        return self.channels, self.groups


class Depthwise(_Convolution):
    """Depthwise convolution: each channel with filters of its own, `multiplier` of them."""

    kind: Literal["depthwise"] = "depthwise"
    kernel: Kernel = 3
    stride: Count = 1
    multiplier: Count = 1
    bias: bool = False
    dilation: Count = 1
    padding: Padding = "symmetric"

    def filters(self, shape: Shape) -> tuple[int, int]:
        return shape.channels * self.multiplier, shape.channels


class WeightStandardizedConv(_Convolution):
    """Convolution with scaled weight standardization and a learnable gain per filter (Brock et al. 2021).

    `W_hat = gain * (W - mean) / sqrt(max((var + variance_eps) * fan_in, eps))`, mean and variance over each filter. The
    authors' code bounds the variance with `eps`; timm's adds to it, as `variance_eps = 1e-5` does.
    """

    kind: Literal["ws_conv"] = "ws_conv"
    channels: Count
    kernel: Kernel = 1
    stride: Count = 1
    groups: Count = 1
    bias: bool = True
    dilation: Count = 1
    eps: Eps = 1e-4
    variance_eps: Annotated[float, Field(ge=0, lt=1)] = 0.0
    padding: Padding = "symmetric"

    def filters(self, shape: Shape) -> tuple[int, int]:
        return self.channels, self.groups

    def parameters(self, *shapes: Shape) -> int:
        return super().parameters(*shapes) + self.channels

    def state(self, *shapes: Shape) -> Tensors:
        return {**super().state(*shapes), "gain": (self.channels, 1, 1, 1)}
