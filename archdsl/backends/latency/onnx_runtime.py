"""The kernels of ONNX Runtime on a CPU: batch norm folded into convolutions, activations and sums fused with them.

ONNX Runtime keeps maps in blocks of 16 channels between operators that can work on them so, and moves them from one
layout to the other where an operator cannot; each such move is a kernel. What is folded, fused and blocked stands here
as its graph optimizations for the CPU do it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import prod

from archdsl.backends.latency import eager
from archdsl.backends.latency.kernel import Kernel, Layout
from archdsl.ir.base import Shape, Size
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
from archdsl.ir.walk import Tensor, Visit

_BLOCK = 16
_ALIGNMENT = 4
# Computed on each output of a convolution before it is written.
FUSED = frozenset({"relu", "relu6", "sigmoid", "tanh", "leaky_relu", "hard_sigmoid", "hard_swish"})
# Elementwise, and so indifferent to where channels stand.
_ANY_LAYOUT = frozenset({"relu", "sigmoid", "tanh", "leaky_relu", "silu", "gelu", "sqrt", "exp", "abs"})


@dataclass
class _Map:
    """A tensor while it is followed: its layout, and the convolution that can still take in what comes next."""

    layout: Layout
    convolution: int | None = None
    is_summed: bool = False
    other: bool = False  # whether it has been copied to the other layout


def lower(visits: Iterable[Visit], batch: int, layout: Layout) -> tuple[list[tuple[Kernel, ...]], Layout]:
    """The kernels of each operator of a part whose input has a layout, and the layout of its output.

    What became a part of an earlier kernel has none of its own.
    """
    lowering = _Lowering(list(visits), batch, layout)
    return [tuple(kernels) for kernels in lowering.kernels], lowering.output


class _Lowering:
    def __init__(self, visits: list[Visit], batch: int, layout: Layout):
        self.batch = batch
        self.kernels: list[list[Kernel]] = [[] for _ in visits]
        self.uses = Counter(tensor.path for visit in visits for tensor in visit.inputs)
        self.maps: dict[str, _Map] = {}
        self.source: Layout = layout
        self.output = layout
        for index, visit in enumerate(visits):
            made = self._visit(index, visit)
            self.maps[visit.path] = made
            self.output = made.layout

    def map(self, tensor: Tensor) -> _Map:
        return self.maps.setdefault(tensor.path, _Map(self.source if tensor.shape.channels >= _BLOCK else "plain"))

    def want(self, index: int, tensor: Tensor, layout: Layout) -> None:
        """Has a tensor in a layout, copied to it once if it is not."""
        made = self.map(tensor)
        if made.layout != layout and not made.other:
            made.other = True
            blocked, plain = _filled(tensor.shape), tensor.shape
            ends = (blocked, plain) if layout == "plain" else (plain, blocked)
            self.kernels[index].append(Kernel(f"reorder_{layout}", *ends, self.batch))

    def _visit(self, index: int, visit: Visit) -> _Map:
        operator = visit.operator
        if not visit.inputs:
            return _Map("plain")
        if visit.primitive is not None:
            return RULES[visit.primitive](self, index, visit)
        if operator == "output":
            return self.map(visit.inputs[0])
        if operator in ("add", "multiply", "concat") and len(visit.inputs) > 1:
            return self._combination(index, visit)
        return self.plainly(index, visit, "plain")

    def folded(self, visit: Visit) -> _Map | None:
        """The map of a factor for each channel that becomes a part of the convolution before it, if it can."""
        source = visit.inputs[0]
        before = self.map(source)
        return before if before.convolution is not None and self.uses[source.path] == 1 else None

    def plainly(self, index: int, visit: Visit, layout: Layout) -> _Map:
        """The kernels that eager mode has for it, in a layout."""
        for tensor in visit.inputs[:1] if visit.operator == "resize" else visit.inputs:
            self.want(index, tensor, layout)
        made = eager.kernels(visit, self.batch)
        if visit.operator in ("chunk", "slice", "crop"):
            made = (Kernel("slice", visit.output, visit.output, self.batch),)
        elif visit.operator == "transpose":
            made = (Kernel("shuffle", visit.inputs[0].shape, visit.output, self.batch),)
        elif visit.operator == "channel_shuffle":
            reshaped = Kernel("reshape", visit.output, visit.output, self.batch)
            made = (reshaped, *made, reshaped)
        self.kernels[index] += [_as_reported(kernel, layout) for kernel in made]
        return _Map(layout)

    def _combination(self, index: int, visit: Visit) -> _Map:
        maps = [self.map(tensor) for tensor in visit.inputs]
        is_blocked = all(made.layout == "blocked" for made in maps) and not visit.factors
        if visit.operator == "concat":
            fits = all(tensor.shape.channels % _BLOCK == 0 for tensor in visit.inputs)
            return self.plainly(index, visit, "blocked" if is_blocked and fits else "plain")
        if any(tensor.shape != visit.output for tensor in visit.inputs):
            return self.plainly(index, visit, "plain")
        if visit.operator == "add" and len(maps) == 2 and not visit.factors:
            fused = self._sum(visit, maps)
            if fused is not None:
                return fused
        return self.plainly(index, visit, "blocked" if is_blocked else "plain")

    def _sum(self, visit: Visit, maps: list[_Map]) -> _Map | None:
        """A sum that the convolution of one operand adds up itself, if there is one; the later one of two."""
        open_maps = [
            made.convolution
            for made, tensor in zip(maps, visit.inputs, strict=True)
            if made.convolution is not None and not made.is_summed and self.uses[tensor.path] == 1
        ]
        for convolution in sorted(open_maps, reverse=True):
            if maps[0].layout == maps[1].layout == "blocked":
                return _Map("blocked", convolution, is_summed=True)
        return None


# What each operator becomes: a part of the kernel before it, or kernels in a layout.
RULES = RuleTable[Callable[[_Lowering, int, Visit], _Map]]("latency of ONNX Runtime's kernels")


@RULES.rule(Dropout, DropPath)
def _nothing(on: _Lowering, index: int, visit: Visit) -> _Map:
    return on.map(visit.inputs[0])


@RULES.rule(Parameter)
def _parameter(on: _Lowering, index: int, visit: Visit) -> _Map:
    return _Map("plain")  # constant


@RULES.rule(Conv, Depthwise, WeightStandardizedConv)
def _convolution(on: _Lowering, index: int, visit: Visit) -> _Map:
    # Weights are constants: whatever is computed from them alone is computed when the session is made. Zeros at the
    # edges are the convolution's own.
    source = visit.inputs[0]
    kernel = eager.kernels(visit, on.batch)[-1]._replace(input=source.shape)
    layout = layout_of(kernel)
    wanted: Layout = "plain" if kernel.groups == 1 and kernel.input.channels < _BLOCK else layout
    on.want(index, source, wanted)
    if layout == "blocked":
        kernel = kernel._replace(
            input=_filled(kernel.input) if wanted == "blocked" else kernel.input,
            output=_filled(kernel.output),
            groups=_filled(kernel.input).channels if kernel.kind == "depthwise" else kernel.groups,
            layout="blocked",
        )
    on.kernels[index].append(kernel)
    return _Map(layout, index)


@RULES.rule(ChannelGain, ChannelBias)
def _of_channels(on: _Lowering, index: int, visit: Visit) -> _Map:
    return on.folded(visit) or on.plainly(index, visit, "plain")


@RULES.rule(BatchNorm)
def _batch_norm(on: _Lowering, index: int, visit: Visit) -> _Map:
    """Behind a convolution it is folded into that. Blocked, it is a depthwise convolution of 1 x 1, and takes in what
    follows like one."""
    folded = on.folded(visit)
    if folded is not None:
        return folded
    source = visit.inputs[0]
    if on.map(source).layout == "plain":
        on.kernels[index].append(Kernel("batch_norm", source.shape, source.shape, on.batch))
        return _Map("plain")
    shape = _filled(source.shape)
    kernel = Kernel("depthwise", shape, shape, on.batch, groups=shape.channels, layout="blocked")
    on.kernels[index].append(kernel)
    return _Map("blocked", index)


@RULES.rule(Activation, LeakyRelu, Prelu, Function)
def _activation(on: _Lowering, index: int, visit: Visit) -> _Map:
    source = visit.inputs[0]
    before, made = on.map(source), eager.kernels(visit, on.batch)
    if visit.operator == "identity":
        return before
    gain = made[1:]
    if made[0].kind in FUSED and before.convolution is not None and on.uses[source.path] == 1:
        layout = before.layout
    else:
        layout = before.layout if made[0].kind in _ANY_LAYOUT else "plain"
        on.want(index, source, layout)
        shape = _filled(source.shape) if layout == "blocked" else source.shape
        on.kernels[index].append(made[0]._replace(input=shape, output=shape))
    if gain:
        if layout == "blocked":
            on.kernels[index].append(Kernel("reorder_plain", _filled(visit.output), visit.output, on.batch))
        on.kernels[index] += gain
        layout = "plain"
    return _Map(layout)


@RULES.rule(MaxPool, AvgPool)
def _pool(on: _Lowering, index: int, visit: Visit) -> _Map:
    is_filled = visit.inputs[0].shape.channels % _BLOCK == 0
    return on.plainly(index, visit, "blocked" if is_filled else "plain")


@RULES.rule(Resize)
def _resize(on: _Lowering, index: int, visit: Visit) -> _Map:
    return on.plainly(index, visit, on.map(visit.inputs[0]).layout)


@RULES.rule(
    *(
        CondConv,
        ConvTranspose,
        Blur,
        DotProductAttention,
        Linear,
        Flatten,
        GroupNorm,
        LayerNorm,
        L2Norm,
        Softmax,
        AdaptiveAvgPool,
        GlobalPool,
        Reduce,
    ),
    *(ChannelShuffle, Chunk, Slice, PixelShuffle, PixelUnshuffle, Transpose, Pad, Crop, Gain, Extern),
)
def _plain(on: _Lowering, index: int, visit: Visit) -> _Map:
    return on.plainly(index, visit, "plain")


def layout_of(kernel: Kernel) -> Layout:
    """Whether a convolution works on blocks of channels."""
    per_group, filters = kernel.input.channels // kernel.groups, kernel.output.channels
    if kernel.groups == 1:
        return "blocked" if per_group < _BLOCK or per_group % _ALIGNMENT == 0 else "plain"
    if per_group == 1 and filters == kernel.groups:
        return "blocked" if filters % _ALIGNMENT == 0 else "plain"
    return "blocked" if per_group % _BLOCK == 0 and (filters // kernel.groups) % _BLOCK == 0 else "plain"


def _filled(shape: Shape) -> Shape:
    """A map with channels added until they fill their blocks."""
    return Shape(-(-shape.channels // _BLOCK) * _BLOCK, shape.height, shape.width)


# What it reports ------------------------------------------------------------------------------------------------------

_KINDS = {
    "QuickGelu": "silu", "Gelu": "gelu", "Relu": "relu", "Clip": "relu6", "Sigmoid": "sigmoid", "Tanh": "tanh",
    "HardSwish": "hard_swish", "HardSigmoid": "hard_sigmoid", "Elu": "elu", "LeakyRelu": "leaky_relu", "PRelu": "prelu",
    "Softplus": "softplus", "Mish": "mish", "BatchNormalization": "batch_norm", "LayerNormalization": "layer_norm",
    "MaxPool": "max_pool", "AveragePool": "avg_pool", "ReduceMean": "global_avg_pool", "ReduceMax": "global_max_pool",
    "GlobalAveragePool": "global_avg_pool", "GlobalMaxPool": "global_max_pool", "ReorderInput": "reorder_blocked",
    "ReorderOutput": "reorder_plain", "Transpose": "shuffle", "Pad": "pad", "Slice": "slice", "Reshape": "reshape",
    "Upsample": "resize_bilinear", "Resize": "resize_bilinear",
}  # fmt: skip
_POOLS = ("max_pool", "avg_pool")
_PAIRS = {"Add": "add", "Sub": "subtract", "Mul": "multiply", "Div": "divide", "Max": "maximum", "Min": "minimum"}


def reported(operator: str, name: str, inputs: list[list[int]], output: list[int]) -> Kernel | None:
    """The kernel that a node of a profile was: its operator and name, and the dimensions of its tensors.

    None for what is too rare to be distinguished.
    """
    if operator == "Gemm" and len(output) == 2:
        return Kernel("linear", Shape(inputs[0][1], 1, 1), Shape(output[1], 1, 1), inputs[0][0])
    if not inputs or min(len(inputs[0]), len(output)) < 2:
        return None
    batch, source, target = output[0], _shape(inputs[0]), _shape(output)
    layout: Layout = "blocked" if "nchwc" in name else "plain"
    if operator in ("Conv", "FusedConv"):
        return _reported_convolution(inputs, batch, source, target, layout)
    if operator in _PAIRS:
        shapes = tuple(_shape(dimensions) for dimensions in inputs if len(dimensions) == 4)
        if len(shapes) < 2:
            return Kernel("scale", source, target, batch)
        return eager.combining(_PAIRS[operator], shapes, target, batch)[0]
    if operator == "Concat":
        return eager.combining("concat", tuple(map(_shape, inputs)), target, batch)[0]
    kind = _KINDS.get(operator)
    if kind is None:
        return None
    if kind == "layer_norm":  # Channels come last around it.
        source = target = Shape(target.width, source.channels, source.height)
    elif operator == "ReorderInput":
        source = Shape(target.channels, *target[1:]) if sorted(source) == sorted(target) else source
    elif operator == "ReorderOutput" and source[1:] != target[1:] and source[1:] == target[:2]:
        target = Shape(target.width, *source[1:])
    elif kind in ("shuffle", "reshape"):
        source = target
    stride = max(1, round(source.height / target.height)) if kind in _POOLS else 1
    return _as_reported(Kernel(kind, source, target, batch, stride=stride), layout)


def _shape(dimensions: list[int]) -> Shape:
    """The shape of an image's tensor, all but its last two dimensions being channels."""
    if len(dimensions) < 4:
        return Shape(prod(dimensions[1:]), 1, 1)
    return Shape(prod(dimensions[1:-2]), *dimensions[-2:])


def _as_reported(kernel: Kernel, layout: Layout) -> Kernel:
    """A kernel as far as a profile distinguishes it: not the window of a pooling, nor the layout of the rest."""
    if kernel.kind not in _POOLS:
        return kernel
    side = kernel.stride + 1
    return kernel._replace(window=Size(side, side), layout=layout)


def _reported_convolution(inputs: list[list[int]], batch: int, source: Shape, target: Shape, layout: Layout) -> Kernel:
    filters = inputs[1]
    groups = max(source.channels // filters[1], 1)
    kind = "conv" if groups == 1 else "depthwise" if groups == source.channels else "grouped_conv"
    stride = max(1, round(source.height / target.height))
    return Kernel(kind, source, target, batch, Size(filters[2], filters[3]), stride, groups, layout=layout)
