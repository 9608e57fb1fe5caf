"""What each operator allocates, and what autograd keeps of it: the rules, as PyTorch's eager kernels have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    def _on_cpu(self) -> bool:
        return self.setting.on == "cpu"

    def output(self, visit: Visit, inputs: Sequence[Value], rate: float) -> Value:
        """The output of an operator; `rate` is that of its layer's drop path."""
        if visit.primitive is None:
            return self._combined(visit, inputs)
        source = inputs[0]
        shape, out = visit.inputs[0].shape, self.bytes(visit.output)
        match visit.primitive:
            case Conv() | Depthwise():
                return self._convolution(visit.primitive, shape, visit.output, source)
            case WeightStandardizedConv():
                return self._standardized(visit.primitive, shape, visit.output, source)
            case Linear():
                weights = visit.params * self.setting.width
                return self.tape.call([source], out, keeps=[source], parameters=weights)
            case Flatten():
                return source
            case BatchNorm() | GroupNorm() | LayerNorm() | L2Norm():
                return self._normalized(visit.primitive, shape, source)
            case Activation() | LeakyRelu() | Prelu():
                return self._activation(visit.primitive, visit.params, source)
            case MaxPool() | AvgPool() | GlobalPool():
                return self._pooled(visit.primitive, shape, visit.output, source)
            case Dropout(rate=own):
                return self._dropout(source, own)
            case DropPath(rate=own):
                own = rate if own is None else own
                return self._dropped(source) if self.setting.training and own else source
            case Gain() | ChannelGain():
                weights = visit.params * self.setting.width
                return self._product([source], [source], weights)
            case ChannelShuffle():
                return self.tape.call([source], out, reads_whole=self._on_cpu)
            case Pad():
                return self.tape.call([source], out)
            case Chunk():
                return self._part(source, out)
            case Resize(mode=mode):
                copies = source.size + out if self._turns(mode, visit.output, source) else 0
                return self.tape.call([source], out, after=(copies, -copies), reads_whole=self._on_cpu)
        raise AssertionError(visit.primitive)

    def _turns(self, mode: str, output: Shape, source: Value) -> bool:
        """Whether resizing turns a map around to have its channels last, and the result back: PyTorch has a kernel for
        that, which it takes for small maps and for images of three colors."""
        if not self._on_cpu or source.channels_last or output.channels == 1:
            return False
        return output.height + output.width <= _SMALL or (mode == "bilinear" and output.channels == 3)

    # Convolutions ----------------------------------------------------------------------------------------------------

    def _convolution(self, operator: Conv | Depthwise, shape: Shape, output: Shape, source: Value) -> Value:
        source, shape = self._same(operator.kernel, operator.stride, operator.dilation, shape, source)
        room = self._workspace(operator, shape, output, source, Parameters())
        return self.tape.call(
            [source],
            self.bytes(output),
            keeps=[source],
            parameters=operator.parameters(shape) * self.setting.width,
            forward=room.forward,
            after=room.after,
            backward=room.backward,
            reads_whole=self._on_cpu,
        )

    def _standardized(self, operator: WeightStandardizedConv, shape: Shape, output: Shape, source: Value) -> Value:
        source, shape = self._same(operator.kernel, operator.stride, operator.dilation, shape, source)
        filters = operator.weights(shape) * self.setting.width
        weight = self._standard(filters, operator.channels * self.setting.width)
        room = self._workspace(operator, shape, output, source, Gradient(1))
        return self.tape.call(
            [source, weight],
            self.bytes(output),
            flows=["new", "new"],
            keeps=[source, weight],
            parameters=operator.channels * self.setting.width if operator.bias else 0,
            forward=room.forward,
            after=room.after,
            backward=room.backward + ((Parameters(),) if room.backward else ()),
            reads_whole=self._on_cpu,
        )

    def _standard(self, size: int, gains: int) -> Value:
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

    def _workspace(
        self,
        operator: Conv | Depthwise | WeightStandardizedConv,
        shape: Shape,
        output: Shape,
        source: Value,
        weight: Gradient | Parameters,
    ) -> Workspace:
        if not self._on_cpu:
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

    def _same(
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

    # Normalizations --------------------------------------------------------------------------------------------------

    def _normalized(self, operator: BatchNorm | GroupNorm | LayerNorm | L2Norm, shape: Shape, source: Value) -> Value:
        width, batch = self.setting.width, self.setting.batch
        weights = operator.parameters(shape) * width
        positions = batch * shape.height * shape.width * width
        size = source.size
        match operator:
            case BatchNorm():
                statistics = 2 * shape.channels * width if self.setting.training else 0
                copy = size if self._on_cpu else 0
                return self.tape.call(
                    [source],
                    size,
                    keeps=[source],
                    statistics=statistics,
                    parameters=weights,
                    backward=(Gradient(0), Parameters(), copy, -copy),
                )
            case GroupNorm(groups=groups):
                statistics = 2 * batch * groups * width
                return self.tape.call(
                    [source],
                    size,
                    keeps=[source],
                    statistics=statistics,
                    parameters=weights,
                    reads_whole=self._on_cpu,
                )
            case LayerNorm():
                # It wants channels last, and leaves them there; where they are not, that takes a copy both ways.
                copy = 0 if source.channels_last else size
                is_turned = copy > 0 and shape.channels > 1 and positions > batch * width
                return self.tape.call(
                    [source],
                    size,
                    flows=["turned" if is_turned else "new"],
                    keeps=[source],
                    statistics=2 * positions,
                    parameters=weights,
                    after=(copy, -copy),
                    backward=(copy, Gradient(0), Parameters(), -copy),
                    channels_last=True,
                )
            case L2Norm():
                # The norm at each position, and that bounded from below; a quotient's derivative needs both its parts.
                return self.tape.call(
                    [source],
                    size,
                    keeps=[source],
                    statistics=2 * positions,
                    backward=(Gradient(0), 3 * size, -2 * size, -size + positions, 2 * size, -2 * size, -positions),
                )

    # Activations -----------------------------------------------------------------------------------------------------

    def _activation(self, operator: Activation | LeakyRelu | Prelu, params: int, source: Value) -> Value:
        if operator.kind == "identity":
            activated = source
        elif operator.kind in _FROM_OUTPUT:
            activated = self.tape.call([source], source.size, keeps_output=True)
        elif isinstance(operator, Prelu):
            activated = self._product([source], [source], params * self.setting.width)
        else:
            activated = self.tape.call(
                [source], source.size, keeps=[source], reads_whole=self._on_cpu and operator.kind == "gelu"
            )
        if isinstance(operator, Activation) and operator.gain != 1.0:
            return self.tape.call([activated], activated.size)
        return activated

    # Poolings --------------------------------------------------------------------------------------------------------

    def _pooled(self, operator: MaxPool | AvgPool | GlobalPool, shape: Shape, output: Shape, source: Value) -> Value:
        size = self.bytes(output)
        if isinstance(operator, GlobalPool) and operator.kind == "global_avg_pool":
            # The gradient of an average is the same at all positions, and laid out as usual.
            is_turned = source.channels_last and shape.channels > 1
            return self.tape.call([source], size, flows=["turned" if is_turned else "new"])
        indices = self.setting.batch * output.elements * _INDEX
        if isinstance(operator, GlobalPool):
            return self.tape.call([source], size, keeps=[source], statistics=indices, reads_whole=self._on_cpu)
        stride = operator.stride or operator.kernel
        padded, _ = self._same(operator.kernel, stride, 1, shape, source, is_fleeting=True)
        if isinstance(operator, MaxPool):
            return self.tape.call([padded], size, keeps=[padded], statistics=indices, reads_whole=self._on_cpu)
        pooled = self.tape.call([padded], size, keeps=[padded], reads_whole=self._on_cpu)
        if padded is source:
            return pooled
        # How many values each window has seen, of one channel of one image.
        counted = self.tape.call([], output.height * output.width * self.setting.width, flows=[])
        return self.tape.call([pooled], size, keeps=[counted])

    # Training only ---------------------------------------------------------------------------------------------------

    def _dropout(self, source: Value, rate: float) -> Value:
        if not self.setting.training or rate == 0.0:
            return source
        # The mask is a factor for each number on a CPU, a bit in a byte on a GPU.
        mask = source.size if self._on_cpu else source.size // self.setting.width
        return self.tape.call([source], source.size, statistics=mask)

    def _dropped(self, source: Value) -> Value:
        return self.tape.call([source], source.size, statistics=self.setting.batch * self.setting.width)

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
                return self._product(inputs, inputs, 0)
            case "divide" if len(inputs) == 2:
                first, second = inputs
                backward: Steps = (Gradient(0), 3 * size, -3 * size, Gradient(1))
                return self.tape.call(inputs, size, flows=["new", "new"], keeps=[first, second], backward=backward)
            case _:
                return self.tape.call(inputs, size)  # negated, or with a plain number

    def _product(self, factors: Sequence[Value], keeps: Sequence[Value], parameters: int) -> Value:
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

    def _part(self, source: Value, size: int) -> Value:
        """Part of the channels, which is a view: it takes nothing, but the gradient is that of all channels."""
        part = self.tape.call([source], 0)
        return part._replace(storage=source.storage, size=size, in_pieces=self.setting.batch > 1)


def _covered(size: int, kernel: int, stride: int, dilation: int) -> int:
    """How much of an axis, zeros included, the windows of `same` cover."""
    return max((-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1, size)
