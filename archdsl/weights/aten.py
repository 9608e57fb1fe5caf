"""How operators look when a forward pass is watched: which operators of ATen, PyTorch's own, read their weights.

Other libraries compute the same with other modules, but those end in the same operators of ATen. A trace also knows
activations, by which equal layers in different places are distinguished.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

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


class Seen(NamedTuple):
    """What a trace sees of an operator: `reads` are operators of ATen that read its weights, by what people call them,
    `activations` those that it activates with. Neither for what only moves or combines values."""

    reads: Mapping[str, str] = MappingProxyType({})
    activations: frozenset[str] = frozenset()


def _reads(kind: str, *aten: str) -> Seen:
    return Seen(dict.fromkeys(aten or (kind,), kind))


def _activates(*aten: str) -> Seen:
    return Seen(activations=frozenset(aten))


RULES = RuleTable[Seen]("weights")
RULES.rule(Conv, ConvTranspose, Depthwise, WeightStandardizedConv)(_reads("convolution"))
RULES.rule(CondConv)(Seen({"mm": "linear", "mul": "mul"}))  # its experts are read where they are summed up
RULES.rule(Linear)(_reads("linear", "linear", "addmm", "mm"))
RULES.rule(BatchNorm)(
    _reads(
        "batch_norm",
        *("batch_norm", "native_batch_norm", "cudnn_batch_norm", "miopen_batch_norm", "batch_norm_with_update"),
        *("_native_batch_norm_legit", "_native_batch_norm_legit_no_training", "_batch_norm_with_update"),
    )
)
RULES.rule(GroupNorm)(_reads("group_norm", "native_group_norm"))
RULES.rule(LayerNorm)(_reads("layer_norm", "native_layer_norm"))
RULES.rule(Prelu)(_reads("prelu", "prelu", "_prelu_kernel"))
RULES.rule(Gain, ChannelGain)(_reads("mul"))
RULES.rule(ChannelBias)(_reads("add"))
RULES.rule(Parameter)(Seen({"mul": "mul", "add": "add"}))
RULES.rule(Activation)(
    _activates(
        *("relu", "relu6", "hardtanh", "silu", "gelu", "sigmoid", "tanh", "hardswish", "hardsigmoid", "elu", "mish"),
        "softplus",
    )
)
RULES.rule(LeakyRelu)(_activates("leaky_relu"))
RULES.rule(
    *(
        DotProductAttention,
        Blur,
        Flatten,
        L2Norm,
        Function,
        Softmax,
        AdaptiveAvgPool,
        AvgPool,
        GlobalPool,
        MaxPool,
        Reduce,
    ),
    *(Dropout, DropPath, ChannelShuffle, Chunk, Slice, PixelShuffle, PixelUnshuffle, Transpose, Pad, Crop, Resize),
    Extern,  # its module is watched like any other
)(Seen())

# What people call an operator of ATen that reads weights, and the activations.
KINDS = {aten: kind for seen in RULES.values() for aten, kind in seen.reads.items()}
ACTIVATIONS = frozenset(aten for seen in RULES.values() for aten in seen.activations)
