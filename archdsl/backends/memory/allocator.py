"""Kernels of eager PyTorch on a tape: workspaces, padded copies, tensors combined; what rules of operators share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archdsl.backends.memory.kernels import Flow, Gradient, Parameters, Steps, Tape, Value
from archdsl.backends.memory.onednn import Convolution
from archdsl.backends.memory.setting import Setting
from archdsl.backends.memory.workspace import Workspace, convolution, transposed
from archdsl.ir.base import Shape, Size
from archdsl.ir.operators.convolution import CondConv, Conv, ConvTranspose, Depthwise, WeightStandardizedConv
from archdsl.ir.operators.window import Kernel, Padding, along, pad_width, same_zeros, sides
from archdsl.ir.walk import Visit

# The bytes of a number in single precision.
_SINGLE = 4
# Up to this height and width together a map is small to a resizing.
_SMALL = 128


@dataclass
class Allocator:
    """Adds kernels to a tape. `padded` are the numbers of the visits that read a padded copy of a map."""

    tape: Tape
    setting: Setting
    padded: set[int]

    def bytes(self, shape: Shape) -> int:
        return self.setting.batch * shape.elements * self.setting.width

    @property
    def on_cpu(self) -> bool:
        return self.setting.on == "cpu"

    def turns(self, mode: str, output: Shape, source: Value) -> bool:
        """Whether resizing turns a map around to have its channels last, and the result back: PyTorch has a kernel for
        that, which it takes for small maps and for images of three colors."""
        if not self.on_cpu or source.channels_last or output.channels == 1 or mode == "bicubic":
            return False
        return output.height + output.width <= _SMALL or (mode == "bilinear" and output.channels == 3)

    def standard(self, size: int, gains: int) -> Value:
        """Filters that take `size` bytes, less their mean, times a scale and the gain of each; both products keep what
        they read, for the derivatives of their factors."""
        centred = self.tape.call([], size, flows=[], parameters=size, is_fleeting=True)
        # For each filter its norm, the square of that with what is added, the scale, and the scale times the gain.
        return self.tape.call(
            [centred],
            size,
            keeps=[centred],
            statistics=4 * gains,
            parameters=gains,
            backward=(Gradient(0), size, Parameters(), -size),
        )

    def workspace(
        self,
        operator: Conv | CondConv | Depthwise | WeightStandardizedConv,
        shape: Shape,
        output: Shape,
        source: Value,
        weight: Gradient | Parameters | None,
    ) -> Workspace:
        if not self.on_cpu:
            return Workspace()
        # A copy with the zeros of `same` around it has them already; where the layer adds them they are symmetric.
        is_copy, padding = self.tape.visit in self.padded, operator.padding
        padding = "valid" if is_copy else "symmetric" if padding == "same" else padding
        it = self._convolution(operator, shape, output, operator.filters(shape)[1], padding)
        return convolution(it, weight, channels_last=source.channels_last, needs_gradient=source.needs_gradient)

    def transposed(self, operator: ConvTranspose, shape: Shape, output: Shape, source: Value) -> Workspace:
        """The same for a transposed convolution; with `same` its output is the whole map, before it is cut."""
        if not self.on_cpu:
            return Workspace()
        padding = "valid" if operator.padding == "same" else operator.padding
        it = self._convolution(operator, output, shape, operator.groups, padding)
        return transposed(it, needs_gradient=source.needs_gradient)

    def _convolution(
        self,
        operator: Conv | CondConv | Depthwise | WeightStandardizedConv | ConvTranspose,
        shape: Shape,
        output: Shape,
        groups: int,
        padding: Padding,
    ) -> Convolution:
        setting, kernel, dilation = self.setting, sides(operator.kernel), sides(operator.dilation)
        return Convolution(
            shape,
            output,
            groups,
            kernel,
            sides(operator.stride),
            dilation,
            Size(*(pad_width(*axis) for axis in zip(kernel, along(padding), dilation, strict=True))),
            setting.batch,
            setting.width,
            # In half precision oneDNN has kernels for wide vectors alone.
            setting.isa if setting.width == _SINGLE else "avx512",
            setting.threads,
        )

    def same(
        self,
        kernel: Kernel,
        stride: Kernel,
        dilation: Kernel,
        shape: Shape,
        source: Value,
        *,
        is_fleeting: bool = False,
    ) -> tuple[Value, Shape]:
        """What a window reads: the map as it is, or a copy with the zeros of `same` around it."""
        if self.tape.visit not in self.padded:
            return source, shape
        axes = zip(shape[1:], sides(kernel), sides(stride), sides(dilation), strict=True)
        padded = Shape(shape.channels, *(axis[0] + same_zeros(*axis) for axis in axes))
        return self.tape.call([source], self.bytes(padded), is_fleeting=is_fleeting), padded

    # Combined tensors ------------------------------------------------------------------------------------------------

    def combined(self, visit: Visit, inputs: Sequence[Value]) -> Value:
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
            case "maximum" | "minimum":
                return self.tape.call(inputs, size, flows=["new"] * len(inputs), keeps=inputs)
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
