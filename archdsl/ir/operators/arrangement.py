"""Operators that move, cut, stretch or scale values."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from archdsl.ir.base import Count, Shape, ShapeError
from archdsl.ir.operators.base import Operator, Tensors, check_divides


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


class Pad(Operator):
    """Zeros around the map: `size` a side."""

    kind: Literal["pad"] = "pad"
    size: Count

    def output(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        return Shape(shape.channels, shape.height + 2 * self.size, shape.width + 2 * self.size)


class Resize(Operator):
    """The map stretched by a whole `factor`; `resize(like = x)` to the height and width of the tensor `x`."""

    kind: Literal["resize"] = "resize"
    factor: Count | None = None
    mode: Literal["bilinear", "nearest"] = "bilinear"
    align_corners: bool = False

    def output(self, *shapes: Shape) -> Shape:
        shape = shapes[0]
        if len(shapes) == 2:
            return Shape(shape.channels, shapes[1].height, shapes[1].width)
        if self.factor is None:
            raise ShapeError("`resize` needs a `factor` or a tensor to be `like`", "value", "factor")
        return Shape(shape.channels, shape.height * self.factor, shape.width * self.factor)


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
        return {"weight": (shapes[0].channels, 1, 1)}


def _divided(shape: Shape, parts: int, attribute: str) -> int:
    check_divides(shape.channels, "channels", parts, attribute, attribute)
    return shape.channels // parts
