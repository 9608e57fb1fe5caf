"""The primitive operators, listed. A new one is a class in a file here and a line in `CLASSES`."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

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
from archdsl.ir.operators.base import Operator
from archdsl.ir.operators.convolution import Blur, CondConv, Conv, ConvTranspose, Depthwise, WeightStandardizedConv
from archdsl.ir.operators.dot_product import DotProductAttention
from archdsl.ir.operators.extern import Extern
from archdsl.ir.operators.linear import Flatten, Linear
from archdsl.ir.operators.normalization import BatchNorm, GroupNorm, L2Norm, LayerNorm
from archdsl.ir.operators.pooling import AdaptiveAvgPool, AvgPool, GlobalPool, MaxPool
from archdsl.ir.operators.reduction import Reduce
from archdsl.ir.operators.regularization import Dropout, DropPath

Primitive = Annotated[
    Conv
    | Depthwise
    | WeightStandardizedConv
    | CondConv
    | ConvTranspose
    | Blur
    | DotProductAttention
    | Linear
    | Flatten
    | BatchNorm
    | GroupNorm
    | LayerNorm
    | L2Norm
    | Activation
    | LeakyRelu
    | Prelu
    | Function
    | Softmax
    | MaxPool
    | AvgPool
    | AdaptiveAvgPool
    | GlobalPool
    | Reduce
    | Dropout
    | DropPath
    | ChannelShuffle
    | Chunk
    | Slice
    | PixelShuffle
    | PixelUnshuffle
    | Transpose
    | Pad
    | Crop
    | Resize
    | Gain
    | ChannelGain
    | ChannelBias
    | Parameter
    | Extern,
    Field(discriminator="kind"),
]

CLASSES: tuple[type[Operator], ...] = get_args(get_args(Primitive)[0])

# The name of each primitive in the language, with its class. An `Extern` has none: it is what blocks declare.
PRIMITIVES: dict[str, type[Operator]] = {
    kind: operator
    for operator in CLASSES
    if operator is not Extern
    for kind in get_args(operator.model_fields["kind"].annotation)
}

__all__ = ["CLASSES", "PRIMITIVES", "Operator", "Primitive"]
