"""The channels that come out of an operator, as an expression."""

from __future__ import annotations

from collections.abc import Callable

from archdsl.backends.pytorch.nodes import Derived, Expressions
from archdsl.ir.formula import Expression, Operation, constant
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

# Of the operator's attributes and `in_channels`, and of the channels that it reads as far as they are known; None where
# its values must do.
OUT_CHANNELS = RuleTable[Callable[[Expressions, Expression | None], Expression | None]]("channels as expressions")


@OUT_CHANNELS.rule(Conv, CondConv, ConvTranspose, WeightStandardizedConv, Slice, Parameter)
def _given(of: Expressions, channels: Expression | None) -> Expression:
    return of["channels"]


@OUT_CHANNELS.rule(Linear)
def _features(of: Expressions, channels: Expression | None) -> Expression:
    return of["features"]


@OUT_CHANNELS.rule(Depthwise)
def _multiplied(of: Expressions, channels: Expression | None) -> Expression | None:
    multiplier = of["multiplier"]
    return channels if multiplier == constant(1) else Derived(Operation("*", of["in_channels"], multiplier))


@OUT_CHANNELS.rule(Chunk)
def _divided(of: Expressions, channels: Expression | None) -> Expression:
    return Derived(Operation("//", of["in_channels"], of["parts"]))


@OUT_CHANNELS.rule(PixelShuffle)
def _in_squares(of: Expressions, channels: Expression | None) -> Expression:
    return Derived(Operation("//", of["in_channels"], Operation("**", of["factor"], constant(2))))


@OUT_CHANNELS.rule(PixelUnshuffle)
def _of_squares(of: Expressions, channels: Expression | None) -> Expression:
    return Derived(Operation("*", of["in_channels"], Operation("**", of["factor"], constant(2))))


@OUT_CHANNELS.rule(Transpose)
def _exchanged(of: Expressions, channels: Expression | None) -> Expression | None:
    return None if constant("channels") in (of["first"], of["second"]) else channels


@OUT_CHANNELS.rule(Reduce)
def _reduced(of: Expressions, channels: Expression | None) -> Expression | None:
    return constant(1) if of["over"] == constant("channels") else channels


@OUT_CHANNELS.rule(DotProductAttention, Flatten, Extern)
def _of_values(of: Expressions, channels: Expression | None) -> None:
    return None


@OUT_CHANNELS.rule(
    *(Blur, BatchNorm, GroupNorm, LayerNorm, L2Norm, Activation, LeakyRelu, Prelu, Function, Softmax),
    *(MaxPool, AvgPool, AdaptiveAvgPool, GlobalPool, Dropout, DropPath, ChannelShuffle, Pad, Crop, Resize),
    *(Gain, ChannelGain, ChannelBias),
)
def _kept(of: Expressions, channels: Expression | None) -> Expression | None:
    return channels
