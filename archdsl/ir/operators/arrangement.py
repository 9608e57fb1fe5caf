"""Operators that move, cut, stretch or scale values."""

from math import floor
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from archdsl.ir.base import Count, Shape, ShapeError
from archdsl.ir.operators.base import Axis, Operator, Tensors, check_axis, check_divides


class ChannelShuffle(Operator):
    """Channels of `groups` groups interleaved (Zhang et al. 2018)."""

    kind: Literal["channel_shuffle"] = "channel_shuffle"
    groups: Count

    def output(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        _divided(shape, self.groups, "groups")
        return shape


class Chunk(Operator):
    """Part `index` (from 0) of `parts` equal parts of the channels."""

    kind: Literal["chunk"] = "chunk"
    parts: Count
    index: Annotated[int, Field(ge=0)] = 0

    def output(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        if self.index >= self.parts:
            raise ShapeError(f"there is no part {self.index} of {self.parts}", "value", "index", "parts count from 0")
        return Shape(_divided(shape, self.parts, "parts"), shape.height, shape.width)


class Slice(Operator):
    """`channels` of the channels, from number `start` (from 0) on: `slice(64, in.channels - 64)` is all but 64."""

    kind: Literal["slice"] = "slice"
    start: Annotated[int, Field(ge=0, lt=2**31)]
    channels: Count

    def output(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        if self.start >= shape.channels:
            message = f"there is no channel {self.start} among {shape.channels}"
            raise ShapeError(message, "value", "start", "channels count from 0")
        if self.start + self.channels > shape.channels:
            left = shape.channels - self.start
            message = f"{self.channels} channels from {self.start} on end behind the {shape.channels} that there are"
            raise ShapeError(message, "value", "channels", f"at most {left} can be taken from {self.start} on")
        return Shape(self.channels, shape.height, shape.width)


class PixelShuffle(Operator):
    """Channels to space: `factor` x `factor` channels become as many positions (Shi et al. 2016)."""

    kind: Literal["pixel_shuffle"] = "pixel_shuffle"
    factor: Count

    def output(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        parts = self.factor * self.factor
        if shape.channels % parts:
            message = f"{shape.channels} channels do not divide into squares of {self.factor} x {self.factor} positions"
            above = -(-shape.channels // parts) * parts
            raise ShapeError(message, "indivisible", "factor", f"use {above} channels, a multiple of {parts}")
        return Shape(shape.channels // parts, shape.height * self.factor, shape.width * self.factor)


class PixelUnshuffle(Operator):
    """Space to channels, the inverse of `pixel_shuffle`: each square of `factor` x `factor` positions becomes one."""

    kind: Literal["pixel_unshuffle"] = "pixel_unshuffle"
    factor: Count

    def output(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        for what, size in (("height", shape.height), ("width", shape.width)):
            if size % self.factor:
                message = f"a {what} of {size} does not divide into squares of {self.factor} x {self.factor} positions"
                help = f"`crop` or `pad` it to a multiple of {self.factor} before"
                raise ShapeError(message, "value", "factor", help)
        channels = shape.channels * self.factor * self.factor
        return Shape(channels, shape.height // self.factor, shape.width // self.factor)


class Transpose(Operator):
    """Two axes exchanged, so that layers work along channels as along a height or width: `transpose(channels, width)`.

    It is its own inverse. The axes are `channels`, `height` and `width`; of a series `channels` and `length`.
    """

    kind: Literal["transpose"] = "transpose"
    first: Axis
    second: Axis

    def output(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        if self.first == self.second:
            raise ShapeError(f"`{self.first}` cannot be exchanged with itself", "value", "second", "name another axis")
        check_axis(self.first, "first")
        check_axis(self.second, "second")
        sizes = shape._asdict()
        sizes[self.first], sizes[self.second] = sizes[self.second], sizes[self.first]
        return Shape(**sizes)


Margin = Annotated[int, Field(ge=0, lt=2**15)]


class _Margins(Operator):
    if TYPE_CHECKING:  # fields of each subclass, which sets their order
        size: int
        top: int
        bottom: int
        left: int
        right: int

    @property
    def margins(self) -> tuple[int, int, int, int]:
        """At the top, bottom, left and right."""
        return (self.size + self.top, self.size + self.bottom, self.size + self.left, self.size + self.right)

    def more(self) -> tuple[int, int]:
        """Of the height and of the width, what all margins come to. Raises ShapeError for none, and for both forms."""
        sides = self.top + self.bottom + self.left + self.right
        if self.size + sides < 1:
            help = f"give it a number for all sides, `{self.kind}(1)`, or `top`, `bottom`, `left`, `right`"
            raise ShapeError(f"`{self.kind}` has nothing to do", "value", "size", help)
        if self.size > 0 and sides > 0:
            message = f"`{self.kind}` takes one number for all sides or a number for each, and this has both"
            raise ShapeError(message, "value", "size", "say `top`, `bottom`, `left` and `right`")
        return 2 * self.size + self.top + self.bottom, 2 * self.size + self.left + self.right


class Pad(_Margins):
    """The map with more around it: `size` on all sides, or `top`, `bottom`, `left` and `right`.

    `mode`: `zero`; `reflect`, the map in a mirror at its first and last elements; `replicate`, these again and again.
    """

    kind: Literal["pad"] = "pad"
    size: Margin = 0
    top: Margin = 0
    bottom: Margin = 0
    left: Margin = 0
    right: Margin = 0
    mode: Literal["zero", "reflect", "replicate"] = "zero"

    def output(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        height, width = self.more()
        if self.mode == "reflect":
            axes = ("height", shape.height), ("height", shape.height), ("width", shape.width), ("width", shape.width)
            for side, margin, (axis, size) in zip(("top", "bottom", "left", "right"), self.margins, axes, strict=True):
                _check_mirror(margin, size, axis, "size" if self.size else side)
        return Shape(shape.channels, shape.height + height, shape.width + width)


class Crop(_Margins):
    """The map without its edges: `size` cut off on all sides, or `top`, `bottom`, `left` and `right`."""

    kind: Literal["crop"] = "crop"
    size: Margin = 0
    top: Margin = 0
    bottom: Margin = 0
    left: Margin = 0
    right: Margin = 0

    def output(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        height, width = self.more()
        if shape.height - height < 1 or shape.width - width < 1:
            message = f"`crop` leaves nothing of an input of {shape.positions}"
            raise ShapeError(message, "vanishing", "size", "crop less, or use a larger input")
        return Shape(shape.channels, shape.height - height, shape.width - width)


class Resize(Operator):
    """The map stretched by a `factor`, such as 2 or 0.5; `resize(like = x)` to the height and width of the tensor `x`.

    `mode`: `bilinear`; `nearest`; `nearest_exact`, which rounds as Pillow does; `bicubic`; `area`, means of windows.
    `align_corners` is for `bilinear` and `bicubic`.
    """

    may_read: ClassVar[tuple[str, ...]] = ("like",)
    kind: Literal["resize"] = "resize"
    factor: Count | Annotated[float, Field(gt=0, lt=2**15)] | None = None
    mode: Literal["bilinear", "nearest", "nearest_exact", "bicubic", "area"] = "bilinear"
    align_corners: bool = False

    def output(self, *shapes: Shape) -> Shape:
        shape = shapes[0]
        if len(shapes) == 2:
            return Shape(shape.channels, shapes[1].height, shapes[1].width)
        if self.factor is None:
            raise ShapeError("`resize` needs a `factor` or a tensor to be `like`", "value", "factor")
        height = shape.height if shape.is_line else floor(shape.height * self.factor)
        width = floor(shape.width * self.factor)
        if height < 1 or width < 1:
            message = f"a factor of {self.factor:g} leaves nothing of an input of {shape.positions}"
            raise ShapeError(message, "vanishing", "factor", "use a larger factor, or a larger input")
        return Shape(shape.channels, height, width)


class Gain(Operator):
    """One learnable factor for the whole tensor, starting at `initial` (SkipInit, De & Smith 2020)."""

    for_training: ClassVar[frozenset[str]] = frozenset({"initial"})
    takes_vectors: ClassVar[bool] = True
    kind: Literal["gain"] = "gain"
    initial: float = 1.0

    def parameters(self, *shapes: Shape) -> int:
        return 1

    def state(self, *shapes: Shape) -> Tensors:
        return {"weight": ()}


class ChannelGain(Operator):
    """A learnable factor per channel, starting at `initial` (LayerScale, Touvron et al. 2021)."""

    for_training: ClassVar[frozenset[str]] = frozenset({"initial"})
    kind: Literal["channel_gain"] = "channel_gain"
    initial: float = 1e-6

    def parameters(self, *shapes: Shape) -> int:
        return shapes[0].channels

    def state(self, *shapes: Shape) -> Tensors:
        return {"weight": (shapes[0].channels, *shapes[0].each(1, 1))}


class ChannelBias(Operator):
    """A learnable number per channel, starting at `initial`, that is added."""

    for_training: ClassVar[frozenset[str]] = frozenset({"initial"})
    kind: Literal["channel_bias"] = "channel_bias"
    initial: float = 0.0

    def parameters(self, *shapes: Shape) -> int:
        return shapes[0].channels

    def state(self, *shapes: Shape) -> Tensors:
        return {"bias": (shapes[0].channels, *shapes[0].each(1, 1))}


class Parameter(Operator):
    """A learnable tensor by itself, the same for all images: `scale = parameter(in.channels x 1 x 1, initial = 1)`.

    It is a tensor of its block, not a layer, and broadcasts like any other: `in * scale` has a factor per channel
    (layer scale), `in + parameter(in.channels x in.height x in.width)` a number per channel and position (a position
    map), `in * parameter(1 x 1 x 1)` one for all. It begins as `initial` everywhere, or with `std` as numbers of a
    normal distribution around it. No weight decay applies to it.
    """

    for_training: ClassVar[frozenset[str]] = frozenset({"initial", "std"})
    is_source: ClassVar[bool] = True
    kind: Literal["parameter"] = "parameter"
    channels: Count
    height: Count
    width: Count
    initial: float = 0.0
    std: Annotated[float, Field(ge=0, le=2**15)] = 0.0

    def output(self, *shapes: Shape) -> Shape:
        return Shape(self.channels, self.height, self.width)

    def parameters(self, *shapes: Shape) -> int:
        return self.channels * self.height * self.width

    def state(self, *shapes: Shape) -> Tensors:
        return {"value": (self.channels, self.height, self.width)}


def _check_mirror(margin: int, size: int, what: str, attribute: str) -> None:
    """Refuses a margin that has more elements than a mirror shows, all but the one at the edge."""
    if margin < size:
        return
    message = f"`reflect` shows at most {size - 1} elements of a {what} of {size}, and this asks for {margin}"
    raise ShapeError(message, "value", attribute, "use `mode = replicate` or `mode = zero`, or a larger input")


def _divided(shape: Shape, parts: int, attribute: str) -> int:
    check_divides(shape.channels, "channels", parts, attribute, attribute)
    return shape.channels // parts
