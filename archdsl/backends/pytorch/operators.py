"""How PyTorch spells each operator: what constructs its module, on maps and on vectors.

A rule gets the operator and, by name, its attributes and `in_channels` as expressions. Modules of our own stand in
`helpers.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archdsl.backends.pytorch.helpers import REDUCTIONS
from archdsl.backends.pytorch.nodes import IDENTITY, Expressions, call, unless
from archdsl.backends.pytorch.paddings import is_static, padding_node
from archdsl.backends.pytorch.spelling import spelled
from archdsl.ir.formula import Call, Conditional, Expression, Operation, Tuple, constant
from archdsl.ir.names import identifier
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
from archdsl.ir.operators.extern import ARGUMENT, Extern
from archdsl.ir.operators.linear import Flatten, Linear
from archdsl.ir.operators.normalization import BatchNorm, GroupNorm, L2Norm, LayerNorm
from archdsl.ir.operators.pooling import AdaptiveAvgPool, AvgPool, GlobalPool, MaxPool
from archdsl.ir.operators.reduction import Reduce
from archdsl.ir.operators.regularization import Dropout, DropPath
from archdsl.ir.operators.table import RuleTable

Rule = Callable[[Any, Expressions], Expression | None]

# On maps, batch x channels x height x width; every operator has a module there.
MAPS = RuleTable[Callable[[Any, Expressions], Expression]]("PyTorch's modules on maps")
# On vectors, batch x channels; None where there is no such module.
VECTORS = RuleTable[Rule]("PyTorch's modules on vectors")


def module(operator: Operator, of: Expressions) -> Expression:
    """A Python expression that constructs an operator as a module on maps.

    Args:
        operator: what is constructed.
        of: its attributes and `in_channels` as expressions, by name.
    """
    return MAPS[operator](operator, of)


def vector_module(operator: Operator, of: Expressions) -> Expression | None:
    """The same for an input that is a vector, batch x channels; None where there is no such module."""
    return VECTORS[operator](operator, of)


@VECTORS.rule(
    *(Conv, CondConv, Depthwise, WeightStandardizedConv, ConvTranspose, Blur, BatchNorm, GroupNorm, LayerNorm, L2Norm),
    *(
        MaxPool,
        AvgPool,
        AdaptiveAvgPool,
        GlobalPool,
        Reduce,
        DropPath,
        ChannelShuffle,
        Chunk,
        Slice,
        DotProductAttention,
        Extern,
    ),
    *(PixelShuffle, PixelUnshuffle, Transpose, Pad, Crop, Resize, ChannelGain, ChannelBias, Parameter),
)
def _on_maps_alone(operator: object, of: Expressions) -> None:
    return None


def _is_zero(node: Expression) -> bool:
    return node in (constant(0), constant(0.0))


# Convolutions ---------------------------------------------------------------------------------------------------------


@MAPS.rule(Conv)
def _conv(conv: Conv, of: Expressions) -> Expression:
    bias = unless(True, of["bias"])
    return _convolution(conv, of, "nn.Conv2d", "Conv2dSame", of["channels"], of["groups"], bias=bias)


@MAPS.rule(Depthwise)
def _depthwise(depthwise: Depthwise, of: Expressions) -> Expression:
    bias = unless(True, of["bias"])
    channels, multiplier = of["in_channels"], of["multiplier"]
    out = channels if multiplier == constant(1) else Operation("*", channels, multiplier)
    return _convolution(depthwise, of, "nn.Conv2d", "Conv2dSame", out, channels, bias=bias)


@MAPS.rule(WeightStandardizedConv)
def _standardized(conv: WeightStandardizedConv, of: Expressions) -> Expression:
    return _convolution(
        conv,
        of,
        "StandardizedConv2d",
        "StandardizedConv2dSame",
        of["channels"],
        of["groups"],
        bias=unless(True, of["bias"]),
        eps=unless(0.0001, of["eps"]),
        variance_eps=None if _is_zero(of["variance_eps"]) else of["variance_eps"],
    )


@MAPS.rule(CondConv)
def _cond_conv(conv: CondConv, of: Expressions) -> Expression:
    bias, names = unless(True, of["bias"]), ("CondConv2d", "CondConv2dSame")
    return _convolution(conv, of, *names, of["channels"], of["groups"], bias=bias, experts=of["experts"])


def _convolution(
    conv: Conv | CondConv | Depthwise | WeightStandardizedConv,
    of: Expressions,
    plain: str,
    same: str,
    out: Expression,
    groups: Expression,
    **extra: Expression | None,
) -> Call:
    """`same` is the module whose zeros depend on the size of the map, `out` its output channels."""
    is_dynamic = conv.padding == "same" and not is_static(of["kernel"], of["stride"])
    return call(
        same if is_dynamic else plain,
        of["in_channels"],
        out,
        of["kernel"],
        stride=unless(1, of["stride"]),
        padding=None if is_dynamic else _padding(conv, of),
        dilation=unless(1, of["dilation"]),
        groups=unless(1, groups),
        **extra,
    )


def _padding(
    conv: Conv | CondConv | Depthwise | WeightStandardizedConv | ConvTranspose, of: Expressions
) -> Expression | None:
    return padding_node(of, conv.padding, conv.kernel, conv.dilation, of["dilation"])


@MAPS.rule(ConvTranspose)
def _conv_transpose(conv: ConvTranspose, of: Expressions) -> Expression:
    is_same = conv.padding == "same"
    return call(
        "ConvTranspose2dSame" if is_same else "nn.ConvTranspose2d",
        of["in_channels"],
        of["channels"],
        of["kernel"],
        stride=unless(1, of["stride"]),
        padding=None if is_same else _padding(conv, of),
        output_padding=unless(0, of["output_padding"]),
        groups=unless(1, of["groups"]),
        bias=unless(True, of["bias"]),
        dilation=unless(1, of["dilation"]),
    )


@MAPS.rule(Blur)
def _blur(blur: Blur, of: Expressions) -> Expression:
    return call("Blur", of["in_channels"], of["kernel"], stride=unless(1, of["stride"]))


# Attention ------------------------------------------------------------------------------------------------------------


@MAPS.rule(DotProductAttention)
def _attended(operator: DotProductAttention, of: Expressions) -> Expression:
    return call("DotProductAttention", of["heads"], scale=unless(None, of["scale"]))


# Modules of the caller ------------------------------------------------------------------------------------------------


@MAPS.rule(Extern)
def _extern(extern: Extern, of: Expressions) -> Expression:
    """A call of what the caller gave: channels first, as everywhere in PyTorch, everything else by its name."""
    made = spelled(of["module"])
    given = {name: of[f"{ARGUMENT}{name}"] for name, _ in extern.arguments}
    first = [of["in_channels"], *([given.pop("channels")] if "channels" in given else [])]
    named = tuple((identifier(name), value) for name, value in given.items())
    return call("given", Call(made, tuple(first), named))


# Fully connected layers -----------------------------------------------------------------------------------------------


@MAPS.rule(Linear)
def _linear(linear: Linear, of: Expressions) -> Expression:
    return _fully_connected("MapLinear", of)


@VECTORS.rule(Linear)
def _linear_on_vectors(linear: Linear, of: Expressions) -> Expression:
    return _fully_connected("nn.Linear", of)


def _fully_connected(name: str, of: Expressions) -> Call:
    return call(name, of["in_channels"], of["features"], bias=unless(True, of["bias"]))


@MAPS.rule(Flatten)
def _flatten(flatten: Flatten, of: Expressions) -> Expression:
    return call("MapFlatten")


@VECTORS.rule(Flatten)
def _flatten_on_vectors(flatten: Flatten, of: Expressions) -> Expression:
    return call("nn.Flatten", constant(1))


# Normalizations -------------------------------------------------------------------------------------------------------


@MAPS.rule(BatchNorm)
def _batch_norm(norm: BatchNorm, of: Expressions) -> Expression:
    return call(
        "nn.BatchNorm2d",
        of["in_channels"],
        eps=unless(1e-05, of["eps"]),
        momentum=unless(0.1, of["momentum"]),
        affine=unless(True, of["affine"]),
    )


@MAPS.rule(GroupNorm)
def _group_norm(norm: GroupNorm, of: Expressions) -> Expression:
    return call(
        "nn.GroupNorm",
        of["groups"],
        of["in_channels"],
        eps=unless(1e-05, of["eps"]),
        affine=unless(True, of["affine"]),
    )


@MAPS.rule(LayerNorm)
def _layer_norm(norm: LayerNorm, of: Expressions) -> Expression:
    return call("LayerNorm2d", of["in_channels"], eps=unless(1e-06, of["eps"]), affine=unless(True, of["affine"]))


@MAPS.rule(L2Norm)
def _l2_norm(norm: L2Norm, of: Expressions) -> Expression:
    return call("L2Norm", eps=unless(1e-12, of["eps"]))


# Activations ----------------------------------------------------------------------------------------------------------

_ACTIVATIONS = {
    "relu": "nn.ReLU",
    "relu6": "nn.ReLU6",
    "silu": "nn.SiLU",
    "swish": "nn.SiLU",
    "gelu": "nn.GELU",
    "sigmoid": "nn.Sigmoid",
    "tanh": "nn.Tanh",
    "hard_swish": "nn.Hardswish",
    "hard_sigmoid": "nn.Hardsigmoid",
    "elu": "nn.ELU",
    "mish": "nn.Mish",
    "softplus": "nn.Softplus",
    "identity": "nn.Identity",
}


@VECTORS.rule(Activation)
@MAPS.rule(Activation)
def _activation(activation: Activation, of: Expressions) -> Expression:
    made = call(_ACTIVATIONS[activation.kind])
    return made if of["gain"] == constant(1.0) else call("Gained", made, of["gain"])


@VECTORS.rule(LeakyRelu)
@MAPS.rule(LeakyRelu)
def _leaky_relu(activation: LeakyRelu, of: Expressions) -> Expression:
    return call("nn.LeakyReLU", of["slope"])


@VECTORS.rule(Prelu)
@MAPS.rule(Prelu)
def _prelu(activation: Prelu, of: Expressions) -> Expression:
    shared = of["shared"]
    if shared in (constant(True), constant(False)):
        return call("nn.PReLU") if shared == constant(True) else call("nn.PReLU", of["in_channels"])
    return call("nn.PReLU", Conditional(shared, constant(1), of["in_channels"]))


@VECTORS.rule(Function)
@MAPS.rule(Function)
def _function(function: Function, of: Expressions) -> Expression:
    return call({"sqrt": "Sqrt", "exp": "Exp", "abs": "Abs"}[function.kind])


# The dimensions of a batch of maps.
_DIMENSIONS = {"channels": 1, "height": 2, "width": 3}


@MAPS.rule(Softmax)
def _softmax(softmax: Softmax, of: Expressions) -> Expression:
    if softmax.over == "positions":
        return call("SpatialSoftmax")
    return call("nn.Softmax", dim=constant(_DIMENSIONS[softmax.over]))


@VECTORS.rule(Softmax)
def _softmax_on_vectors(softmax: Softmax, of: Expressions) -> Expression | None:
    return call("nn.Softmax", dim=constant(1)) if softmax.over == "channels" else None


@MAPS.rule(Reduce)
def _reduce(reduce: Reduce, of: Expressions) -> Expression:
    dimensions = (2, 3) if reduce.over == "positions" else (_DIMENSIONS[reduce.over],)
    return call(REDUCTIONS[reduce.kind], *map(constant, dimensions))


# Poolings -------------------------------------------------------------------------------------------------------------


@MAPS.rule(MaxPool)
def _max_pool(pool: MaxPool, of: Expressions) -> Expression:
    return _pool(pool, of, "nn.MaxPool2d", "MaxPool2dSame")


@MAPS.rule(AvgPool)
def _avg_pool(pool: AvgPool, of: Expressions) -> Expression:
    counted = constant(False) if pool.padding == "same" else of["count_padding"]  # the zeros of `same` never are
    return _pool(pool, of, "nn.AvgPool2d", "AvgPool2dSame", count_include_pad=unless(True, counted))


def _pool(pool: MaxPool | AvgPool, of: Expressions, plain: str, same: str, **extra: Expression | None) -> Call:
    stride = of["kernel"] if of["stride"] == constant(None) else of["stride"]
    if pool.padding == "same" and not is_static(of["kernel"], stride):
        return call(same, of["kernel"], stride)
    padding = padding_node(of, pool.padding, pool.kernel)
    return call(plain, of["kernel"], stride, padding=padding, ceil_mode=unless(False, of["ceil"]), **extra)


@MAPS.rule(AdaptiveAvgPool)
def _adaptive_pool(pool: AdaptiveAvgPool, of: Expressions) -> Expression:
    return call("nn.AdaptiveAvgPool2d", of["size"])


@MAPS.rule(GlobalPool)
def _global_pool(pool: GlobalPool, of: Expressions) -> Expression:
    name = "nn.AdaptiveAvgPool2d" if pool.kind == "global_avg_pool" else "nn.AdaptiveMaxPool2d"
    return call(name, constant(1))


# Training alone -------------------------------------------------------------------------------------------------------


@VECTORS.rule(Dropout)
@MAPS.rule(Dropout)
def _dropout(dropout: Dropout, of: Expressions) -> Expression:
    return call("nn.Dropout", of["rate"])


@MAPS.rule(DropPath)
def _drop_path(drop_path: DropPath, of: Expressions) -> Expression:
    rate, rescale = of["rate"], of["rescale"]
    if _is_zero(rate):
        return IDENTITY
    made: Expression = call("DropPath" if rescale != constant(False) else "PlainDropPath", rate)
    if rescale not in (constant(True), constant(False)):
        made = Conditional(rescale, call("DropPath", rate), call("PlainDropPath", rate))
    # The rates of a schedule begin at 0, and are 0 where a model has none.
    return Conditional(rate, made, IDENTITY) if drop_path.rate is None else made


# What moves, cuts, stretches or scales values -------------------------------------------------------------------------


@MAPS.rule(ChannelShuffle)
def _channel_shuffle(shuffle: ChannelShuffle, of: Expressions) -> Expression:
    return call("nn.ChannelShuffle", of["groups"])


@MAPS.rule(Chunk)
def _chunk(chunk: Chunk, of: Expressions) -> Expression:
    return call("Chunk", of["parts"], of["index"])


@MAPS.rule(Slice)
def _slice(part: Slice, of: Expressions) -> Expression:
    return call("Slice", of["start"], of["channels"])


@MAPS.rule(PixelShuffle)
def _pixel_shuffle(shuffle: PixelShuffle, of: Expressions) -> Expression:
    return call("nn.PixelShuffle", of["factor"])


@MAPS.rule(PixelUnshuffle)
def _pixel_unshuffle(unshuffle: PixelUnshuffle, of: Expressions) -> Expression:
    return call("nn.PixelUnshuffle", of["factor"])


@MAPS.rule(Transpose)
def _transpose(transpose: Transpose, of: Expressions) -> Expression:
    return call("Transpose", *(constant(_DIMENSIONS[axis]) for axis in (transpose.first, transpose.second)))


_PADDINGS = {"zero": "nn.ZeroPad2d", "reflect": "nn.ReflectionPad2d", "replicate": "nn.ReplicationPad2d"}


@MAPS.rule(Pad)
def _pad(pad: Pad, of: Expressions) -> Expression:
    # A number of PyTorch is all sides; else the width comes first.
    sides = margins(of, "left", "right", "top", "bottom")
    return call(_PADDINGS[pad.mode], sides[0] if len(set(sides)) == 1 else Tuple(sides))


@MAPS.rule(Crop)
def _crop(crop: Crop, of: Expressions) -> Expression:
    return call("Crop", *margins(of, "top", "bottom", "left", "right"))


def margins(of: Expressions, *sides: str) -> tuple[Expression, ...]:
    """The margins of some sides: that of all and its own, of which one is nothing."""
    size, own = of["size"], [of[side] for side in sides]
    if all(margin == constant(0) for margin in own):
        return (size,) * len(own)
    return tuple(own if size == constant(0) else [Operation("+", size, margin) for margin in own])


@MAPS.rule(Resize)
def _resize(resize: Resize, of: Expressions) -> Expression:
    mode = constant(resize.mode.replace("_", "-"))
    corners = of["align_corners"] if resize.mode in ("bilinear", "bicubic") else None
    if of["factor"] == constant(None):
        corners = None if corners == constant(False) else corners
        return call("ResizeLike", mode=unless("bilinear", mode), align_corners=corners)
    return call("nn.Upsample", scale_factor=of["factor"], mode=unless("nearest", mode), align_corners=corners)


@VECTORS.rule(Gain)
@MAPS.rule(Gain)
def _gain(gain: Gain, of: Expressions) -> Expression:
    return call("Gain", of["initial"])


@MAPS.rule(ChannelGain)
def _channel_gain(gain: ChannelGain, of: Expressions) -> Expression:
    return call("ChannelGain", of["in_channels"], of["initial"])


@MAPS.rule(ChannelBias)
def _channel_bias(bias: ChannelBias, of: Expressions) -> Expression:
    return call("ChannelBias", of["in_channels"], initial=unless(0.0, of["initial"]))


@MAPS.rule(Parameter)
def _parameter(parameter: Parameter, of: Expressions) -> Expression:
    shape = of["channels"], of["height"], of["width"]
    return call("Parameter", *shape, initial=unless(0.0, of["initial"]), std=unless(0.0, of["std"]))
