"""What an architecture computes, told from its IR alone: operator by operator with torch's functions, no emitted code.

Only evaluation is told, not training: dropout and drop path do nothing here.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from archdsl.ir import body
from archdsl.ir.architecture import Architecture
from archdsl.ir.names import module_name
from archdsl.ir.operators.linear import Linear
from archdsl.ir.operators.window import along, sides
from archdsl.ir.parts import is_module, is_own_module

_ACTIVATIONS = {
    "relu": functional.relu,
    "relu6": functional.relu6,
    "silu": functional.silu,
    "swish": functional.silu,
    "gelu": functional.gelu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "hard_swish": functional.hardswish,
    "hard_sigmoid": functional.hardsigmoid,
    "elu": functional.elu,
    "mish": functional.mish,
    "softplus": functional.softplus,
    "identity": lambda x: x,
}


_COMBINATIONS = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "negate": operator.neg,
    "maximum": lambda x, y: torch.maximum(x, torch.as_tensor(y, dtype=x.dtype)),
    "minimum": lambda x, y: torch.minimum(x, torch.as_tensor(y, dtype=x.dtype)),
    "concat": lambda *tensors: torch.cat(tensors, dim=1),
}


_DIMENSIONS = {"channels": (1,), "height": (2,), "width": (3,), "positions": (2, 3)}
_REDUCTIONS: dict[str, Callable[[Tensor, tuple[int, ...]], Tensor]] = {
    "reduce_mean": lambda x, dim: x.mean(dim, keepdim=True),
    "reduce_sum": lambda x, dim: x.sum(dim, keepdim=True),
    "reduce_max": lambda x, dim: x.amax(dim, keepdim=True),
    "reduce_min": lambda x, dim: x.amin(dim, keepdim=True),
    "reduce_norm": lambda x, dim: (x * x).sum(dim, keepdim=True).sqrt(),
    "reduce_var": lambda x, dim: ((x - x.mean(dim, keepdim=True)) ** 2).mean(dim, keepdim=True),
}


@dataclass
class Frame:
    """A block while it runs: its input, a list perhaps, where its module hangs, and the tensors that it has bound."""

    input: Any
    path: str = ""
    # Tensors, and lists of them.
    bound: dict[str, Any] = field(default_factory=dict)
    # In a loop, the number of the round.
    round: str = ""


def shapes(flow: Any) -> tuple[tuple[int, ...], ...]:
    """The shapes of a tensor's images, or of those of a list."""
    return tuple(tuple(tensor.shape[1:]) for tensor in (flow if isinstance(flow, list) else [flow]))


class Reference:
    """Runs an architecture with weights by the names that its built module gives them."""

    def __init__(self, architecture: Architecture, weights: Mapping[str, Tensor]):
        self.architecture, self.weights = architecture, weights
        self.outputs: list[Tensor] = []

    def __call__(self, *images: Tensor) -> list[Tensor]:
        """What the network puts out, in its order."""
        a = self.architecture
        maps = dict(zip(a.images, images, strict=True))
        x = maps[a.first]
        inside = f"{a.part.name}." if a.part is not None else ""
        if a.stem is not None:
            steps = a.stem.steps.steps
            is_single = len(steps) == 1 and isinstance(steps[0], body.Apply)
            x = self.step(steps[0] if is_single else a.stem.steps, x, f"{inside}stem", Frame(x), is_named=not is_single)
        maps[f"{inside}stem"] = x
        for stage in a.stages:
            for index, layer in enumerate(stage.layers):
                x = self.step(layer.apply, x, f"{inside}stages.{stage.name}.{index}", Frame(x), is_named=False)
            maps[f"{inside}stages.{stage.name}"] = x
        if a.head is not None and a.head.reads_maps:
            (step,) = a.head.steps.steps
            x = self.step(step, x, "head", Frame(x, bound=maps), is_named=False)
            return self.outputs or [x]
        for step in a.head.steps.steps if a.head is not None else ():
            own = self._classifier(step)
            x = self.step(step, x, own or "head", Frame(x), is_named=own is None)
        return [x]

    def _classifier(self, step: body.Step) -> str | None:
        """Where the last linear layer stands if it is the classifier: not under `head`, but by itself."""
        head, classes = self.architecture.head, self.architecture.classes
        assert head is not None
        if (
            step is not head.steps.steps[-1]
            or not isinstance(step, body.Apply)
            or not isinstance(step.operator, Linear)
        ):
            return None
        if step.operator.features != classes:
            return None
        name = "classifier" if step.name == "linear" else step.name
        weight = self.weights.get(f"{name}.weight")
        return name if weight is not None and weight.ndim == 2 else f"{name}_"

    # Steps -----------------------------------------------------------------------------------------------------------

    def step(self, step: body.Step, x: Any, path: str, frame: Frame, is_named: bool = True) -> Any:
        """A step whose module is a child of `path`, or (when not `is_named`) stands at `path` itself."""
        match step:
            case body.Apply(name=name):
                round = frame.round if path == frame.path else ""
                return self.apply(step, x, f"{path}.{name}{round}" if is_named and name else path, frame)
            case body.Sequence(name=name, steps=steps):
                inside = f"{path}.{name}{frame.round if path == frame.path else ''}" if name else path
                for inner in steps:
                    x = self.step(inner, x, inside, frame)
                return x
            case body.Repeat(name=name, copies=copies):
                own = f"{path}.{name}{frame.round if path == frame.path else ''}" if name else path
                for index, copy in enumerate(copies):
                    # A single layer has no name there, nor has one that is repeated again.
                    x = self.step(copy, x, f"{own}.{index}", frame)
                return x
            case body.Guard(value=value) | body.Alternative(value=value):
                return x if value is None else self.step(value, x, path, frame)
            case body.Shared(value=value):
                round, frame.round = frame.round, ""
                x = self.step(value, x, frame.path, frame)
                frame.round = round
                return x

    def apply(self, step: body.Apply, x: Any, path: str, frame: Frame) -> Any:
        """A layer whose module stands at `path`."""
        assert shapes(x) == (step.input_list or (step.input,)), (path, shapes(x), step.input)
        others = [self.tensor(other, frame) for other in step.others]
        if step.block is not None:
            y = self.block(step.block, x, path, others)
        else:
            assert step.operator is not None
            y = getattr(self, f"_{step.operator.kind}", self._activation)(x, path, step.operator, *others)
        assert shapes(y) == (step.output_list or (step.output,)), (path, shapes(y), step.output)
        return y

    def block(self, identity: str, x: Any, path: str, others: list[Any]) -> Any:
        instance = self.architecture.blocks[identity]
        frame = Frame(x, path, {"in": x, **dict(zip(instance.tensors, others, strict=True))})
        for binding in instance.body:
            value = binding.value
            if value is None:
                continue
            if isinstance(value, body.TensorList):
                frame.bound[binding.name] = self.listed(value, frame, binding.name)
                continue
            if is_own_module(binding) and isinstance(value, body.Chain):
                frame.bound[binding.name] = self.own(value, f"{path}.{module_name(binding.name)}", frame)
            else:
                frame.bound[binding.name] = self.tensor(value, frame)
        if not instance.outputs:
            return frame.bound["out"]
        self.outputs = [self.tensor(output.value, frame) for output in instance.outputs.values()]
        return self.outputs[0]

    def own(self, chain: body.Chain, path: str, frame: Frame) -> Any:
        """A pipeline that is a module of its own."""
        y = self.tensor(chain.source, frame)
        is_single = len(chain.steps) == 1 and isinstance(chain.steps[0], body.Apply)
        for step in chain.steps:
            y = self.step(step, y, path, frame, is_named=not is_single)
        return y

    def listed(self, made: body.TensorList, frame: Frame, name: str = "") -> list[Tensor]:
        """The tensors of a list. In a loop, layers have the number of the round behind their names."""
        found: list[Tensor] = []
        frame.bound[name] = found
        for number, value in enumerate(made.values):
            frame.round = f".{number}" if made.loop is not None else ""
            if made.loop is not None and is_module(value):
                assert isinstance(value, body.Chain)
                found.append(self.own(value, f"{frame.path}.{made.name}.{number}", frame))
            else:
                found.append(self.tensor(value, frame))
            frame.round = ""
        return found

    def tensor(self, expression: body.TensorExpression, frame: Frame) -> Any:
        match expression:
            case body.Input():
                return frame.input
            case body.Bound(name=name):
                return frame.bound[name]
            case body.Element(name=name, index=index):
                return frame.bound[name][index]
            case body.Number(value=value):
                return value
            case body.Select(value=value):
                return self.tensor(value, frame)
            case body.TensorList():
                return self.listed(expression, frame)
            case body.Chain(source=source, steps=steps):
                x = self.tensor(source, frame)
                for step in steps:
                    x = self.step(step, x, frame.path, frame)
                return x
            case body.Combine(operator=word, operands=operands):
                found: list[Any] = []
                for operand in operands:
                    is_list = isinstance(operand, body.TensorList)
                    one = self.listed(operand, frame) if is_list else self.tensor(operand, frame)
                    found += one if isinstance(one, list) else [one]
                return sum(found[1:], start=found[0]) if word == "sum" else _COMBINATIONS[word](*found)

    # Operators -------------------------------------------------------------------------------------------------------

    def weight(self, path: str, name: str = "weight") -> Tensor:
        """A weight by its path in the IR. In a head, modules stand under `head` or `pool`; one alone, there itself."""
        first, _, rest = path.partition(".")
        candidates = [path]
        if first == "head":
            _, _, inside = rest.partition(".")
            candidates.append(f"pool.{rest}")
            candidates += [f"{part}.{inside}" if inside else part for part in ("head", "pool")]
        for candidate in candidates:
            found = self.weights.get(f"{candidate}.{name}")
            if found is not None:
                return found
        raise KeyError(f"{path}.{name}")

    def _conv(self, x: Tensor, path: str, op: Any, weight: Tensor | None = None, groups: int | None = None) -> Tensor:
        weight = self.weight(path) if weight is None else weight
        bias = self.weight(path, "bias") if op.bias else None
        x = padded(x, op.kernel, op.stride, op.dilation, op.padding)
        return functional.conv2d(x, weight, bias, op.stride, 0, op.dilation, op.groups if groups is None else groups)

    def _depthwise(self, x: Tensor, path: str, op: Any) -> Tensor:
        return self._conv(x, path, op, groups=x.shape[1])

    def _ws_conv(self, x: Tensor, path: str, op: Any) -> Tensor:
        weight = self.weight(path)
        mean = weight.mean((1, 2, 3), keepdim=True)
        variance = weight.var((1, 2, 3), correction=0, keepdim=True)
        scale = ((variance + op.variance_eps) * weight[0].numel()).clamp(min=op.eps).sqrt()
        return self._conv(x, path, op, (weight - mean) / scale * self.weight(path, "gain"))

    def _conv_transpose(self, x: Tensor, path: str, op: Any) -> Tensor:
        full = functional.conv_transpose2d(x, self.weight(path), None, op.stride, 0, 0, op.groups, op.dilation)
        window = zip(
            *(x.shape[2:], sides(op.kernel), sides(op.stride), sides(op.dilation), along(op.padding)),
            sides(op.output_padding),
            strict=True,
        )
        for axis, (size, length, step, gap, padding, more) in enumerate(window, 2):
            reach = gap * (length - 1) + 1
            begin = {"valid": 0, "symmetric": (reach - 1) // 2, "same": max(reach - step, 0) // 2}.get(padding, padding)
            end = size * step + begin if padding == "same" else full.shape[axis] - begin + more
            beyond = [0, 0] * (3 - axis) + [0, max(end - full.shape[axis], 0)]
            full = functional.pad(full, beyond).narrow(axis, begin, end - begin)
        return full + self.weight(path, "bias")[:, None, None] if op.bias else full

    def _blur(self, x: Tensor, path: str, op: Any) -> Tensor:
        row = torch.tensor([math.comb(op.kernel - 1, index) for index in range(op.kernel)], dtype=x.dtype)
        row /= row.sum()
        margin, channels = (op.stride + op.kernel - 2) // 2, x.shape[1]
        x = functional.pad(x, [margin] * 4, mode="reflect").flatten(0, 1)[:, None]
        x = functional.conv2d(x, (row[:, None] * row)[None, None], stride=op.stride)
        return x.flatten(0, 1).unflatten(0, (-1, channels))

    def _cond_conv(self, x: Tensor, path: str, op: Any, routing: Tensor) -> Tensor:
        made = []
        for image, shares in zip(x.split(1), routing.flatten(1), strict=True):
            weight = sum(share * expert for share, expert in zip(shares, self.weight(path), strict=True))
            found = functional.conv2d(
                padded(image, op.kernel, op.stride, op.dilation, op.padding),
                *(weight, None, op.stride, 0, op.dilation, op.groups),
            )
            made.append(found + (shares @ self.weight(path, "bias"))[:, None, None] if op.bias else found)
        return torch.cat(made)

    def _dot_product_attention(self, x: Tensor, path: str, op: Any, keys: Tensor, values: Tensor) -> Tensor:
        size = x.shape[1] // op.heads
        scale = size**-0.5 if op.scale is None else op.scale
        groups = keys.shape[1] // size
        width = values.shape[1] // groups
        read = []
        for head in range(op.heads):
            group = head * groups // op.heads
            query, key = x[:, head * size :][:, :size].flatten(2), keys[:, group * size :][:, :size].flatten(2)
            shares = (query.transpose(1, 2) @ key * scale).softmax(2)
            read.append(values[:, group * width :][:, :width].flatten(2) @ shares.transpose(1, 2))
        return torch.cat(read, 1).unflatten(2, x.shape[2:])

    def _parameter(self, x: Tensor, path: str, op: Any) -> Tensor:
        return self.weight(path, "value").expand(len(x), -1, -1, -1)

    def _linear(self, x: Tensor, path: str, op: Any) -> Tensor:
        bias = self.weight(path, "bias") if op.bias else None
        return functional.linear(x.flatten(1), self.weight(path), bias)[:, :, None, None]

    def _flatten(self, x: Tensor, path: str, op: Any) -> Tensor:
        return x.flatten(1)[:, :, None, None]

    def _batch_norm(self, x: Tensor, path: str, op: Any) -> Tensor:
        mean, variance = self.weight(path, "running_mean"), self.weight(path, "running_var")
        weight, bias = (self.weight(path), self.weight(path, "bias")) if op.affine else (None, None)
        return functional.batch_norm(x, mean, variance, weight, bias, eps=op.eps)

    def _group_norm(self, x: Tensor, path: str, op: Any) -> Tensor:
        weight, bias = (self.weight(path), self.weight(path, "bias")) if op.affine else (None, None)
        return functional.group_norm(x, op.groups, weight, bias, op.eps)

    def _layer_norm(self, x: Tensor, path: str, op: Any) -> Tensor:
        normal = (x - x.mean(1, keepdim=True)) / (x.var(1, correction=0, keepdim=True) + op.eps).sqrt()
        if not op.affine:
            return normal
        return normal * self.weight(path)[:, None, None] + self.weight(path, "bias")[:, None, None]

    def _l2_norm(self, x: Tensor, path: str, op: Any) -> Tensor:
        return x / (x * x).sum(1, keepdim=True).sqrt().clamp(min=op.eps)

    def _activation(self, x: Tensor, path: str, op: Any) -> Tensor:
        return _ACTIVATIONS[op.kind](x) * op.gain

    def _leaky_relu(self, x: Tensor, path: str, op: Any) -> Tensor:
        return functional.leaky_relu(x, op.slope)

    def _prelu(self, x: Tensor, path: str, op: Any) -> Tensor:
        return functional.prelu(x, self.weight(path))

    def _sqrt(self, x: Tensor, path: str, op: Any) -> Tensor:
        return torch.sqrt(x)

    def _exp(self, x: Tensor, path: str, op: Any) -> Tensor:
        return torch.exp(x)

    def _abs(self, x: Tensor, path: str, op: Any) -> Tensor:
        return torch.abs(x)

    def _softmax(self, x: Tensor, path: str, op: Any) -> Tensor:
        dim = _DIMENSIONS[op.over]
        powers = (x - x.amax(dim, keepdim=True)).exp()
        return powers / powers.sum(dim, keepdim=True)

    def _reduced(self, x: Tensor, path: str, op: Any) -> Tensor:
        return _REDUCTIONS[op.kind](x, _DIMENSIONS[op.over])

    _reduce_mean = _reduce_sum = _reduce_max = _reduce_min = _reduce_norm = _reduce_var = _reduced

    def _adaptive_avg_pool(self, x: Tensor, path: str, op: Any) -> Tensor:
        for axis, parts in enumerate(sides(op.size), 2):
            size = x.shape[axis]
            windows = [(index * size // parts, -(-(index + 1) * size // parts)) for index in range(parts)]
            x = torch.cat([x.narrow(axis, a, b - a).mean(axis, keepdim=True) for a, b in windows], axis)
        return x

    def _max_pool(self, x: Tensor, path: str, op: Any) -> Tensor:
        stride = op.stride or op.kernel
        x = padded(x, op.kernel, stride, 1, op.padding, -torch.inf)
        if op.ceil:  # a rest at the end is like one that nothing fills
            x = functional.pad(x, [0, sides(stride).width - 1, 0, sides(stride).height - 1], value=-torch.inf)
        return functional.max_pool2d(x, op.kernel, stride)

    def _avg_pool(self, x: Tensor, path: str, op: Any) -> Tensor:
        stride = op.stride or op.kernel
        total = functional.avg_pool2d(padded(x, op.kernel, stride, 1, op.padding), op.kernel, stride)
        if op.count_padding and op.padding != "same":
            return total
        share = functional.avg_pool2d(padded(torch.ones_like(x), op.kernel, stride, 1, op.padding), op.kernel, stride)
        return total / share

    def _global_avg_pool(self, x: Tensor, path: str, op: Any) -> Tensor:
        return x.mean((2, 3), keepdim=True)

    def _global_max_pool(self, x: Tensor, path: str, op: Any) -> Tensor:
        return x.amax((2, 3), keepdim=True)

    def _dropout(self, x: Tensor, path: str, op: Any) -> Tensor:
        return x

    _drop_path = _dropout

    def _channel_shuffle(self, x: Tensor, path: str, op: Any) -> Tensor:
        return x.unflatten(1, (op.groups, -1)).transpose(1, 2).flatten(1, 2)

    def _chunk(self, x: Tensor, path: str, op: Any) -> Tensor:
        return x.chunk(op.parts, dim=1)[op.index]

    def _pad(self, x: Tensor, path: str, op: Any) -> Tensor:
        top, bottom, left, right = op.margins
        return functional.pad(x, [left, right, top, bottom], mode="constant" if op.mode == "zero" else op.mode)

    def _crop(self, x: Tensor, path: str, op: Any) -> Tensor:
        return functional.pad(x, [-op.margins[side] for side in (2, 3, 0, 1)])

    def _slice(self, x: Tensor, path: str, op: Any) -> Tensor:
        return x.narrow(1, op.start, op.channels)

    def _pixel_shuffle(self, x: Tensor, path: str, op: Any) -> Tensor:
        x = x.unflatten(1, (-1, op.factor, op.factor))
        return x.permute(0, 1, 4, 2, 5, 3).flatten(4, 5).flatten(2, 3)

    def _pixel_unshuffle(self, x: Tensor, path: str, op: Any) -> Tensor:
        x = x.unflatten(3, (-1, op.factor)).unflatten(2, (-1, op.factor))
        return x.permute(0, 1, 3, 5, 2, 4).flatten(1, 3)

    def _transpose(self, x: Tensor, path: str, op: Any) -> Tensor:
        return x.transpose(*(_DIMENSIONS[axis][0] for axis in (op.first, op.second)))

    def _resize(self, x: Tensor, path: str, op: Any, like: Tensor | None = None) -> Tensor:
        corners = op.align_corners if op.mode in ("bilinear", "bicubic") else None
        size = None if like is None else like.shape[2:]
        factor = op.factor if like is None else None
        if factor is not None and self.architecture.input.is_line:
            factor = (1.0, float(factor))
        return functional.interpolate(x, size, factor, op.mode.replace("_", "-"), corners)

    def _gain(self, x: Tensor, path: str, op: Any) -> Tensor:
        return x * self.weight(path)

    def _channel_gain(self, x: Tensor, path: str, op: Any) -> Tensor:
        return x * self.weight(path).reshape(-1, 1, 1)

    def _channel_bias(self, x: Tensor, path: str, op: Any) -> Tensor:
        return x + self.weight(path, "bias").reshape(-1, 1, 1)


def padded(
    x: Tensor,
    kernel: int | tuple[int, int],
    stride: int | tuple[int, int],
    dilation: int | tuple[int, int],
    padding: str | int | tuple[int, int],
    value: float = 0.0,
) -> Tensor:
    sides: list[int] = []
    for axis in (1, 0):  # torch pads the width first
        length = kernel if isinstance(kernel, int) else kernel[axis]
        step = stride if isinstance(stride, int) else stride[axis]
        gap = dilation if isinstance(dilation, int) else dilation[axis]
        zeros = padding[axis] if isinstance(padding, tuple) else padding
        size, reach = x.shape[2 + axis], gap * (length - 1) + 1
        if padding == "same":
            missing = max((-(-size // step) - 1) * step + reach - size, 0)
            sides += [missing // 2, missing - missing // 2]
        else:
            sides += [{"symmetric": (reach - 1) // 2, "valid": 0}[zeros] if isinstance(zeros, str) else zeros] * 2
    return functional.pad(x, sides, value=value)
