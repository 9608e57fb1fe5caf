"""The primitive operators, listed. A new one is a class in a file here and a line in `CLASSES`."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from archdsl.ir.operators.activation import Activation, LeakyRelu, Prelu
from archdsl.ir.operators.arrangement import ChannelGain, ChannelShuffle, Chunk, Gain, Pad, Resize
from archdsl.ir.operators.base import Operator
from archdsl.ir.operators.convolution import Conv, Depthwise, WeightStandardizedConv
from archdsl.ir.operators.linear import Flatten, Linear
from archdsl.ir.operators.normalization import BatchNorm, GroupNorm, L2Norm, LayerNorm
from archdsl.ir.operators.pooling import AvgPool, GlobalPool, MaxPool
from archdsl.ir.operators.regularization import Dropout, DropPath

Primitive = Annotated[
    Conv
    | Depthwise
    | WeightStandardizedConv
    | Linear
    | Flatten
    | BatchNorm
    | GroupNorm
    | LayerNorm
    | L2Norm
    | Activation
    | LeakyRelu
    | Prelu
    | MaxPool
    | AvgPool
    | GlobalPool
    | Dropout
    | DropPath
    | ChannelShuffle
    | Chunk
    | Pad
    | Resize
    | Gain
    | ChannelGain,
    Field(discriminator="kind"),
]

CLASSES: tuple[type[Operator], ...] = get_args(get_args(Primitive)[0])

# The name of each primitive in the language, with its class.
PRIMITIVES: dict[str, type[Operator]] = {
    kind: operator for operator in CLASSES for kind in get_args(operator.model_fields["kind"].annotation)
}

__all__ = ["CLASSES", "PRIMITIVES", "Operator", "Primitive"]
