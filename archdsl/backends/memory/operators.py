"""What each operator allocates, and what autograd keeps of it: the rules, as PyTorch's eager kernels have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from archdsl.backends.memory.kernels import Flow, Gradient, Parameters, Steps, Tape, Value
from archdsl.backends.memory.onednn import Convolution
from archdsl.backends.memory.setting import Setting
from archdsl.backends.memory.workspace import Workspace, convolution
from archdsl.ir.base import Shape, Size
from archdsl.ir.operators.activation import Activation, LeakyRelu, Prelu
from archdsl.ir.operators.arrangement import ChannelGain, ChannelShuffle, Chunk, Gain, Pad, Resize
from archdsl.ir.operators.base import Kernel, pad_width, sides
from archdsl.ir.operators.convolution import Conv, Depthwise, WeightStandardizedConv
from archdsl.ir.operators.linear import Flatten, Linear
from archdsl.ir.operators.normalization import BatchNorm, GroupNorm, L2Norm, LayerNorm
from archdsl.ir.operators.pooling import AvgPool, GlobalPool, MaxPool
from archdsl.ir.operators.regularization import Dropout, DropPath
from archdsl.ir.operators.table import RuleTable
from archdsl.ir.walk import Visit

# Activations whose derivative PyTorch computes from what they put out; all others need what they read.
_FROM_OUTPUT = {"relu", "sigmoid", "tanh"}
# The bytes of a position, as a max pooling notes where its values were found.
_INDEX = 8
# The bytes of a number in single precision.
_SINGLE = 4
# Up to this height and width together a map is small to a resizing.
_SMALL = 128


@dataclass
class Rules:
    """Adds the kernels of operators to a tape. `padded` are the numbers of those that read a padded copy of a map."""

    tape: Tape
    setting: Setting
    padded: set[int]

    def bytes(self, shape: Shape) -> int:
        return self.setting.batch * shape.elements * self.setting.width

    @property
    def on_cpu(self) -> bool:
        return self.setting.on == "cpu"

    def output(self, visit: Visit, inputs: Sequence[Value], rate: float) -> Value:
        """The output of an operator; `rate` is that of its layer's drop path."""
        if visit.primitive is None:
            return self._combined(visit, inputs)
        return RULES[visit.primitive](self, visit.primitive, visit, inputs[0], rate)

    def turns(self, mode: str, output: Shape, source: Value) -> bool:
        """Whether resizing turns a map around to have its channels last, and the result back: PyTorch has a kernel for
        that, which it takes for small maps and for images of three colors."""
        if not self.on_cpu or source.channels_last or output.channels == 1:
            return False
        return output.height + output.width <= _SMALL or (mode == "bilinear" and output.channels == 3)

    # Convolutions ----------------------------------------------------------------------------------------------------

    def standard(self, size: int, gains: int) -> Value:
        """Filters that take `size` bytes, less their mean, times the scale, times the gain; each product keeps what it
        read, for the derivative of its other factor."""
        centred = self.tape.call(
            [],
            size,
            flows=[],
            # For each filter its variance times the fan-in, and the scale.
            statistics=2 * gains,
            parameters=size,
            is_fleeting=True,
            backward=(Parameters(), 2 * size, -2 * size),
        )
        other = (Gradient(0), size, -size)
        scaled = self.tape.call([centred], size, keeps=[centred], is_fleeting=True, backward=other)
        gained = (Gradient(0), size, Parameters(), -size)
        return self.tape.call([scaled], size, keeps=[scaled], parameters=gains, backward=gained)

    def workspace(
        self,
        operator: Conv | Depthwise | WeightStandardizedConv,
        shape: Shape,
        output: Shape,
        source: Value,
        weight: Gradient | Parameters,
    ) -> Workspace:
        if not self.on_cpu:
            return Workspace()
        setting, kernel = self.setting, sides(operator.kernel)
        # A copy with the zeros of `same` around it has them already; where the layer adds them they are symmetric.
        is_copy, padding = self.tape.visit in self.padded, operator.padding
        padding = "valid" if is_copy else "symmetric" if padding == "same" else padding
        it = Convolution(
            shape,
            output,
            operator.filters(shape)[1],
            kernel,
            operator.stride,
            operator.dilation,
            Size(*(pad_width(side, padding, operator.dilation) for side in kernel)),
            setting.batch,
            setting.width,
            # In half precision oneDNN has kernels for wide vectors alone.
            setting.isa if setting.width == _SINGLE else "avx512",
            setting.threads,
        )
        return convolution(it, weight, channels_last=source.channels_last, needs_gradient=source.needs_gradient)

    def same(
        self,
        kernel: Kernel,
        stride: int | Size,
        dilation: int,
        shape: Shape,
        source: Value,
        *,
        is_fleeting: bool = False,
    ) -> tuple[Value, Shape]:
        """What a window reads: the map as it is, or a copy with the zeros of `same` around it."""
        if self.tape.visit not in self.padded:
            return source, shape
        tall, wide = sides(kernel)
        down, across = sides(stride)
        height = _covered(shape.height, tall, down, dilation)
        padded = Shape(shape.channels, height, _covered(shape.width, wide, across, dilation))
        return self.tape.call([source], self.bytes(padded), is_fleeting=is_fleeting), padded

    # Combined tensors ------------------------------------------------------------------------------------------------

    def _combined(self, visit: Visit, inputs: Sequence[Value]) -> Value:
        size = self.bytes(visit.output)
        match visit.operator:
            case "output":
                return inputs[0]
            case "concat":
                # Of a single image the gradients of the parts are in one piece each.
                flow: Flow = "part" if self.setting.batch > 1 else "same"
                return self.tape.call(inputs, size, flows=[flow] * len(inputs))
            case "add" | "subtract" if len(inputs) == 2:
                # The gradient of a sum is that of each part, but for the sign and where one was broadcast.
                flows: list[Flow] = ["same" if value.size == size else "new" for value in inputs]
                if visit.operator == "subtract":
                    flows[1] = "new"
                return self.tape.call(inputs, size, flows=flows)
            case "add":
                return self.tape.call(inputs, size, flows=["same"])
            case "multiply" if len(inputs) == 2:
                return self.product(inputs, inputs, 0)
            case "divide" if len(inputs) == 2:
                first, second = inputs
                backward: Steps = (Gradient(0), 3 * size, -3 * size, Gradient(1))
                return self.tape.call(inputs, size, flows=["new", "new"], keeps=[first, second], backward=backward)
            case _:
                return self.tape.call(inputs, size)  # negated, or with a plain number

    def product(self, factors: Sequence[Value], keeps: Sequence[Value], parameters: int) -> Value:
        """Tensors multiplied, or one by a parameter. Each factor is kept if the other needs a gradient; that of one
        that was broadcast is as large as the output before it is summed up."""
        size = max(value.size for value in factors)
        if len(factors) == 1:
            backward: Steps = (Gradient(0), size, Parameters(), -size)
            return self.tape.call(factors, size, keeps=keeps, parameters=parameters, backward=backward)
        steps: list[int | Gradient | Parameters] = []
        for index, value in enumerate(factors):
            steps += [Gradient(index)] if value.size == size else [size, Gradient(index)]
        if excess := sum(size for value in factors if value.size != size):
            steps.append(-excess)
        needed = [mine for mine, other in zip(factors, reversed(factors), strict=True) if other.needs_gradient]
        return self.tape.call(factors, size, flows=["new", "new"], keeps=needed, backward=tuple(steps))


def _covered(size: int, kernel: int, stride: int, dilation: int) -> int:
    """How much of an axis, zeros included, the windows of `same` cover."""
    return max((-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1, size)


# One rule for each operator: its output, after it has added its kernels to the tape. It gets the operator and its
# visit, the value that is read, and the rate of the layer's drop path.
RULES = RuleTable[Callable[[Rules, Any, Visit, Value, float], Value]]("memory")


# Convolutions ---------------------------------------------------------------------------------------------------------


@RULES.rule(Conv, Depthwise)
def _convolution(on: Rules, operator: Conv | Depthwise, visit: Visit, source: Value, rate: float) -> Value:
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


@RULES.rule(WeightStandardizedConv)
def _standardized(on: Rules, operator: WeightStandardizedConv, visit: Visit, source: Value, rate: float) -> Value:
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


# Fully connected layers -----------------------------------------------------------------------------------------------


@RULES.rule(Linear)
def _linear(on: Rules, operator: Linear, visit: Visit, source: Value, rate: float) -> Value:
    weights = visit.params * on.setting.width
    return on.tape.call([source], on.bytes(visit.output), keeps=[source], parameters=weights)


@RULES.rule(Flatten)
def _flatten(on: Rules, operator: Flatten, visit: Visit, source: Value, rate: float) -> Value:
    return source


# Normalizations -------------------------------------------------------------------------------------------------------


@RULES.rule(BatchNorm)
def _batch_norm(on: Rules, operator: BatchNorm, visit: Visit, source: Value, rate: float) -> Value:
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
def _group_norm(on: Rules, operator: GroupNorm, visit: Visit, source: Value, rate: float) -> Value:
    return on.tape.call(
        [source],
        source.size,
        keeps=[source],
        statistics=2 * on.setting.batch * operator.groups * on.setting.width,
        parameters=visit.params * on.setting.width,
        reads_whole=on.on_cpu,
    )


@RULES.rule(LayerNorm)
def _layer_norm(on: Rules, operator: LayerNorm, visit: Visit, source: Value, rate: float) -> Value:
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
def _l2_norm(on: Rules, operator: L2Norm, visit: Visit, source: Value, rate: float) -> Value:
    # The norm at each position, and that bounded from below; a quotient's derivative needs both its parts.
    size, positions = source.size, _positions(on, visit)
    return on.tape.call(
        [source],
        size,
        keeps=[source],
        statistics=2 * positions,
        backward=(Gradient(0), 3 * size, -2 * size, -size + positions, 2 * size, -2 * size, -positions),
    )


def _positions(on: Rules, visit: Visit) -> int:
    """The bytes of one number for each position of the map that is read."""
    shape = visit.inputs[0].shape
    return on.setting.batch * shape.height * shape.width * on.setting.width


# Activations ----------------------------------------------------------------------------------------------------------


@RULES.rule(Activation)
def _activation(on: Rules, operator: Activation, visit: Visit, source: Value, rate: float) -> Value:
    if operator.kind == "identity":
        activated = source
    elif operator.kind in _FROM_OUTPUT:
        activated = on.tape.call([source], source.size, keeps_output=True)
    else:
        is_whole = on.on_cpu and operator.kind == "gelu"
        activated = on.tape.call([source], source.size, keeps=[source], reads_whole=is_whole)
    return activated if operator.gain == 1.0 else on.tape.call([activated], activated.size)


@RULES.rule(LeakyRelu)
def _leaky_relu(on: Rules, operator: LeakyRelu, visit: Visit, source: Value, rate: float) -> Value:
    return on.tape.call([source], source.size, keeps=[source])


@RULES.rule(Prelu, Gain, ChannelGain)
def _factor(on: Rules, operator: Prelu | Gain | ChannelGain, visit: Visit, source: Value, rate: float) -> Value:
    return on.product([source], [source], visit.params * on.setting.width)


# Poolings -------------------------------------------------------------------------------------------------------------


@RULES.rule(GlobalPool)
def _global_pool(on: Rules, operator: GlobalPool, visit: Visit, source: Value, rate: float) -> Value:
    size = on.bytes(visit.output)
    if operator.kind == "global_avg_pool":
        # The gradient of an average is the same at all positions, and laid out as usual.
        is_turned = source.channels_last and visit.inputs[0].shape.channels > 1
        return on.tape.call([source], size, flows=["turned" if is_turned else "new"])
    return on.tape.call([source], size, keeps=[source], statistics=_indices(on, visit), reads_whole=on.on_cpu)


@RULES.rule(MaxPool)
def _max_pool(on: Rules, operator: MaxPool, visit: Visit, source: Value, rate: float) -> Value:
    padded = _padded(on, operator, visit, source)
    size = on.bytes(visit.output)
    return on.tape.call([padded], size, keeps=[padded], statistics=_indices(on, visit), reads_whole=on.on_cpu)


@RULES.rule(AvgPool)
def _avg_pool(on: Rules, operator: AvgPool, visit: Visit, source: Value, rate: float) -> Value:
    padded = _padded(on, operator, visit, source)
    size, output = on.bytes(visit.output), visit.output
    pooled = on.tape.call([padded], size, keeps=[padded], reads_whole=on.on_cpu)
    if padded is source:
        return pooled
    # How many values each window has seen, of one channel of one image.
    counted = on.tape.call([], output.height * output.width * on.setting.width, flows=[])
    return on.tape.call([pooled], size, keeps=[counted])


def _padded(on: Rules, pool: MaxPool | AvgPool, visit: Visit, source: Value) -> Value:
    """The map that the windows of a pooling read."""
    stride = pool.stride or pool.kernel
    return on.same(pool.kernel, stride, 1, visit.inputs[0].shape, source, is_fleeting=True)[0]


def _indices(on: Rules, visit: Visit) -> int:
    """The bytes of where each largest value was found."""
    return on.setting.batch * visit.output.elements * _INDEX


# Training alone -------------------------------------------------------------------------------------------------------


@RULES.rule(Dropout)
def _dropout(on: Rules, operator: Dropout, visit: Visit, source: Value, rate: float) -> Value:
    if not on.setting.training or operator.rate == 0.0:
        return source
    # The mask is a factor for each number on a CPU, a bit in a byte on a GPU.
    mask = source.size if on.on_cpu else source.size // on.setting.width
    return on.tape.call([source], source.size, statistics=mask)


@RULES.rule(DropPath)
def _drop_path(on: Rules, operator: DropPath, visit: Visit, source: Value, rate: float) -> Value:
    own = operator.rate
    if not on.setting.training or not (rate if own is None else own):
        return source
    return on.tape.call([source], source.size, statistics=on.setting.batch * on.setting.width)


# What moves, cuts or stretches values ---------------------------------------------------------------------------------


@RULES.rule(ChannelShuffle)
def _channel_shuffle(on: Rules, operator: ChannelShuffle, visit: Visit, source: Value, rate: float) -> Value:
    return on.tape.call([source], on.bytes(visit.output), reads_whole=on.on_cpu)


@RULES.rule(Pad)
def _pad(on: Rules, operator: Pad, visit: Visit, source: Value, rate: float) -> Value:
    return on.tape.call([source], on.bytes(visit.output))


@RULES.rule(Chunk)
def _chunk(on: Rules, operator: Chunk, visit: Visit, source: Value, rate: float) -> Value:
    """Part of the channels is a view: it takes nothing, but the gradient is that of all channels."""
    part = on.tape.call([source], 0)
    return part._replace(storage=source.storage, size=on.bytes(visit.output), in_pieces=on.setting.batch > 1)


@RULES.rule(Resize)
def _resize(on: Rules, operator: Resize, visit: Visit, source: Value, rate: float) -> Value:
    out = on.bytes(visit.output)
    copies = source.size + out if on.turns(operator.mode, visit.output, source) else 0
    return on.tape.call([source], out, after=(copies, -copies), reads_whole=on.on_cpu)
