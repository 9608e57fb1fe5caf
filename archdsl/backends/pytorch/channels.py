"""The channels that come out of an operator, as an expression."""

from __future__ import annotations

from collections.abc import Callable

from archdsl.backends.pytorch.nodes import Derived, Expressions
from archdsl.ir.formula import Expression, Operation, constant
from archdsl.ir.operators.activation import Activation, LeakyRelu, Prelu
from archdsl.ir.operators.arrangement import ChannelGain, ChannelShuffle, Chunk, Gain, Pad, Resize
from archdsl.ir.operators.convolution import Conv, Depthwise, WeightStandardizedConv
from archdsl.ir.operators.linear import Flatten, Linear
from archdsl.ir.operators.normalization import BatchNorm, GroupNorm, L2Norm, LayerNorm
from archdsl.ir.operators.pooling import AvgPool, GlobalPool, MaxPool
from archdsl.ir.operators.regularization import Dropout, DropPath
from archdsl.ir.operators.table import RuleTable

# Of the operator's attributes and `in_channels`, and of the channels that it reads as far as they are known; None where
# its values must do.
OUT_CHANNELS = RuleTable[Callable[[Expressions, Expression | None], Expression | None]]("channels as expressions")


@OUT_CHANNELS.rule(Conv, WeightStandardizedConv)
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


@OUT_CHANNELS.rule(Flatten)
def _of_elements(of: Expressions, channels: Expression | None) -> None:
    return None


@OUT_CHANNELS.rule(
    *(BatchNorm, GroupNorm, LayerNorm, L2Norm, Activation, LeakyRelu, Prelu, MaxPool, AvgPool, GlobalPool),
    *(Dropout, DropPath, ChannelShuffle, Pad, Resize, Gain, ChannelGain),
)
def _kept(of: Expressions, channels: Expression | None) -> Expression | None:
    return channels
