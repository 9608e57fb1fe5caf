"""The kernels of eager PyTorch: one for each operator, every one reading and writing its tensors."""

from __future__ import annotations

from collections.abc import Callable

from archdsl.backends.latency.kernel import Kernel
from archdsl.ir.base import Shape, Size
from archdsl.ir.operators import Primitive
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
from archdsl.ir.operators.window import same_zeros, sides
from archdsl.ir.walk import Visit

_SAME_KIND = {"swish": "silu"}


def kernels(visit: Visit, batch: int, *, training: bool = False) -> tuple[Kernel, ...]:
    """The kernels of an operator in their order; none for what only looks at a tensor in another way."""
    if visit.primitive is not None:
        others = visit.shapes[1:] if visit.primitive.reads_more else ()
        return RULES[visit.primitive](visit.primitive, visit.shapes[0], visit.output, batch, training, *others)
    if visit.operator in ("input", "output"):
        return ()
    return combining(visit.operator, visit.shapes, visit.output, batch, len(visit.factors))


# The kernels of each operator, given what it reads and puts out, the images of a batch, whether it is trained, and the
# further tensors that it must be given.
_Rule = Callable[..., tuple[Kernel, ...]]
RULES = RuleTable[_Rule]("latency of eager kernels")

_UNDILATED = Size(1, 1)


@RULES.rule(Conv, Depthwise, WeightStandardizedConv)
def _convolution(
    operator: Conv | CondConv | Depthwise | WeightStandardizedConv,
    source: Shape,
    output: Shape,
    batch: int,
    training: bool,
) -> tuple[Kernel, ...]:
    size, stride, groups = sides(operator.kernel), sides(operator.stride), operator.filters(source)[1]
    before: list[Kernel] = []
    if isinstance(operator, WeightStandardizedConv):
        filters = Shape(output.channels, source.channels // groups, size.height * size.width)
        before.append(Kernel("standardize", filters, filters))
    dilation = sides(operator.dilation)
    is_uneven = any(step * (side - 1) % 2 for step, side in zip(dilation, size, strict=True))
    is_moved = operator.padding == "same" and (max(stride) > 1 or is_uneven)
    padded = _padded(is_moved, source, size, stride, dilation)
    if padded:
        before.append(Kernel("pad", source, padded, batch))
    kind = "conv" if groups == 1 else "depthwise" if groups == source.channels else "grouped_conv"
    kernel = Kernel(kind, padded or source, output, batch, size, max(stride), groups)
    return (*before, kernel)


@RULES.rule(CondConv)
def _conditional(
    operator: CondConv, source: Shape, output: Shape, batch: int, training: bool, routing: Shape
) -> tuple[Kernel, ...]:
    mixed = Kernel("linear", routing, Shape(operator.weights(source), 1, 1), batch)
    *before, kernel = _convolution(operator, source, output, batch, training)
    # The images of a batch are groups.
    return (mixed, *before, kernel._replace(kind="grouped_conv") if kernel.kind == "conv" else kernel)


@RULES.rule(ConvTranspose)
def _transposed(
    operator: ConvTranspose, source: Shape, output: Shape, batch: int, training: bool
) -> tuple[Kernel, ...]:
    # The same work as the convolution from the output back to the input, of which it is the gradient.
    groups = operator.groups
    kind = "conv" if groups == 1 else "depthwise" if groups == source.channels == output.channels else "grouped_conv"
    return (Kernel(kind, output, source, batch, sides(operator.kernel), max(sides(operator.stride)), groups),)


@RULES.rule(Blur)
def _blur(operator: Blur, source: Shape, output: Shape, batch: int, training: bool) -> tuple[Kernel, ...]:
    margin = 2 * operator.margin
    padded = Shape(source.channels, source.height + margin, source.width + margin)
    blurred = Kernel("depthwise", padded, output, batch, sides(operator.kernel), operator.stride, source.channels)
    return (Kernel("pad", source, padded, batch), blurred) if margin else (blurred,)


@RULES.rule(Extern)
def _extern(
    operator: Extern, source: Shape, output: Shape, batch: int, training: bool, *others: Shape
) -> tuple[Kernel, ...]:
    """One kernel with the declared work, as efficient as a convolution; without any it only moves its tensors."""
    kind, further = "extern" if operator.multiplications else "shuffle", sum(other.elements for other in others)
    declared = (operator.params, operator.multiplications) if operator.multiplications else (0, 0)
    return (Kernel(kind, source, output, batch, further=further, declared=declared),)


@RULES.rule(DotProductAttention)
def _attended(
    operator: DotProductAttention, source: Shape, output: Shape, batch: int, training: bool, keys: Shape, values: Shape
) -> tuple[Kernel, ...]:
    further = keys.elements + values.elements
    attended = Kernel("dot_product_attention", source, output, batch, Size(keys.height, keys.width), further=further)
    turned = (Kernel("shuffle", shape, shape, batch) for shape in (source, keys, values))
    return (*turned, attended, Kernel("shuffle", output, output, batch))


@RULES.rule(AdaptiveAvgPool)
def _adaptive_pool(
    operator: AdaptiveAvgPool | Resize, source: Shape, output: Shape, batch: int, training: bool
) -> tuple[Kernel, ...]:
    window = Size(-(-source.height // output.height), -(-source.width // output.width))
    return (Kernel("avg_pool", source, output, batch, window, window.height),)


@RULES.rule(Reduce)
def _reduce(operator: Reduce, source: Shape, output: Shape, batch: int, training: bool) -> tuple[Kernel, ...]:
    return (Kernel("reduce", source, output, batch),)


@RULES.rule(BatchNorm)
def _batch_norm(operator: BatchNorm, source: Shape, output: Shape, batch: int, training: bool) -> tuple[Kernel, ...]:
    return (Kernel("batch_norm_training" if training else "batch_norm", source, output, batch),)


@RULES.rule(Linear, GroupNorm, LayerNorm, L2Norm, LeakyRelu, Prelu, Function, Softmax, GlobalPool)
def _of_its_name(operator: Primitive, source: Shape, output: Shape, batch: int, training: bool) -> tuple[Kernel, ...]:
    return (Kernel(operator.kind, source, output, batch),)


@RULES.rule(Activation)
def _activation(operator: Activation, source: Shape, output: Shape, batch: int, training: bool) -> tuple[Kernel, ...]:
    if operator.kind == "identity":
        return ()
    made = Kernel(_SAME_KIND.get(operator.kind, operator.kind), source, output, batch)
    return (made,) if operator.gain == 1.0 else (made, Kernel("scale", source, output, batch))


@RULES.rule(MaxPool, AvgPool)
def _pool(operator: MaxPool | AvgPool, source: Shape, output: Shape, batch: int, training: bool) -> tuple[Kernel, ...]:
    size = sides(operator.kernel)
    stride = sides(operator.stride or operator.kernel)
    step = stride.height if operator.stride is None else max(stride)
    padded = _padded(operator.padding == "same" and max(stride) > 1, source, size, stride)
    pooled = Kernel(operator.kind, padded or source, output, batch, size, step)
    if operator.padding != "same" or max(stride) == 1:
        return (pooled,)
    before = (Kernel("pad", source, padded, batch),) if padded else ()
    mean = Kernel("broadcast_map", output, output, batch, further=output.height * output.width)
    return (*before, pooled, mean) if operator.kind == "avg_pool" else (*before, pooled)


@RULES.rule(Dropout, DropPath)
def _dropped(
    operator: Dropout | DropPath, source: Shape, output: Shape, batch: int, training: bool
) -> tuple[Kernel, ...]:
    return (Kernel("dropout", source, output, batch),) if training and operator.rate != 0 else ()


@RULES.rule(ChannelShuffle, PixelShuffle, PixelUnshuffle)
def _shuffle(operator: Primitive, source: Shape, output: Shape, batch: int, training: bool) -> tuple[Kernel, ...]:
    return (Kernel("shuffle", source, output, batch),)


@RULES.rule(Pad)
def _pad(operator: Pad, source: Shape, output: Shape, batch: int, training: bool) -> tuple[Kernel, ...]:
    return (Kernel("pad", source, output, batch),)


@RULES.rule(Resize)
def _resize(operator: Resize, source: Shape, output: Shape, batch: int, training: bool) -> tuple[Kernel, ...]:
    if operator.mode == "area":
        return _adaptive_pool(operator, source, output, batch, training)
    return (Kernel(f"resize_{operator.mode.removesuffix('_exact')}", source, output, batch),)


@RULES.rule(Gain)
def _gain(operator: Gain, source: Shape, output: Shape, batch: int, training: bool) -> tuple[Kernel, ...]:
    return (Kernel("scale", source, output, batch),)


@RULES.rule(ChannelGain, ChannelBias)
def _of_channels(
    operator: ChannelGain | ChannelBias, source: Shape, output: Shape, batch: int, training: bool
) -> tuple[Kernel, ...]:
    return (Kernel("broadcast_channels", source, output, batch, further=source.channels),)


@RULES.rule(Chunk, Slice, Crop, Transpose, Flatten, Parameter)
def _view(operator: Primitive, source: Shape, output: Shape, batch: int, training: bool) -> tuple[Kernel, ...]:
    return ()


def _padded(is_same: bool, source: Shape, size: Size, stride: Size, dilation: Size = _UNDILATED) -> Shape | None:
    """The map with TensorFlow's zeros, where a kernel of its own adds them."""
    if not is_same:
        return None
    axes = zip(source[1:], size, stride, dilation, strict=True)
    padded = Shape(source.channels, *(axis[0] + same_zeros(*axis) for axis in axes))
    return padded if padded != source else None


def combining(
    operator: str, shapes: tuple[Shape, ...], output: Shape, batch: int, factors: int = 0
) -> tuple[Kernel, ...]:
    """The kernels of tensors that are combined: one a pair of operands, one for all that are concatenated."""
    if operator == "concat":
        parts = max(len(shapes), 1)
        mean = Shape(max(output.channels // parts, 1), output.height, output.width)
        return (Kernel("concat", mean, output, batch, operands=parts),)
    scaled = (Kernel("scale", output, output, batch),) * max(factors, 1 if operator == "negate" else 0)
    return (*scaled, *(_pair(operator, output, shape, batch) for shape in _further(shapes, output)))


def _further(shapes: tuple[Shape, ...], output: Shape) -> list[Shape]:
    """The operands but the first whole one."""
    rest = list(shapes)
    whole = next((index for index, shape in enumerate(rest) if shape == output), 0)
    del rest[whole]
    return rest


def _pair(operator: str, output: Shape, other: Shape, batch: int) -> Kernel:
    if other == output:
        return Kernel(operator, output, output, batch, operands=2)
    kind = "broadcast_channels" if other.height == other.width == 1 else "broadcast_map"
    return Kernel(kind, output, output, batch, further=other.elements)
