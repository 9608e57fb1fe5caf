"""A built network with denser maps: strides beyond a reduction taken out, and what follows dilated instead.

The algorithme a trous (Holschneider et al. 1990) as DeepLab uses it (Chen et al. 2017) and timm offers it: where a
stride of s is taken out, every kernel after it reads positions s apart, so that each s-th position of the new map is
what the old one held there, with the same weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Literal

from torch import nn

from archdsl.ir.architecture import Architecture
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
from archdsl.ir.operators.window import Kernel, ratio, sides
from archdsl.ir.walk import Visit, walk

# What dilation means to each operator: a window reads positions further apart; what is of one size (zeros at the edge,
# a fully connected layer on a map) does not fit a denser map; the rest does the same at each position or on the whole.
RULES = RuleTable[Literal["window", "of one size", "of any size"]]("dilation")
RULES.rule(Conv, CondConv, Depthwise, WeightStandardizedConv, MaxPool, AvgPool)("window")
RULES.rule(
    *(Pad, Crop, Resize, PixelShuffle, PixelUnshuffle, Transpose, ConvTranspose, Blur),
    *(Linear, Flatten, Parameter, Extern),  # what a module does that is not known here may be made for its map
)("of one size")
RULES.rule(
    *(BatchNorm, GroupNorm, LayerNorm, L2Norm, Activation, LeakyRelu, Prelu, Function, Softmax),
    *(DotProductAttention, AdaptiveAvgPool, GlobalPool, Reduce, Dropout, DropPath, ChannelShuffle, Chunk, Slice),
    *(Gain, ChannelGain, ChannelBias),
)("of any size")


def dilate(model: nn.Module, architecture: Architecture, output_stride: int) -> None:
    """Changes a model so that no map of its stages is smaller than the image by more than `output_stride`.

    Args:
        model: what the architecture's own source built.
        output_stride: the largest reduction, in pixels of the image a position; 8 and 16 are usual.

    Raises:
        ValueError: where the network cannot be dilated; it says which operator stands in the way.
    """
    if not isinstance(output_stride, int) or output_stride < 1:
        raise ValueError(f"output_stride is a whole number from 1, not {output_stride!r}")
    # Of each tensor: how much smaller than the image it is now, and by how much strides taken out would have shrunk it.
    reductions: dict[str, Fraction | int] = dict.fromkeys(architecture.images, 1)
    removed = dict.fromkeys(architecture.images, 1)
    fixed = set[str]()  # tensors of one size, made of nothing
    # The module with the stem and the stages, of a part perhaps, without the `prefix` that paths in it have.
    prefix = architecture.prefix
    trunk = model.get_submodule(prefix[:-1]) if prefix and hasattr(model, "forward_head") else model
    for visit in walk(architecture)[len(architecture.images) : -1]:
        if visit.levels[0].path == "head" and not hasattr(model, "forward_head"):
            break  # a network of feature maps has none
        inputs = visit.inputs[:1] if visit.primitive is not None and visit.primitive.reads_more else visit.inputs
        maps = [tensor for tensor in inputs if tensor.shape[1:] != (1, 1)]
        sources = [tensor for tensor in maps if tensor.path not in fixed] or inputs
        before = {(reductions[tensor.path], removed[tensor.path]) for tensor in sources}
        if len(before) != 1:
            raise ValueError(f"output_stride: {visit.path} combines maps of different strides")
        reduction, factor = before.pop()
        stride = _stride(visit)
        is_left = reduction * stride <= output_stride
        if not is_left and stride > 1 and not _is_window(visit):
            raise ValueError(f"output_stride: {visit.path}, {visit.operator}, has a stride that cannot be taken out")
        if isinstance(visit.primitive, Parameter):
            fixed.add(visit.path)
        elif factor > 1 and (_is_of_one_size(visit) or any(tensor.path in fixed for tensor in maps)):
            raise ValueError(
                f"output_stride: {visit.path}, {visit.operator}, is made for the size of the map before it"
            )
        if _is_window(visit) and not (is_left and (factor == 1 or _is_point(visit))):
            is_inside = visit.path.startswith(prefix)
            module = (
                trunk.get_submodule(visit.path.removeprefix(prefix)) if is_inside else model.get_submodule(visit.path)
            )
            _change(module, visit, factor, keep_stride=is_left)
        reductions[visit.path] = reduction * stride if is_left else reduction
        removed[visit.path] = factor if is_left else factor * int(stride)
    if output_stride not in reductions.values() and output_stride < max(reductions.values()) * max(removed.values()):
        reached = ", ".join(map(str, sorted(set(reductions.values()))))
        raise ValueError(f"output_stride: no map is {output_stride} times smaller than the image, only {reached}")
    _tell(trunk, architecture, removed)


def _is_window(visit: Visit) -> bool:
    """Whether a visit is a module that slides a window over its map."""
    return visit.primitive is not None and RULES[visit.primitive] == "window"


def _is_of_one_size(visit: Visit) -> bool:
    """Whether a visit does not fit a map that is larger than its own."""
    is_vector = visit.inputs[0].shape[1:] == visit.output[1:] == (1, 1)
    return visit.primitive is not None and RULES[visit.primitive] == "of one size" and not is_vector


def _step(visit: Visit) -> Fraction | int:
    """How much further apart positions are behind an operator that is no window that can be dilated."""
    match visit.primitive:
        case PixelUnshuffle(factor=factor):
            return factor
        case Blur(stride=stride):
            return stride
        case PixelShuffle(factor=factor):
            return Fraction(1, factor)
        case ConvTranspose(stride=stride):
            return Fraction(1, _both_ways(visit, stride))
        case Extern():
            return ratio(visit.inputs[0].shape.side, visit.output.side)
    return 1


def _stride(visit: Visit) -> Fraction | int:
    if not _is_window(visit):
        return _step(visit)
    stride = getattr(visit.primitive, "stride", None)
    return _both_ways(visit, getattr(visit.primitive, "kernel", 1) if stride is None else stride)


def _both_ways(visit: Visit, stride: Kernel) -> int:
    """A stride that is the same down and across; of series there is one."""
    down, across = sides(stride)
    if visit.output.is_line:
        return across
    if down != across:
        raise ValueError(f"output_stride: {visit.path} has another stride down than across")
    return down


def _is_point(visit: Visit) -> bool:
    return getattr(visit.primitive, "kernel", None) in (1, (1, 1))


def _change(module: Any, visit: Visit, factor: int, *, keep_stride: bool) -> None:
    """Dilates a window by a factor and, unless it is kept, takes its stride out."""
    is_pool = isinstance(module, nn.MaxPool1d | nn.MaxPool2d) and not module.ceil_mode
    if not is_pool and not isinstance(module, nn.Conv1d | nn.Conv2d):
        raise ValueError(f"output_stride: {visit.path}, {visit.operator}, cannot be dilated")
    count = 1 if visit.output.is_line else 2
    padding, dilation, kernel = (_each(getattr(module, name), count) for name in ("padding", "dilation", "kernel_size"))
    padding, dilation = ([each * factor for each in one] for one in (padding, dilation))
    if is_pool and any(zeros > side // 2 for zeros, side in zip(padding, kernel, strict=True)):
        raise ValueError(f"output_stride: {visit.path}, {visit.operator}, would have zeros wider than half its kernel")
    module.padding, module.dilation = tuple(padding), tuple(dilation)
    if not keep_stride:
        module.stride = (1,) * count


def _each(value: int | Sequence[int], count: int) -> Sequence[int]:
    """A number for each of so many dimensions."""
    return (value,) * count if isinstance(value, int) else value


def _tell(model: nn.Module, architecture: Architecture, removed: dict[str, int]) -> None:
    """Puts the new reductions into `feature_info`."""
    ends: dict[str, int] = {}
    for visit in walk(architecture)[1:-1]:
        parts = visit.path.removeprefix(architecture.prefix).split(".")
        if parts[0] in ("stem", "stages"):
            ends[parts[0]] = ends[".".join(parts[:2])] = removed[visit.path]
    for info in getattr(model, "feature_info", []):
        info["reduction"] //= ends[info["module"]]
