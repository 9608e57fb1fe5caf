"""What operators are on series: on maps of height 1, on which a kernel of 80 is one of 1 x 80.

A rule takes an operator as a text gives it and gives the one that stands in an architecture, of which shapes and costs
are counted. It raises ShapeError for what a series does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from archdsl.ir.base import Shape, ShapeError, Size
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

_Operator = TypeVar("_Operator", bound=Operator)

ON_LINES = RuleTable[Callable[[Any], Operator]]("series")

# What the height of 1 gets of an attribute, such as no zeros.
_ACROSS = {"kernel": 1, "stride": 1, "dilation": 1, "padding": 0, "output_padding": 0, "size": 1}


@lru_cache(maxsize=4096, typed=True)
def on_line(operator: Operator) -> Operator:
    """The operator on series. Raises ShapeError where there is none, with what to use instead."""
    return ON_LINES[operator](operator)


def as_given(operator: _Operator, shape: Shape) -> _Operator:
    """An operator with the attributes that a text gives it, where it reads a tensor of `shape`: of one on series, a
    number where `on_line` has put a size."""
    if not shape.is_line:
        return operator
    sizes = {name: value.width for name in _ACROSS if isinstance(value := getattr(operator, name, None), Size)}
    return _changed(operator, **sizes)


def _changed(operator: _Operator, **attributes: Any) -> _Operator:
    return operator.made(**{**operator.__dict__, **attributes}) if attributes else operator


@ON_LINES.rule(
    *(DotProductAttention, Linear, Flatten, BatchNorm, GroupNorm, LayerNorm, L2Norm, Activation, LeakyRelu, Prelu),
    *(Function, GlobalPool, Dropout, DropPath, ChannelShuffle, Chunk, Slice, Gain, ChannelGain, ChannelBias, Parameter),
    Extern,
)
def _as_it_is(operator: Operator) -> Operator:
    return operator


@ON_LINES.rule(Conv, Depthwise, WeightStandardizedConv, CondConv, ConvTranspose, MaxPool, AvgPool, AdaptiveAvgPool)
def _along(operator: Operator) -> Operator:
    """A number of each attribute is one along the series."""
    made: dict[str, Size] = {}
    for name, across in _ACROSS.items():
        value = getattr(operator, name, None)
        if isinstance(value, Size):
            message = f"a series has one dimension, and `{name}` is a size, {value}"
            raise ShapeError(message, "value", name, f"give a number, `{name} = {value.width}`")
        if isinstance(value, int) and not isinstance(value, bool):
            made[name] = Size(across, value)
    return _changed(operator, **made)


@ON_LINES.rule(Softmax, Reduce)
def _over(operator: Softmax | Reduce) -> Operator:
    return _along_axis(operator, "over")


@ON_LINES.rule(Transpose)
def _transposed(operator: Transpose) -> Operator:
    return _along_axis(_along_axis(operator, "first"), "second")


def _along_axis(operator: _Operator, attribute: str) -> _Operator:
    """The length is the width of a map of height 1."""
    axis = getattr(operator, attribute)
    if axis == "height":
        raise ShapeError("a series has no height", "value", attribute, "its axes are `channels` and `length`")
    return _changed(operator, **{attribute: "width"}) if axis == "length" else operator


@ON_LINES.rule(Pad, Crop)
def _at_the_ends(operator: Pad | Crop) -> Operator:
    """A margin on all sides is one at both ends."""
    for side in ("top", "bottom"):
        if getattr(operator, side):
            raise ShapeError(f"a series has no {side}", "value", side, "its ends are `left` and `right`")
    operator.more()
    return operator if operator.size == 0 else _changed(operator, size=0, left=operator.size, right=operator.size)


@ON_LINES.rule(Resize)
def _resized(resize: Resize) -> Operator:
    if resize.mode == "bicubic":
        help = "use `bilinear`, which is linear here, `nearest`, `nearest_exact` or `area`"
        raise ShapeError("a series is not resized with `bicubic`", "value", "mode", help)
    return resize


@ON_LINES.rule(Blur, PixelShuffle, PixelUnshuffle)
def _of_maps_alone(operator: Operator) -> Operator:
    message = f"`{operator.kind}` is for maps of two dimensions, and this is a series"
    help = "write what it is to do with other primitives, or make the series a map of height 1: `input = C x 1 x L`"
    raise ShapeError(message, "value", None, help)
