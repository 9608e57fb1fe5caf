"""How PyTorch spells each operator on series, batch x channels x length: the modules of one dimension.

Most are spelled as on maps, under another name. A rule gets the operator and its attributes as a text gives them, with
a number for a kernel (`archdsl.ir.operators.lines.as_given`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from archdsl.backends.pytorch.helpers import REDUCTIONS
from archdsl.backends.pytorch.nodes import Expressions, call, replaced, unless
from archdsl.backends.pytorch.operators import MAPS, margins
from archdsl.ir.formula import Call, Expression, Tuple, constant
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

LINES = RuleTable[Callable[[Any, Expressions], Expression]]("PyTorch's modules on series")

# The modules of maps that have another name on series.
_NAMES = {
    "nn.Conv2d": "nn.Conv1d",
    "Conv2dSame": "Conv1dSame",
    "StandardizedConv2d": "StandardizedConv1d",
    "StandardizedConv2dSame": "StandardizedConv1dSame",
    "CondConv2d": "CondConv1d",
    "CondConv2dSame": "CondConv1dSame",
    "nn.ConvTranspose2d": "nn.ConvTranspose1d",
    "ConvTranspose2dSame": "ConvTranspose1dSame",
    "DotProductAttention": "DotProductAttention1d",
    "MapLinear": "SeriesLinear",
    "MapFlatten": "SeriesFlatten",
    "nn.BatchNorm2d": "nn.BatchNorm1d",
    "LayerNorm2d": "LayerNorm1d",
    "nn.MaxPool2d": "nn.MaxPool1d",
    "MaxPool2dSame": "MaxPool1dSame",
    "nn.AvgPool2d": "nn.AvgPool1d",
    "AvgPool2dSame": "AvgPool1dSame",
    "nn.AdaptiveAvgPool2d": "nn.AdaptiveAvgPool1d",
    "nn.AdaptiveMaxPool2d": "nn.AdaptiveMaxPool1d",
    "DropPath": "DropPath1d",
    "PlainDropPath": "PlainDropPath1d",
    "ChannelGain": "ChannelGain1d",
    "ChannelBias": "ChannelBias1d",
}
# The dimensions of a batch of series.
_DIMENSIONS = {"channels": 1, "width": 2, "positions": 2}


def line_module(operator: Operator, of: Expressions) -> Expression:
    """A Python expression that constructs an operator as a module on series."""
    return LINES[operator](operator, of)


@LINES.rule(
    *(Conv, Depthwise, WeightStandardizedConv, CondConv, ConvTranspose, DotProductAttention, Linear, Flatten),
    *(BatchNorm, LayerNorm, MaxPool, AvgPool, AdaptiveAvgPool, GlobalPool, DropPath, ChannelGain, ChannelBias),
)
def _under_another_name(operator: Operator, of: Expressions) -> Expression:
    return replaced(MAPS[operator](operator, of), _renamed)


def _renamed(node: Expression) -> Expression | None:
    if not isinstance(node, Call) or node.function not in _NAMES:
        return None
    return replace(node, function=_NAMES[node.function])


@LINES.rule(
    *(GroupNorm, L2Norm, Activation, LeakyRelu, Prelu, Function, Dropout, ChannelShuffle, Chunk, Slice, Gain, Extern)
)
def _as_on_maps(operator: Operator, of: Expressions) -> Expression:
    return MAPS[operator](operator, of)


@LINES.rule(Softmax)
def _softmax(softmax: Softmax, of: Expressions) -> Expression:
    return call("nn.Softmax", dim=constant(_DIMENSIONS[softmax.over]))


@LINES.rule(Reduce)
def _reduce(reduce: Reduce, of: Expressions) -> Expression:
    return call(REDUCTIONS[reduce.kind], constant(_DIMENSIONS[reduce.over]))


@LINES.rule(Transpose)
def _transpose(transpose: Transpose, of: Expressions) -> Expression:
    return call("Transpose", *(constant(_DIMENSIONS[axis]) for axis in (transpose.first, transpose.second)))


_PADDINGS = {"zero": "nn.ZeroPad1d", "reflect": "nn.ReflectionPad1d", "replicate": "nn.ReplicationPad1d"}


@LINES.rule(Pad)
def _pad(pad: Pad, of: Expressions) -> Expression:
    left, right = margins(of, "left", "right")
    return call(_PADDINGS[pad.mode], left if left == right else Tuple((left, right)))


@LINES.rule(Crop)
def _crop(crop: Crop, of: Expressions) -> Expression:
    return call("Crop1d", *margins(of, "left", "right"))


@LINES.rule(Resize)
def _resize(resize: Resize, of: Expressions) -> Expression:
    mode = constant("linear" if resize.mode == "bilinear" else resize.mode.replace("_", "-"))
    corners = of["align_corners"] if resize.mode == "bilinear" else None
    if of["factor"] == constant(None):
        corners = None if corners == constant(False) else corners
        return call("ResizeLike1d", mode=unless("linear", mode), align_corners=corners)
    return call("nn.Upsample", scale_factor=of["factor"], mode=unless("nearest", mode), align_corners=corners)


@LINES.rule(Parameter)
def _parameter(parameter: Parameter, of: Expressions) -> Expression:
    shape = of["channels"], of["width"]
    return call("Parameter1d", *shape, initial=unless(0.0, of["initial"]), std=unless(0.0, of["std"]))


@LINES.rule(Blur, PixelShuffle, PixelUnshuffle)
def _of_maps_alone(operator: Operator, of: Expressions) -> Expression:
    raise ValueError(f"no series has a layer `{operator.kind}`")
