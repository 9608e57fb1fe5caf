"""Convolutions: full, depthwise, and with standardized weights."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from archdsl.ir.base import Count, Shape, ShapeError, Size
from archdsl.ir.operators.base import Eps, Tensors, Windowed, check_centred, check_divides, check_spatial
from archdsl.ir.operators.window import Kernel, Padding, Zeros, along, sides, spread, window


class _Convolution(Windowed):
    is_weighted: ClassVar[bool] = True
    if TYPE_CHECKING:  # fields of each subclass, which sets their order
        stride: Kernel
        dilation: Kernel
        bias: bool

    def filters(self, shape: Shape) -> tuple[int, int]:
        """Output channels and groups, for an input of `shape`."""
        raise NotImplementedError

    def output(self, *shapes: Shape) -> Shape:
        shape = shapes[0]
        channels, groups = self.filters(shape)
        for what, count in (("input", shape.channels), ("output", channels)):
            attribute = "groups" if what == "input" else "channels"
            check_divides(count, f"{what} channels", groups, "groups", attribute)
        return Shape(channels, *self.positions(shape))

    def positions(self, shape: Shape) -> tuple[int, int]:
        kernel, dilation = sides(self.kernel), sides(self.dilation)
        check_centred(shape, kernel, dilation, self.padding)
        axes = zip(shape[1:], kernel, sides(self.stride), along(self.padding), dilation, strict=True)
        height, width = (window(*axis) for axis in axes)
        what = f"a {shape.said(kernel)} convolution with stride {shape.said(self.stride)}"
        return check_spatial(shape, height, width, what)

    def weights(self, shape: Shape) -> int:
        channels, groups = self.filters(shape)
        kernel = sides(self.kernel)
        return channels * (shape.channels // groups) * kernel.height * kernel.width

    def parameters(self, *shapes: Shape) -> int:
        return self.weights(shapes[0]) + self.filters(shapes[0])[0] * self.bias

    def state(self, *shapes: Shape) -> Tensors:
        channels, groups = self.filters(shapes[0])
        weight = {"weight": (channels, shapes[0].channels // groups, *shapes[0].each(*sides(self.kernel)))}
        return {**weight, "bias": (channels,)} if self.bias else {**weight}

    def macs(self, *shapes: Shape) -> int:
        out = self.output(*shapes)
        return self.weights(shapes[0]) * out.height * out.width


class Conv(_Convolution):
    """Convolution of `in.channels` to `channels`, without a bias unless asked.

    Kernel, stride and dilation: a number, or height x width as in `1 x 7`. Padding: `symmetric`, `same` (TensorFlow's),
    `valid` or a number of zeros a side, for both axes or height x width as in `0 x 3`; a kernel of 4, 6, ... has no
    centre, so it must say one of the last three.
    """

    kind: Literal["conv"] = "conv"
    channels: Count
    kernel: Kernel = 1
    stride: Kernel = 1
    groups: Count = 1
    bias: bool = False
    dilation: Kernel = 1
    padding: Padding = "symmetric"

    def filters(self, shape: Shape) -> tuple[int, int]:
        return self.channels, self.groups


class Depthwise(_Convolution):
    """Depthwise convolution: each channel with filters of its own, `multiplier` of them."""

    kind: Literal["depthwise"] = "depthwise"
    kernel: Kernel = 3
    stride: Kernel = 1
    multiplier: Count = 1
    bias: bool = False
    dilation: Kernel = 1
    padding: Padding = "symmetric"

    def filters(self, shape: Shape) -> tuple[int, int]:
        return shape.channels * self.multiplier, shape.channels


class ConvTranspose(Windowed):
    """Transposed convolution, from a map to a larger one: each element of the input adds a filter to the output.

    A padding is what is cut off again on each side; with `same` the output is `stride` times as large as the input, as
    in TensorFlow. `output_padding` adds to the height and width at the end (PyTorch's way to have even sizes).
    """

    is_weighted: ClassVar[bool] = True
    counts: ClassVar[str] = "spread"
    kind: Literal["conv_transpose"] = "conv_transpose"
    channels: Count
    kernel: Kernel = 1
    stride: Kernel = 1
    output_padding: Zeros | Size = 0
    groups: Count = 1
    bias: bool = False
    dilation: Kernel = 1
    padding: Padding = "symmetric"

    def filters(self, shape: Shape) -> tuple[int, int]:
        """Output channels and groups, for an input of `shape`."""
        return self.channels, self.groups

    def output(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        check_divides(shape.channels, "input channels", self.groups, "groups", "groups")
        check_divides(self.channels, "output channels", self.groups, "groups", "channels")
        return Shape(self.channels, *self.positions(shape))

    def positions(self, shape: Shape) -> tuple[int, int]:
        kernel, strides, dilation = sides(self.kernel), sides(self.stride), sides(self.dilation)
        more = sides(self.output_padding)
        for added, stride, gap in zip(more, strides, dilation, strict=True):
            if added >= max(stride, gap):
                given, step = shape.said(self.output_padding), shape.said(self.stride)
                message = f"an `output_padding` of {given} is more than the stride of {step} leaves open"
                help = f"use at most {max(stride, gap) - 1}, or a larger stride"
                raise ShapeError(message, "value", "output_padding", help)
        if max(more) > 0 and self.padding == "same":
            message = "`same` makes the output as large as the stride says, so `output_padding` says nothing more"
            raise ShapeError(message, "value", "output_padding", "leave it out")
        axes = zip(shape[1:], kernel, strides, along(self.padding), dilation, strict=True)
        height, width = (spread(*axis) + added for axis, added in zip(axes, more, strict=True))
        if height < 1 or width < 1:
            zeros = shape.said(self.padding) if isinstance(self.padding, Size) else self.padding
            message = f"a padding of {zeros} cuts off all of a transposed {shape.said(kernel)} convolution's output"
            raise ShapeError(message, "vanishing", "padding", "use less padding, or a larger input")
        return height, width

    def weights(self, shape: Shape) -> int:
        kernel = sides(self.kernel)
        return shape.channels * (self.channels // self.groups) * kernel.height * kernel.width

    def parameters(self, *shapes: Shape) -> int:
        return self.weights(shapes[0]) + self.channels * self.bias

    def state(self, *shapes: Shape) -> Tensors:
        kernel = shapes[0].each(*sides(self.kernel))
        weight = {"weight": (shapes[0].channels, self.channels // self.groups, *kernel)}
        return {**weight, "bias": (self.channels,)} if self.bias else {**weight}

    def macs(self, *shapes: Shape) -> int:
        return self.weights(shapes[0]) * shapes[0].height * shapes[0].width


class Blur(Windowed):
    """Depthwise convolution with a fixed binomial kernel, mirrored at the edges: a low-pass filter (Zhang 2019).

    `kernel` 3 is 1 2 1 / 4 down and across, 5 is 1 4 6 4 1 / 16. With a stride it downsamples without aliasing.
    Nothing is learned or stored.
    """

    is_weighted: ClassVar[bool] = True
    kind: Literal["blur"] = "blur"
    kernel: Annotated[int, Field(ge=2, le=31)] = 3
    stride: Count = 1

    @property
    def margin(self) -> int:
        """The elements that are mirrored on each side."""
        return (self.stride - 1 + self.kernel - 1) // 2

    def output(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        return Shape(shape.channels, *self.positions(shape))

    def positions(self, shape: Shape) -> tuple[int, int]:
        for what, size in (("height", shape.height), ("width", shape.width)):
            if self.margin >= size:
                message = f"a blur of {self.kernel} with stride {self.stride} mirrors {self.margin} elements a side"
                message += f", and a {what} of {size} shows {size - 1}"
                raise ShapeError(message, "value", "kernel", "use a smaller kernel, or a larger input")
        height, width = (window(size, self.kernel, self.stride, self.margin) for size in shape[1:])
        return check_spatial(shape, height, width, f"a blur of {self.kernel} with stride {self.stride}")

    def macs(self, *shapes: Shape) -> int:
        return self.output(*shapes).elements * self.kernel * self.kernel


class WeightStandardizedConv(_Convolution):
    """Convolution with scaled weight standardization and a learnable gain per filter (Brock et al. 2021).

    `W_hat = gain * (W - mean) / sqrt(max((var + variance_eps) * fan_in, eps))`, mean and variance over each filter. The
    authors' code bounds the variance with `eps`; timm's adds to it, as `variance_eps = 1e-5` does.
    """

    kind: Literal["ws_conv"] = "ws_conv"
    channels: Count
    kernel: Kernel = 1
    stride: Kernel = 1
    groups: Count = 1
    bias: bool = True
    dilation: Kernel = 1
    eps: Eps = 1e-4
    variance_eps: Annotated[float, Field(ge=0, lt=1)] = 0.0
    padding: Padding = "symmetric"

    def filters(self, shape: Shape) -> tuple[int, int]:
        return self.channels, self.groups

    def parameters(self, *shapes: Shape) -> int:
        return super().parameters(*shapes) + self.channels

    def state(self, *shapes: Shape) -> Tensors:
        return {**super().state(*shapes), "gain": (self.channels, 1, *shapes[0].each(1, 1))}


class CondConv(_Convolution):
    """Convolution with filters of its own for each image (Yang et al. 2019): the sum of those of `experts`, each times
    its number in `routing`.

    `routing` is a tensor of `experts` x 1 x 1, such as `in -> global_avg_pool -> linear(4) -> sigmoid`. All else is as
    in `conv`; `groups = in.channels` is a depthwise one. The MACs are those of the sum of filters and of the
    convolution.
    """

    reads: ClassVar[tuple[str, ...]] = ("routing",)
    kind: Literal["cond_conv"] = "cond_conv"
    channels: Count
    experts: Count
    kernel: Kernel = 1
    stride: Kernel = 1
    groups: Count = 1
    bias: bool = False
    dilation: Kernel = 1
    padding: Padding = "symmetric"

    def filters(self, shape: Shape) -> tuple[int, int]:
        return self.channels, self.groups

    def output(self, *shapes: Shape) -> Shape:
        routing = shapes[1]
        if routing.channels != self.experts or routing.height != 1 or routing.width != 1:
            wanted = routing.alike(Shape(self.experts, 1, 1))
            message = f"the routing of {self.experts} experts is {wanted}, and this is {routing}"
            raise ShapeError(message, "value", "routing", f"end it with `global_avg_pool -> linear({self.experts})`")
        return super().output(shapes[0])

    def parameters(self, *shapes: Shape) -> int:
        return self.experts * super().parameters(shapes[0])

    def state(self, *shapes: Shape) -> Tensors:
        return {name: (self.experts, *sizes) for name, sizes in super().state(shapes[0]).items()}

    def macs(self, *shapes: Shape) -> int:
        return self.experts * self.weights(shapes[0]) + super().macs(*shapes)
