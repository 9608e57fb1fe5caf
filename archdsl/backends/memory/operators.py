"""What each operator allocates, and what autograd keeps of it: the rules, as PyTorch's eager kernels have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from archdsl.backends.memory.allocator import Allocator
from archdsl.backends.memory.kernels import Flow, Gradient, Parameters, Value
from archdsl.ir.base import Shape
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
from archdsl.ir.operators.table import RuleTable
from archdsl.ir.rewrite import changed
from archdsl.ir.walk import Visit

# Activations whose derivative PyTorch computes from what they put out; all others need what they read.
_FROM_OUTPUT = {"relu", "sigmoid", "tanh"}
# The bytes of a position, as a max pooling notes where its values were found.
_INDEX = 8

_NEW: tuple[Flow, ...] = ("new",)

# One rule for each operator: its output, after it has added its kernels to the tape. It gets the operator and its
# visit, the value that is read, the rate of the layer's drop path, and the further tensors that it must be given.
RULES = RuleTable[Callable[..., Value]]("memory")


def allocate(on: Allocator, visit: Visit, inputs: Sequence[Value], rate: float) -> Value:
    """The output of an operator or of combined tensors; `rate` is that of its layer's drop path."""
    if visit.primitive is None:
        return on.combined(visit, inputs)
    others = inputs[1:] if visit.primitive.reads_more else ()
    return RULES[visit.primitive](on, visit.primitive, visit, inputs[0], rate, *others)


# Convolutions ---------------------------------------------------------------------------------------------------------


@RULES.rule(Conv, Depthwise)
def _convolution(on: Allocator, operator: Conv | Depthwise, visit: Visit, source: Value, rate: float) -> Value:
    source, shape = on.same(operator.kernel, operator.stride, operator.dilation, visit.inputs[0].shape, source)
    room = on.workspace(operator, shape, visit.output, source, Parameters())
    return on.tape.call(
        [source],
        on.bytes(visit.output),
        keeps=[source],
        parameters=operator.parameters(shape) * on.setting.width,
        forward=room.forward,
        after=room.after,
        backward=room.backward,
        reads_whole=on.on_cpu,
    )


@RULES.rule(CondConv)
def _conditional(on: Allocator, operator: CondConv, visit: Visit, source: Value, rate: float, routing: Value) -> Value:
    """The filters of each image, and a convolution of one image whose groups are those of all."""
    source, shape = on.same(operator.kernel, operator.stride, operator.dilation, visit.inputs[0].shape, source)
    batch, width = on.setting.batch, on.setting.width
    filters = on.tape.call(
        [routing],
        batch * operator.weights(shape) * width,
        keeps=[routing],
        parameters=operator.experts * operator.weights(shape) * width,
    )
    whole, output = (Shape(each.channels * batch, each.height, each.width) for each in (shape, visit.output))
    one = replace(on, setting=replace(on.setting, batch=1))
    groups = changed(operator, groups=operator.groups * batch, channels=operator.channels * batch)
    room = one.workspace(groups, whole, output, source, Gradient(1))
    reads, flows = [source, filters], _NEW * 2
    if operator.bias:
        bias = on.tape.call([routing], batch * operator.channels * width, keeps=[routing], parameters=width)
        reads, flows = [*reads, bias], _NEW * 3
    return on.tape.call(
        reads,
        on.bytes(visit.output),
        flows=flows,
        keeps=[source, filters],
        forward=room.forward,
        after=room.after,
        backward=(*room.backward, Gradient(2)) if room.backward and operator.bias else room.backward,
        reads_whole=on.on_cpu,
    )


@RULES.rule(WeightStandardizedConv)
def _standardized(on: Allocator, operator: WeightStandardizedConv, visit: Visit, source: Value, rate: float) -> Value:
    source, shape = on.same(operator.kernel, operator.stride, operator.dilation, visit.inputs[0].shape, source)
    filters = operator.weights(shape) * on.setting.width
    weight = on.standard(filters, operator.channels * on.setting.width)
    room = on.workspace(operator, shape, visit.output, source, Gradient(1))
    return on.tape.call(
        [source, weight],
        on.bytes(visit.output),
        flows=["new", "new"],
        keeps=[source, weight],
        parameters=operator.channels * on.setting.width if operator.bias else 0,
        forward=room.forward,
        after=room.after,
        backward=room.backward + ((Parameters(),) if room.backward else ()),
        reads_whole=on.on_cpu,
    )


@RULES.rule(ConvTranspose)
def _transposed(on: Allocator, operator: ConvTranspose, visit: Visit, source: Value, rate: float) -> Value:
    full = visit.output
    if operator.padding == "same":  # computed whole, and cut
        whole = changed(operator, padding="valid").output(visit.inputs[0].shape)
        full = Shape(full.channels, max(full.height, whole.height), max(full.width, whole.width))
    room = on.transposed(operator, visit.inputs[0].shape, full, source)
    made = on.tape.call(
        [source],
        on.bytes(full),
        keeps=[source],
        parameters=visit.params * on.setting.width,
        forward=room.forward,
        after=room.after,
        backward=room.backward,
        reads_whole=on.on_cpu,
    )
    return _part(on, visit, made) if full != visit.output else made


@RULES.rule(Blur)
def _blur(on: Allocator, operator: Blur, visit: Visit, source: Value, rate: float) -> Value:
    shape, margin = visit.inputs[0].shape, 2 * operator.margin
    if margin:
        shape = Shape(shape.channels, shape.height + margin, shape.width + margin)
        source = on.tape.call([source], on.bytes(shape), keeps=[source], is_fleeting=True)
    filters = Depthwise.made(
        kind="depthwise",
        kernel=operator.kernel,
        stride=operator.stride,
        multiplier=1,
        bias=False,
        dilation=1,
        padding=0,
    )
    room = on.workspace(filters, shape, visit.output, source, None)
    return on.tape.call(
        [source],
        on.bytes(visit.output),
        keeps=[source],
        forward=room.forward,
        after=room.after,
        backward=room.backward,
        reads_whole=on.on_cpu,
    )


# Attention ------------------------------------------------------------------------------------------------------------


@RULES.rule(DotProductAttention)
def _attended(
    on: Allocator, operator: DotProductAttention, visit: Visit, source: Value, rate: float, keys: Value, values: Value
) -> Value:
    """Queries, keys and values turned around, so that channels are last; what the kernel puts out is turned back."""
    size = visit.inputs[0].shape.channels // operator.heads
    groups = visit.inputs[1].shape.channels // size
    turned = [on.tape.call([value], value.size) for value in (source, keys, values)]
    rows = on.setting.batch * operator.heads * visit.output.height * visit.output.width * on.setting.width
    out, flows = on.bytes(visit.output), _NEW * 3
    if not on.on_cpu or visit.output.channels == visit.inputs[0].shape.channels:
        read = on.tape.call(turned, out, flows=flows, keeps=turned, keeps_output=True, statistics=rows)
        return on.tape.call([read], out)
    # Keys and values of one size alone have a kernel on a CPU. With others products are made in memory: of queries and
    # keys times the root of the scale, whose softmax is kept, and of that and the values, copied for each head.
    queries, keys, values = turned
    copies = operator.heads // groups
    scaled = [on.tape.call([queries], source.size), on.tape.call([keys], keys.size * copies)]
    positions = visit.inputs[1].shape.height * visit.inputs[1].shape.width
    products = on.tape.call(scaled, rows * positions, flows=flows[1:], keeps=scaled)
    shares = on.tape.call([products], rows * positions, keeps_output=True, is_fleeting=True)
    if copies > 1:
        values = on.tape.call([values], values.size * copies)
    return on.tape.call([on.tape.call([shares, values], out, flows=flows[1:], keeps=[shares, values])], out)


# Fully connected layers -----------------------------------------------------------------------------------------------


@RULES.rule(Linear)
def _linear(on: Allocator, operator: Linear, visit: Visit, source: Value, rate: float) -> Value:
    weights = visit.params * on.setting.width
    source = _flat(on, source)
    return on.tape.call([source], on.bytes(visit.output), keeps=[source], parameters=weights)


@RULES.rule(Flatten)
def _flatten(on: Allocator, operator: Flatten, visit: Visit, source: Value, rate: float) -> Value:
    return _flat(on, source)


def _flat(on: Allocator, source: Value) -> Value:
    return on.tape.call([source], source.size) if source.scattered else source


# Normalizations -------------------------------------------------------------------------------------------------------


@RULES.rule(BatchNorm)
def _batch_norm(on: Allocator, operator: BatchNorm, visit: Visit, source: Value, rate: float) -> Value:
    copy = source.size if on.on_cpu else 0
    return on.tape.call(
        [source],
        source.size,
        keeps=[source],
        statistics=2 * visit.inputs[0].shape.channels * on.setting.width if on.setting.training else 0,
        parameters=visit.params * on.setting.width,
        backward=(Gradient(0), Parameters(), copy, -copy),
    )


@RULES.rule(GroupNorm)
def _group_norm(on: Allocator, operator: GroupNorm, visit: Visit, source: Value, rate: float) -> Value:
    return on.tape.call(
        [source],
        source.size,
        keeps=[source],
        statistics=2 * on.setting.batch * operator.groups * on.setting.width,
        parameters=visit.params * on.setting.width,
        reads_whole=on.on_cpu,
    )


@RULES.rule(LayerNorm)
def _layer_norm(on: Allocator, operator: LayerNorm, visit: Visit, source: Value, rate: float) -> Value:
    # It wants channels last, and leaves them there; where they are not, that takes a copy both ways.
    positions = _positions(on, visit)
    copy = 0 if source.channels_last else source.size
    is_map = positions > on.setting.batch * on.setting.width
    is_turned = copy > 0 and visit.inputs[0].shape.channels > 1 and is_map
    return on.tape.call(
        [source],
        source.size,
        flows=["turned" if is_turned else "new"],
        keeps=[source],
        statistics=2 * positions,
        parameters=visit.params * on.setting.width,
        after=(copy, -copy),
        backward=(copy, Gradient(0), Parameters(), -copy),
        channels_last=True,
    )


@RULES.rule(L2Norm)
def _l2_norm(on: Allocator, operator: L2Norm, visit: Visit, source: Value, rate: float) -> Value:
    # The norm at each position, and that bounded from below; a quotient's derivative needs both its parts.
    size, positions = source.size, _positions(on, visit)
    return on.tape.call(
        [source],
        size,
        keeps=[source],
        statistics=2 * positions,
        backward=(Gradient(0), 3 * size, -2 * size, -size + positions, 2 * size, -2 * size, -positions),
    )


def _positions(on: Allocator, visit: Visit) -> int:
    """The bytes of one number for each position of the map that is read."""
    shape = visit.inputs[0].shape
    return on.setting.batch * shape.height * shape.width * on.setting.width


# Activations ----------------------------------------------------------------------------------------------------------


@RULES.rule(Activation)
def _activation(on: Allocator, operator: Activation, visit: Visit, source: Value, rate: float) -> Value:
    if operator.kind == "identity":
        activated = source
    elif operator.kind in _FROM_OUTPUT:
        activated = on.tape.call([source], source.size, keeps_output=True)
    else:
        is_whole = on.on_cpu and operator.kind == "gelu"
        activated = on.tape.call([source], source.size, keeps=[source], reads_whole=is_whole)
    return activated if operator.gain == 1.0 else on.tape.call([activated], activated.size)


@RULES.rule(LeakyRelu)
def _leaky_relu(on: Allocator, operator: LeakyRelu, visit: Visit, source: Value, rate: float) -> Value:
    return on.tape.call([source], source.size, keeps=[source])


@RULES.rule(Function)
def _function(on: Allocator, operator: Function, visit: Visit, source: Value, rate: float) -> Value:
    if operator.kind == "abs":
        return on.tape.call([source], source.size, keeps=[source])
    # The derivative of a root is half of its inverse: the result is doubled before it divides.
    twice = source.size if operator.kind == "sqrt" else 0
    return on.tape.call([source], source.size, keeps_output=True, backward=(twice, Gradient(0), -twice))


@RULES.rule(Softmax)
def _softmax(on: Allocator, operator: Softmax, visit: Visit, source: Value, rate: float) -> Value:
    source = _flat(on, source) if operator.over == "positions" else source
    return on.tape.call([source], source.size, keeps_output=True, reads_whole=on.on_cpu)


@RULES.rule(ChannelBias)
def _bias(on: Allocator, operator: ChannelBias, visit: Visit, source: Value, rate: float) -> Value:
    return on.tape.call([source], source.size, flows=["same"], parameters=visit.params * on.setting.width)


@RULES.rule(Parameter)
def _parameter(on: Allocator, operator: Parameter, visit: Visit, source: Value, rate: float) -> Value:
    """A view of it for each image of the batch; its gradient is theirs, summed up."""
    view = on.tape.call([], 0, flows=[], parameters=visit.params * on.setting.width)
    return view._replace(size=on.bytes(visit.output))


@RULES.rule(Prelu, Gain, ChannelGain)
def _factor(on: Allocator, operator: Prelu | Gain | ChannelGain, visit: Visit, source: Value, rate: float) -> Value:
    return on.product([source], [source], visit.params * on.setting.width)


# Modules of the caller ------------------------------------------------------------------------------------------------


@RULES.rule(Extern)
def _extern(on: Allocator, operator: Extern, visit: Visit, source: Value, rate: float, *others: Value) -> Value:
    """As one kernel that keeps what it reads: what the module allocates besides is not known."""
    inputs = [source, *others]
    flows = _NEW * len(inputs)
    parameters = visit.params * on.setting.width
    return on.tape.call(inputs, on.bytes(visit.output), flows=flows, keeps=inputs, parameters=parameters)


# Poolings -------------------------------------------------------------------------------------------------------------


@RULES.rule(GlobalPool)
def _global_pool(on: Allocator, operator: GlobalPool, visit: Visit, source: Value, rate: float) -> Value:
    size = on.bytes(visit.output)
    if operator.kind == "global_avg_pool":
        # The gradient of an average is the same at all positions, and laid out as usual.
        is_turned = source.channels_last and visit.inputs[0].shape.channels > 1
        return on.tape.call([source], size, flows=["turned" if is_turned else "new"])
    return on.tape.call([source], size, keeps=[source], statistics=_indices(on, visit), reads_whole=on.on_cpu)


@RULES.rule(AdaptiveAvgPool)
def _adaptive_pool(
    on: Allocator, operator: AdaptiveAvgPool | Resize, visit: Visit, source: Value, rate: float
) -> Value:
    is_mean = visit.output[1:] == (1, 1)  # which PyTorch then computes
    return on.tape.call([source], on.bytes(visit.output), keeps=[] if is_mean else [source], reads_whole=on.on_cpu)


@RULES.rule(Reduce)
def _reduce(on: Allocator, operator: Reduce, visit: Visit, source: Value, rate: float) -> Value:
    size = on.bytes(visit.output)
    if operator.kind in ("reduce_mean", "reduce_sum"):
        return on.tape.call([source], size)
    # What is computed before the gradient: which elements are the largest, how many, and the gradient at these; or a
    # factor of each element, and what it is divided by.
    mask = source.size // on.setting.width + 2 * size if operator.kind in ("reduce_max", "reduce_min") else 0
    before = mask + source.size + 2 * size
    backward = (before, Gradient(0), -before)
    is_of_both = operator.kind != "reduce_var"
    return on.tape.call([source], size, keeps=[source], keeps_output=is_of_both, backward=backward)


@RULES.rule(MaxPool)
def _max_pool(on: Allocator, operator: MaxPool, visit: Visit, source: Value, rate: float) -> Value:
    padded = _padded(on, operator, visit, source)
    size = on.bytes(visit.output)
    return on.tape.call([padded], size, keeps=[padded], statistics=_indices(on, visit), reads_whole=on.on_cpu)


@RULES.rule(AvgPool)
def _avg_pool(on: Allocator, operator: AvgPool, visit: Visit, source: Value, rate: float) -> Value:
    padded = _padded(on, operator, visit, source)
    size, output = on.bytes(visit.output), visit.output
    pooled = on.tape.call([padded], size, keeps=[padded], reads_whole=on.on_cpu)
    if padded is source:
        return pooled
    # How many values each window has seen, of one channel of one image.
    counted = on.tape.call([], output.height * output.width * on.setting.width, flows=[])
    return on.tape.call([pooled], size, keeps=[counted])


def _padded(on: Allocator, pool: MaxPool | AvgPool, visit: Visit, source: Value) -> Value:
    """The map that the windows of a pooling read."""
    stride = pool.stride or pool.kernel
    return on.same(pool.kernel, stride, 1, visit.inputs[0].shape, source, is_fleeting=True)[0]


def _indices(on: Allocator, visit: Visit) -> int:
    """The bytes of where each largest value was found."""
    return on.setting.batch * visit.output.elements * _INDEX


# Training alone -------------------------------------------------------------------------------------------------------


@RULES.rule(Dropout)
def _dropout(on: Allocator, operator: Dropout, visit: Visit, source: Value, rate: float) -> Value:
    if not on.setting.training or operator.rate == 0.0:
        return source
    # The mask is a factor for each number on a CPU, a bit in a byte on a GPU.
    mask = source.size if on.on_cpu else source.size // on.setting.width
    return on.tape.call([source], source.size, statistics=mask)


@RULES.rule(DropPath)
def _drop_path(on: Allocator, operator: DropPath, visit: Visit, source: Value, rate: float) -> Value:
    own = operator.rate
    if not on.setting.training or not (rate if own is None else own):
        return source
    return on.tape.call([source], source.size, statistics=on.setting.batch * on.setting.width)


# What moves, cuts or stretches values ---------------------------------------------------------------------------------


@RULES.rule(ChannelShuffle, PixelShuffle, PixelUnshuffle)
def _shuffle(on: Allocator, operator: Operator, visit: Visit, source: Value, rate: float) -> Value:
    return on.tape.call([source], on.bytes(visit.output), reads_whole=on.on_cpu)


@RULES.rule(Pad)
def _pad(on: Allocator, operator: Pad, visit: Visit, source: Value, rate: float) -> Value:
    return on.tape.call([source], on.bytes(visit.output), keeps=[] if operator.mode == "zero" else [source])


@RULES.rule(Chunk, Slice)
def _channels(on: Allocator, operator: Chunk | Slice, visit: Visit, source: Value, rate: float) -> Value:
    part = _part(on, visit, source)
    is_whole = visit.output == visit.shapes[0]
    in_pieces = source.in_pieces if is_whole else on.setting.batch > 1
    return part._replace(in_pieces=in_pieces, scattered=source.scattered)


@RULES.rule(Crop)
def _crop(on: Allocator, operator: Crop, visit: Visit, source: Value, rate: float) -> Value:
    return _part(on, visit, source)


def _part(on: Allocator, visit: Visit, whole: Value) -> Value:
    """Part of a map is a view: it takes nothing, but the gradient is that of the whole."""
    part = on.tape.call([whole], 0)
    return part._replace(storage=whole.storage, size=on.bytes(visit.output), in_pieces=True, scattered=True)


@RULES.rule(Transpose)
def _transpose(on: Allocator, operator: Transpose, visit: Visit, source: Value, rate: float) -> Value:
    """A view, and so is its gradient; in another order only where more than one axis is longer than 1."""
    view = on.tape.call([source], 0, flows=["same"])
    is_turned = sum(size > 1 for size in visit.output) > 1
    is_apart = source.in_pieces or is_turned
    return view._replace(storage=source.storage, size=source.size, in_pieces=is_apart, scattered=is_apart)


@RULES.rule(Resize)
def _resize(on: Allocator, operator: Resize, visit: Visit, source: Value, rate: float) -> Value:
    out = on.bytes(visit.output)
    if operator.mode == "area":
        return _adaptive_pool(on, operator, visit, source, rate)
    copies = source.size + out if on.turns(operator.mode, visit.output, source) else 0
    return on.tape.call([source], out, after=(copies, -copies), reads_whole=on.on_cpu)
