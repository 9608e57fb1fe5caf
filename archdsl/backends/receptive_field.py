"""What of an image each stage sees, and how far apart.

The receptive field of a position is the part of the image that its value depends on through local operators: those
whose windows have a size, convolutions, poolings and resizing. Where ways of different length meet, it is what any of
them sees; behind a resizing, whose positions do not all see equally much, it is a bound. Some values depend on the
whole image besides, by what a global pooling (squeeze-and-excitation), a fully connected layer on a map, or a group
normalization computes: that is separate, as `sees_all`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Any, NamedTuple

from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape, Size
from archdsl.ir.operators import Operator
from archdsl.ir.operators.activation import Activation, Function, LeakyRelu, Prelu, Softmax
from archdsl.ir.operators.arrangement import (
    ChannelBias,
    ChannelGain,
    ChannelShuffle,
    Chunk,
    Crop,
    Gain,
    Pad,
    Parameter,
    PixelShuffle,
    PixelUnshuffle,
    Resize,
    Slice,
    Transpose,
)
from archdsl.ir.operators.convolution import Blur, CondConv, Conv, ConvTranspose, Depthwise, WeightStandardizedConv
from archdsl.ir.operators.dot_product import DotProductAttention
from archdsl.ir.operators.extern import Extern
from archdsl.ir.operators.linear import Flatten, Linear
from archdsl.ir.operators.normalization import BatchNorm, GroupNorm, L2Norm, LayerNorm
from archdsl.ir.operators.pooling import AdaptiveAvgPool, AvgPool, GlobalPool, MaxPool
from archdsl.ir.operators.reduction import Reduce
from archdsl.ir.operators.regularization import Dropout, DropPath
from archdsl.ir.operators.table import RuleTable
from archdsl.ir.operators.window import Padding, along, pad_width, ratio, same_zeros, sides
from archdsl.ir.walk import Visit, walk


@dataclass(frozen=True)
class ReceptiveField:
    """What one position of a map sees: `height` x `width` pixels through local operators, however large the image is
    (None: nothing but what the whole image gives), and with `sees_all` the whole image besides.

    `reduction` is how many pixels lie between two positions next to each other, down and across; None after a global
    pooling, which leaves one position.
    """

    height: int | None
    width: int | None
    reduction_height: Fraction | None
    reduction_width: Fraction | None
    sees_all: bool

    @property
    def field(self) -> Size | None:
        return None if self.height is None or self.width is None else Size(self.height, self.width)


class _Axis(NamedTuple):
    """Position `i` depends on pixels `i * step + first` to `i * step + last`."""

    step: Fraction
    first: Fraction
    last: Fraction

    def through(self, kernel: int, stride: int, padding: int, dilation: int) -> _Axis:
        """Behind a window."""
        first = self.first - padding * self.step
        return _Axis(self.step * stride, first, self.last + ((kernel - 1) * dilation - padding) * self.step)

    def spread(self, kernel: int, stride: int, padding: int, dilation: int) -> _Axis:
        """Behind a transposed window: position i sees those from (i + padding - reach) / stride to (i + padding) /
        stride, which are more for some positions than for others."""
        step = self.step / stride
        first, last = (padding - dilation * (kernel - 1)) * step, padding * step
        return _Axis(step, self.first + first, self.last + max(last, first))

    def divided(self, length: int, parts: int) -> _Axis:
        """Behind windows that divide an axis, as large as needed: they begin and end on whole positions."""
        rest = Fraction(parts - gcd(length, parts), parts)
        size = Fraction(length, parts)
        return _Axis(self.step * size, self.first - rest * self.step, self.last + (size - 1 + rest) * self.step)

    def stretched(self, before: int, after: int, near: int) -> _Axis:
        """Behind a resizing: one position of the map before, or so many nearest ones on both sides."""
        ratio = Fraction(before, after)
        step = self.step * ratio
        if not near:  # as far as rounding down goes: not at all where each position is one of the map before
            return self._replace(step=step, first=self.first - self.step * (1 - Fraction(1, ratio.denominator)))
        half = (step - self.step) / 2
        first = self.first + half - near * self.step + min(step, self.step)
        return _Axis(step, first if ratio < 1 else first - self.step, self.last + half + near * self.step)

    def joined(self, other: _Axis) -> _Axis:
        return self._replace(first=min(self.first, other.first), last=max(self.last, other.last))

    @property
    def size(self) -> int:
        length = self.last - self.first
        return -(-length.numerator // length.denominator) + 1


class _Seen(NamedTuple):
    """What a tensor sees, along both axes (None: nothing locally)."""

    down: _Axis | None
    across: _Axis | None
    sees_all: bool = False


_ALL = _Seen(None, None, True)
_NOTHING = _Seen(None, None)
_DENSE = Size(1, 1)
_PIXEL = _Axis(Fraction(1), Fraction(0), Fraction(0))


def receptive_fields(architecture: Architecture) -> dict[str, ReceptiveField]:
    """The receptive field at the end of each stage, the stem and the head among them, by its path."""
    return fields_of_stages(walk(architecture), architecture.first)


def fields_of_stages(visits: Iterable[Visit], first: str) -> dict[str, ReceptiveField]:
    """The same from the operators of a network. What is seen is the input of the path `first`, and no other one."""
    seen: dict[str, _Seen] = {}
    fields: dict[str, ReceptiveField] = {}
    for visit in visits:
        inputs = [seen[tensor.path] for tensor in visit.inputs]
        if visit.operator == "input" and visit.path != first:
            found = _NOTHING
        else:
            found = _seen(visit, inputs) if inputs else _Seen(_PIXEL, _PIXEL)
        seen[visit.path] = found
        if visit.levels:
            fields[visit.levels[0].path] = _field(found)
    return fields


def _field(seen: _Seen) -> ReceptiveField:
    down, across = seen.down, seen.across
    if down is None or across is None:
        return ReceptiveField(None, None, None, None, seen.sees_all)
    return ReceptiveField(down.size, across.size, down.step, across.step, seen.sees_all)


def _seen(visit: Visit, inputs: list[_Seen]) -> _Seen:
    """What the output of an operator sees."""
    if visit.primitive is None:
        return _joined(inputs)
    if all(seen == _NOTHING for seen in inputs):
        return _NOTHING
    found = RULES[visit.primitive](visit.primitive, visit, inputs[0])
    sees_all = visit.primitive.reads_more and any(seen.sees_all for seen in inputs)
    return found._replace(sees_all=True) if sees_all else found


# What the output of each operator sees, given what its input sees.
RULES = RuleTable[Callable[[Any, Visit, _Seen], _Seen]]("receptive field")


@RULES.rule(Conv, CondConv, Depthwise, WeightStandardizedConv)
def _convolution(operator: Conv | CondConv | Depthwise | WeightStandardizedConv, visit: Visit, source: _Seen) -> _Seen:
    shape = visit.inputs[0].shape
    stride, dilation = sides(operator.stride), sides(operator.dilation)
    return _window(source, shape, sides(operator.kernel), stride, operator.padding, dilation)


@RULES.rule(MaxPool, AvgPool)
def _pool(operator: MaxPool | AvgPool, visit: Visit, source: _Seen) -> _Seen:
    shape = visit.inputs[0].shape
    stride = sides(operator.stride or operator.kernel)
    return _window(source, shape, sides(operator.kernel), stride, operator.padding)


@RULES.rule(ConvTranspose)
def _spread(operator: ConvTranspose, visit: Visit, source: _Seen) -> _Seen:
    """Each element is written to a window, and so each that is written sees those whose windows it is in."""
    window = zip(
        sides(operator.kernel), sides(operator.stride), along(operator.padding), sides(operator.dilation), strict=True
    )
    down, across = (
        axis and axis.spread(side, step, _cut(side, step, padding, gap), gap)
        for axis, (side, step, padding, gap) in zip(source[:2], window, strict=True)
    )
    return _Seen(down, across, source.sees_all)


def _cut(kernel: int, stride: int, padding: Padding, dilation: int) -> int:
    """What is taken off at the top or the left."""
    if padding != "same":
        return pad_width(kernel, padding, dilation)
    return max(dilation * (kernel - 1) + 1 - stride, 0) // 2


@RULES.rule(Blur)
def _blur(operator: Blur, visit: Visit, source: _Seen) -> _Seen:
    stride = Size(operator.stride, operator.stride)
    return _window(source, visit.inputs[0].shape, sides(operator.kernel), stride, operator.margin)


@RULES.rule(AdaptiveAvgPool)
def _adaptive_pool(operator: AdaptiveAvgPool, visit: Visit, source: _Seen) -> _Seen:
    before, after = visit.inputs[0].shape, visit.output
    if after[1:] == (1, 1):
        return _whole_map(operator, visit, source)
    return _divided(source, before, after)


def _divided(source: _Seen, before: Shape, after: Shape) -> _Seen:
    down, across = (
        axis and axis.divided(length, parts)
        for axis, length, parts in zip(source[:2], before[1:], after[1:], strict=True)
    )
    return _Seen(down, across, source.sees_all)


@RULES.rule(Reduce)
def _reduce(operator: Reduce, visit: Visit, source: _Seen) -> _Seen:
    return source if visit.inputs[0].shape[1:] == visit.output[1:] else _ALL


@RULES.rule(Transpose)
def _transpose(operator: Transpose, visit: Visit, source: _Seen) -> _Seen:
    """Channels are no places: what is an axis of the map afterwards sees what all of it saw."""
    if "channels" in (operator.first, operator.second):
        return source if visit.inputs[0].shape[1:] == visit.output[1:] == (1, 1) else _ALL
    return _Seen(source.across, source.down, source.sees_all)


@RULES.rule(Softmax)
def _softmax(operator: Softmax, visit: Visit, source: _Seen) -> _Seen:
    is_local = operator.over == "channels" or visit.output[1:] == (1, 1)
    return source if is_local else source._replace(sees_all=True)


@RULES.rule(Parameter)
def _parameter(operator: Parameter, visit: Visit, source: _Seen) -> _Seen:
    return _Seen(None, None)


@RULES.rule(GlobalPool, Linear, Flatten)
def _whole_map(operator: Operator, visit: Visit, source: _Seen) -> _Seen:
    return source if visit.inputs[0].shape[1:] == (1, 1) else _ALL


@RULES.rule(DotProductAttention, GroupNorm)
def _group_norm(operator: DotProductAttention | GroupNorm, visit: Visit, source: _Seen) -> _Seen:
    """Each value is divided by what all positions of its group have, or made of those of all positions."""
    return source._replace(sees_all=True)


@RULES.rule(Extern)
def _extern(operator: Extern, visit: Visit, source: _Seen) -> _Seen:
    """How far a module looks is not known here: it is taken to see all, at the distances that its shape says."""
    axes = zip(source[:2], visit.inputs[0].shape[1:], visit.output[1:], strict=True)
    down, across = (axis and axis._replace(step=axis.step * ratio(before, after)) for axis, before, after in axes)
    return _Seen(down, across, sees_all=True)


@RULES.rule(Pad)
def _pad(operator: Pad, visit: Visit, source: _Seen) -> _Seen:
    top, _, left, _ = operator.margins
    return _Seen(_through(source.down, 1, 1, top, 1), _through(source.across, 1, 1, left, 1), source.sees_all)


@RULES.rule(Crop)
def _crop(operator: Crop, visit: Visit, source: _Seen) -> _Seen:
    top, _, left, _ = operator.margins
    return _Seen(_through(source.down, 1, 1, -top, 1), _through(source.across, 1, 1, -left, 1), source.sees_all)


@RULES.rule(PixelShuffle)
def _pixel_shuffle(operator: PixelShuffle, visit: Visit, source: _Seen) -> _Seen:
    return _stretched(source, visit.inputs[0].shape, visit.output, near=0)


@RULES.rule(PixelUnshuffle)
def _pixel_unshuffle(operator: PixelUnshuffle, visit: Visit, source: _Seen) -> _Seen:
    square = sides(operator.factor)
    return _window(source, visit.inputs[0].shape, square, square, "valid")


@RULES.rule(Resize)
def _resize(operator: Resize, visit: Visit, source: _Seen) -> _Seen:
    before, after = visit.inputs[0].shape, visit.output
    if operator.mode == "area":
        return _divided(source, before, after)
    return _stretched(source, before, after, near={"bilinear": 1, "bicubic": 2}.get(operator.mode, 0))


@RULES.rule(
    *(BatchNorm, LayerNorm, L2Norm, Activation, LeakyRelu, Prelu, Function),
    *(Dropout, DropPath, ChannelShuffle, Chunk, Slice, Gain, ChannelGain, ChannelBias),
)
def _each_position(operator: Operator, visit: Visit, source: _Seen) -> _Seen:
    return source


def _window(
    source: _Seen, shape: Shape, kernel: Size, stride: Size, padding: Padding, dilation: Size = _DENSE
) -> _Seen:
    axes = zip(source[:2], shape[1:], kernel, stride, along(padding), dilation, strict=True)
    down, across = (
        _through(axis, length, step, _zeros_before(size, length, step, zeros, gap), gap)
        for axis, size, length, step, zeros, gap in axes
    )
    return _Seen(down, across, source.sees_all)


def _through(axis: _Axis | None, kernel: int, stride: int, padding: int, dilation: int) -> _Axis | None:
    return None if axis is None else axis.through(kernel, stride, padding, dilation)


def _zeros_before(size: int, kernel: int, stride: int, padding: Padding, dilation: int) -> int:
    """The zeros above or to the left of a map."""
    if padding == "same":
        return same_zeros(size, kernel, stride, dilation) // 2
    return pad_width(kernel, padding, dilation)


def _stretched(source: _Seen, before: Shape, after: Shape, *, near: int) -> _Seen:
    down, across = source.down, source.across
    return _Seen(
        down and down.stretched(before.height, after.height, near),
        across and across.stretched(before.width, after.width, near),
        source.sees_all,
    )


def _joined(inputs: list[_Seen]) -> _Seen:
    """What any of several tensors sees, those included that are the same at each position."""
    down = across = None
    for seen in inputs:
        if seen.down is not None and seen.across is not None:
            down = seen.down if down is None else down.joined(seen.down)
            across = seen.across if across is None else across.joined(seen.across)
    return _Seen(down, across, any(seen.sees_all for seen in inputs))
