"""The networks that calibration measures: a space-filling design over what convolutional networks use.

Each is a chain of blocks whose sizes are read off a Kronecker sequence, which fills a space of many dimensions evenly
with as many points as are taken. No published network is among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from pathlib import Path
from typing import TypeVar

BLOCKS = Path(__file__).parent / "blocks.arch"
_DIMENSIONS = 14
_STAGES = 5
_Value = TypeVar("_Value")
_LANES = 8
_ACTIVATIONS = (
    "relu", "silu", "relu6", "hard_swish", "gelu", "silu", "relu", "silu", "relu6", "hard_swish", "relu", "elu",
)  # fmt: skip
# Those of networks without normalization.
_WITH_GAIN = ("gelu", "silu", "relu")
# How many elements a map may have, over the whole batch.
_LARGEST_MAP = 5_000_000


@dataclass(frozen=True)
class Design:
    """One network of the design: its text and the batch that it runs with."""

    name: str
    text: str
    batch: int


class Kronecker:
    """Points of the unit cube, evenly spread however many are taken (with powers of a generalized golden
    ratio)."""

    def __init__(self) -> None:
        ratio = 1.0
        for _ in range(60):  # The root of x ** (dimensions + 1) = x + 1.
            ratio = (1 + ratio) ** (1 / (_DIMENSIONS + 1))
        self._steps = [ratio ** -(dimension + 1) for dimension in range(_DIMENSIONS)]
        self._count = 0

    def point(self) -> list[float]:
        self._count += 1
        return [(0.5 + self._count * step) % 1.0 for step in self._steps]


def designs(count: int) -> list[Design]:
    """`count` networks."""
    sequence = Kronecker()
    return [_network(index, sequence) for index in range(count)]


class _Draw:
    """Values read off one point of the sequence, a coordinate each."""

    def __init__(self, point: Sequence[float]):
        self._coordinates: Iterator[float] = iter(point)

    def of(self, values: Sequence[_Value]) -> _Value:
        return values[int(next(self._coordinates) * len(values))]

    def between(self, low: float, high: float, divisor: int = 1) -> int:
        """A whole number, evenly spread by its logarithm."""
        value = exp(log(low) + next(self._coordinates) * (log(high) - log(low)))
        return max(divisor, round(value / divisor) * divisor)


def _network(index: int, sequence: Kronecker) -> Design:
    draw = _Draw(sequence.point())
    batch = draw.of((1, 1, 1, 1, 1, 2, 4, 8))
    resolution = draw.between(64, {1: 330, 2: 260, 4: 200}.get(batch, 170), 4)
    # A slim network has a quarter of the channels of a wide one throughout.
    width = draw.of((0.4, 1.0, 0.6, 1.5, 0.4, 0.8, 1.2))
    kernel, stride = draw.of(((3, 2), (3, 2), (7, 2), (4, 4), (3, 1)))
    channels = draw.between(8, 48 * min(width, 1.5), 8)
    if stride == 1:
        resolution = min(resolution, 160)
    activation = draw.of(_ACTIVATIONS)
    steps = [f"filtered({channels}, {kernel}, {stride}, 1, {activation})"]
    size = -(-resolution // stride)
    if draw.of((True, False, False)):
        steps.append("max_pool(3, stride = 2)")
        size = -(-size // 2)
    # Like published networks these have one activation and one kind of block that comes many times: what has just run
    # finds its code in the cache, and is faster for it, small kernels by a third and more.
    block = _BLOCKS[index % len(_BLOCKS)]
    gate = draw.of(("", "sigmoid", "", "sigmoid", "hard_sigmoid"))
    for _ in range(_STAGES):
        draw = _Draw(sequence.point())
        stride = draw.of((1, 2, 2) if size >= 20 else (1, 2)) if size >= 8 else 1
        layers = draw.of((3, 2, 5, 4))
        source = _Map(channels, size, resolution, batch, width, activation, gate)
        made, channels = block(draw, source, stride)
        steps.append(made)
        if layers > 1:
            steps.append(f"{made.replace('stride = 2', 'stride = 1')} * {layers - 1}")
            # What is joined to its input grows by as much each time.
            channels += (layers - 1) * (channels - source.channels) if block in (_dense, _shuffled) else 0
        if "stride" not in made and stride == 2:
            steps.append("avg_pool(2)" if size % 2 == 0 else "max_pool(3, stride = 2)")
        elif "stride = 2" not in made:
            stride = 1
        size = -(-size // stride)
    name = f"design_{index}"
    chain = "\n    -> ".join(steps)
    draw = _Draw(sequence.point())
    features = [f"linear({draw.between(64, 2048)}) -> {activation}" for _ in range(2)]
    head = f"global_avg_pool -> {' -> '.join(features)} -> linear({draw.between(10, 2048)})"
    body = f"  input = 3 x {resolution} x {resolution}\n  stem = {chain}\n  head = {head}"
    return Design(name, f"{BLOCKS.read_text(encoding='utf-8')}\nmodel {name} {{\n{body}\n}}\n", batch)


# Blocks --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Map:
    """What a block reads: channels at a size; and its network: resolution, batch, width, activation, the gate of
    its squeeze-and-excitation, empty where it has none."""

    channels: int
    size: int
    resolution: int
    batch: int
    width: float
    activation: str
    gate: str

    def after(self, stride: int) -> _Map:
        return replace(self, size=-(-self.size // stride))

    def most(self, channels: float) -> float:
        """As many channels, or what the largest map allows."""
        return min(channels, _LARGEST_MAP / (self.size * self.size * self.batch))

    def wide(self, draw: _Draw, times: float = 1.0, most: int = 2000) -> int:
        """Channels as networks have them at a map of this size: more where it is smaller."""
        reduction = self.resolution / self.size
        highest = max(16.0, self.most(min(64 * reduction, 2000) * self.width) * times)
        lowest = min(max(8.0, 6 * reduction * self.width), highest)
        return min(draw.between(lowest, highest, draw.of((_LANES, 2 * _LANES, _LANES, 4))), most)

    def hidden(self, draw: _Draw, channels: int, most: int = 3072) -> int:
        """Channels within a block: from a quarter to six times those around it."""
        highest = max(16.0, min(self.most(6 * channels), most))
        return draw.between(min(max(8.0, channels / 4), highest), highest, _LANES)

    def grouped(self, draw: _Draw) -> tuple[int, int]:
        """Channels in groups, and how many groups: of few channels or many, few groups or many."""
        per_group = draw.of((8, 16, 32, 4, 64, 24, 128))
        groups = max(1, draw.between(32, max(48.0, self.most(32 * self.resolution / self.size)), 1) // per_group)
        return groups * per_group, groups


def _filtered(draw: _Draw, source: _Map, stride: int) -> tuple[str, int]:
    out = source.wide(draw, most=640)
    kernel, nl = draw.of((1, 3, 1, 5, 3, 1)), source.activation
    return f"filtered({out}, {kernel}, stride = {stride}, groups = 1, nl = {nl})", out


def _inverted(draw: _Draw, source: _Map, stride: int) -> tuple[str, int]:
    hidden = source.hidden(draw, source.channels)
    out = source.after(stride).wide(draw, times=0.4)
    if stride == 1 and draw.of((True, False, False)):
        out = source.channels
    kernel, nl = draw.of((3, 5, 3, 7, 5)), source.activation
    squeezed = draw.between(4, max(8, hidden / 4), 2) if source.gate else 0
    gate = f"squeezed = {squeezed}, nl = {nl}, gate = {source.gate or 'sigmoid'}"
    return f"expanding({out}, {hidden}, {kernel}, stride = {stride}, {gate})", out


def _fused(draw: _Draw, source: _Map, stride: int) -> tuple[str, int]:
    hidden = source.hidden(draw, source.channels, most=768)
    out = source.after(stride).wide(draw, times=0.4)
    return f"fused({out}, {hidden}, {draw.of((3, 3, 5))}, stride = {stride}, nl = {source.activation})", out


def _residual(draw: _Draw, source: _Map, stride: int) -> tuple[str, int]:
    hidden, groups = source.grouped(draw)
    groups = draw.of((1, groups, groups))
    out = source.after(stride).wide(draw)
    nl = source.activation
    return f"residual({out}, {hidden}, 3, stride = {stride}, groups = {groups}, nl = {nl})", out


def _basic(draw: _Draw, source: _Map, stride: int) -> tuple[str, int]:
    out = source.after(stride).wide(draw, times=0.4, most=512)
    return f"basic({out}, {draw.of((3, 3, 3, 5))}, stride = {stride}, nl = {source.activation})", out


def _separable(draw: _Draw, source: _Map, stride: int) -> tuple[str, int]:
    out = source.after(stride).wide(draw)
    return f"depthwise_first({out}, {draw.of((3, 5, 3, 7))}, stride = {stride}, nl = {source.activation})", out


def _shuffled(draw: _Draw, source: _Map, stride: int) -> tuple[str, int]:
    groups = next((groups for groups in (draw.of((2, 3, 4, 8)), 4, 2) if source.channels % groups == 0), 1)
    hidden = draw.between(max(16, groups), max(64, source.channels / 2), 4 * groups)
    out = -(-source.after(stride).wide(draw, times=0.6) // groups) * groups
    joined = out if stride == 1 and source.channels == out else out + source.channels
    text = f"shuffled({out}, {hidden}, stride = {stride}, groups = {groups}, nl = {source.activation})"
    return text, joined


def _dense(draw: _Draw, source: _Map, stride: int) -> tuple[str, int]:
    growth = draw.between(12, 64, 4)
    return f"dense({growth}, {draw.between(48, 256, _LANES)}, nl = {source.activation})", source.channels + growth


def _next(draw: _Draw, source: _Map, stride: int) -> tuple[str, int]:
    stride = stride if source.size % 2 == 0 else 1
    out = source.after(stride).wide(draw, most=768)
    hidden = source.after(stride).hidden(draw, out)
    return f"next({out}, {hidden}, {draw.of((7, 5, 7, 3))}, stride = {stride})", out


def _normalizer_free(draw: _Draw, source: _Map, stride: int) -> tuple[str, int]:
    stride = stride if source.size % 2 == 0 else 1
    hidden, groups = source.grouped(draw)
    out = max(source.after(stride).wide(draw), 16)
    nl = source.activation if source.activation in _WITH_GAIN else "gelu"
    return f"normalizer_free({out}, {hidden}, 3, stride = {stride}, groups = {groups}, nl = {nl})", out


def _branches(draw: _Draw, source: _Map, stride: int) -> tuple[str, int]:
    out, hidden = draw.between(16, 256, 8), draw.between(16, 256, 8)
    return f"branches({out}, {hidden}, {draw.of((3, 5, 7))}, nl = {source.activation})", 2 * (out + hidden)


def _attention(draw: _Draw, source: _Map, stride: int) -> tuple[str, int]:
    out = source.wide(draw, times=0.5, most=512)
    return f"masked({out}, {draw.of((1, 3, 3))}, nl = {source.activation})", out


def _ghost(draw: _Draw, source: _Map, stride: int) -> tuple[str, int]:
    out = source.wide(draw, times=0.6)
    return f"cheap({out}, {draw.of((3, 5))}, nl = {source.activation})", 2 * out


_BLOCKS: tuple[Callable[[_Draw, _Map, int], tuple[str, int]], ...] = (
    _inverted, _residual, _filtered, _separable, _shuffled, _fused, _dense, _inverted, _next, _basic, _branches,
    _separable, _normalizer_free, _inverted, _ghost, _residual, _attention,
)  # fmt: skip
