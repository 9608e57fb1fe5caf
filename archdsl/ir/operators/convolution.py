"""Convolutions: full, depthwise, and with standardized weights."""

import ast
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from archdsl.ir.base import Count, Shape, Size
from archdsl.ir.operators.base import (
    Eps,
    Expressions,
    Kernel,
    Operator,
    Padding,
    Rules,
    Tensors,
    call,
    check_divides,
    check_spatial,
    operand,
    pad_width,
    sides,
    whole_numbers,
    window,
)


class _Convolution(Operator):
    is_weighted: ClassVar[bool] = True
    if TYPE_CHECKING:  # fields of each subclass, which sets their order
        kernel: Kernel
        stride: Count
        dilation: Count
        padding: Padding
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
        kernel = sides(self.kernel)
        height = window(shape.height, kernel.height, self.stride, self.padding, self.dilation)
        width = window(shape.width, kernel.width, self.stride, self.padding, self.dilation)
        size = f"a {kernel} convolution with stride {self.stride}"
        return Shape(channels, *check_spatial(shape, height, width, size)[1:])

    def weights(self, shape: Shape) -> int:
        channels, groups = self.filters(shape)
        kernel = sides(self.kernel)
        return channels * (shape.channels // groups) * kernel.height * kernel.width

    def parameters(self, *shapes: Shape) -> int:
        return self.weights(shapes[0]) + (self.filters(shapes[0])[0] if self.bias else 0)

    def state(self, *shapes: Shape) -> Tensors:
        channels, groups = self.filters(shapes[0])
        weight = {"weight": (channels, shapes[0].channels // groups, *sides(self.kernel))}
        return {**weight, "bias": (channels,)} if self.bias else {**weight}

    def macs(self, *shapes: Shape) -> int:
        out = self.output(*shapes)
        return self.weights(shapes[0]) * out.height * out.width

    def _is_dynamic(self, of: Expressions) -> bool:
        return self.padding == "same" and not is_static(of["kernel"], of["stride"])

    def _module(self, of: Expressions, plain: str, same: str, out: str, groups: str | None, **extra: str | None) -> str:
        dynamic = self._is_dynamic(of)
        return call(
            same if dynamic else plain,
            of["in_channels"],
            out,
            of["kernel"],
            stride=None if of["stride"] == "1" else of["stride"],
            padding=None if dynamic else padding_text(of, of["dilation"], self.padding, self.kernel),
            dilation=None if of["dilation"] == "1" else of["dilation"],
            groups=None if groups == "1" else groups,
            **extra,
        )


class Conv(_Convolution):
    """Convolution of `in.channels` to `channels`, without a bias unless asked.

    Kernel: a number, or height x width as in `1 x 7`. Padding: `symmetric`, `same` (TensorFlow's), `valid` or a number
    of zeros a side.
    """

    rules: ClassVar[Rules] = Rules(
        channels="channels",
        height="window(in.height, kernel.height)",
        width="window(in.width, kernel.width)",
        parameters="channels * (in.channels // groups) * kernel.height * kernel.width + channels * bias",
        macs="channels * (in.channels // groups) * kernel.height * kernel.width * out.height * out.width",
    )
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

    def module(self, of: Expressions) -> str:
        bias = None if of["bias"] == "True" else of["bias"]
        return self._module(of, "nn.Conv2d", "Conv2dSame", of["channels"], of["groups"], bias=bias)


class Depthwise(_Convolution):
    """Depthwise convolution: each channel with filters of its own, `multiplier` of them."""

    rules: ClassVar[Rules] = Rules(
        channels="in.channels * multiplier",
        height="window(in.height, kernel.height)",
        width="window(in.width, kernel.width)",
        parameters="in.channels * multiplier * kernel.height * kernel.width + in.channels * multiplier * bias",
        macs="in.channels * multiplier * kernel.height * kernel.width * out.height * out.width",
    )
    kind: Literal["depthwise"] = "depthwise"
    kernel: Kernel = 3
    stride: Count = 1
    multiplier: Count = 1
    bias: bool = False
    dilation: Count = 1
    padding: Padding = "symmetric"

    def filters(self, shape: Shape) -> tuple[int, int]:
        return shape.channels * self.multiplier, shape.channels

    def module(self, of: Expressions) -> str:
        bias = None if of["bias"] == "True" else of["bias"]
        channels, multiplier = of["in_channels"], of["multiplier"]
        out = channels if multiplier == "1" else f"{operand(channels)} * {operand(multiplier)}"
        return self._module(of, "nn.Conv2d", "Conv2dSame", out, channels, bias=bias)


class WeightStandardizedConv(_Convolution):
    """Convolution with scaled weight standardization and a learnable gain per filter (Brock et al. 2021).

    `W_hat = gain * (W - mean) / sqrt(max((var + variance_eps) * fan_in, eps))`, mean and variance over each filter. The
    authors' code bounds the variance with `eps`; timm's adds to it, as `variance_eps = 1e-5` does.
    """

    rules: ClassVar[Rules] = Rules(
        channels="channels",
        height="window(in.height, kernel.height)",
        width="window(in.width, kernel.width)",
        parameters="channels * (in.channels // groups) * kernel.height * kernel.width + channels * bias + channels",
        macs="channels * (in.channels // groups) * kernel.height * kernel.width * out.height * out.width",
    )
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

    def module(self, of: Expressions) -> str:
        return self._module(
            of,
            "StandardizedConv2d",
            "StandardizedConv2dSame",
            of["channels"],
            of["groups"],
            bias=None if of["bias"] == "True" else of["bias"],
            eps=None if of["eps"] == "0.0001" else of["eps"],
            variance_eps=None if of["variance_eps"] in ("0", "0.0") else of["variance_eps"],
        )


def is_static(kernel: str, stride: str) -> bool:
    """Whether the zeros of `same` are those of `symmetric` whatever the input: at stride 1 with an odd kernel."""
    numbers = whole_numbers(kernel)
    return stride == "1" and numbers is not None and all(number % 2 for number in numbers)


def padding_text(of: Expressions, dilation: str, padding: Padding, kernel: Kernel) -> str | None:
    """The zeros a side as Python text, None for none; `same` here is the static case, which pads symmetrically."""
    if isinstance(padding, int):
        return None if of["padding"] == "0" else of["padding"]
    if padding == "valid":
        return None
    widths = [_half(part, dilation) for part in (_parts(of["kernel"]) if isinstance(kernel, Size) else [of["kernel"]])]
    if all(width == "0" for width in widths):
        return None
    return widths[0] if len(widths) == 1 else f"({', '.join(widths)})"


def _parts(kernel: str) -> list[str]:
    """The height and width of a kernel that is a pair, each as Python text."""
    node = ast.parse(kernel, mode="eval").body
    if isinstance(node, ast.Tuple):
        return [ast.get_source_segment(kernel, side) or "" for side in node.elts]
    pair = kernel if kernel.isidentifier() else f"({kernel})"
    return [f"{pair}[0]", f"{pair}[1]"]


def _half(length: str, dilation: str) -> str:
    """The zeros a side that keep the size of a map, for a kernel of this length."""
    if length.isdigit() and dilation.isdigit():
        return str(pad_width(int(length), "symmetric", int(dilation)))
    is_item = length.endswith("]") and length[:-3].isidentifier()
    reach = f"({length if is_item else operand(length)} - 1)"
    return f"{reach} // 2" if dilation == "1" else f"{operand(dilation)} * {reach} // 2"
