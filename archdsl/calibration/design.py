"""The networks that calibration measures: a space-filling design over what convolutional networks use.

Each is a chain of blocks whose sizes are read off a Kronecker sequence, which fills a space of many dimensions evenly
with as many points as are taken. No published network is among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from typing import TypeVar

BLOCKS = Path(__file__).parent / "blocks.arch"
_DIMENSIONS = 12
_Value = TypeVar("_Value")
_LANES = 8
_ACTIVATIONS = (
    "relu", "silu", "relu6", "hard_swish", "gelu", "silu", "relu", "silu", "relu6", "hard_swish", "relu", "elu",
)  # fmt: skip
# Of a network: what one image may cost it, in multiply-accumulates, and how many elements a map may have.
_LARGEST_MAP = 3_500_000


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
    batch = draw.of((1, 1, 1, 1, 1, 1, 2, 4, 8))
    resolution = draw.between(80 if batch < 8 else 64, {1: 330, 2: 260, 4: 200}.get(batch, 140), 4)
    kernel, stride = draw.of(((3, 2), (3, 2), (7, 2), (4, 4), (3, 1)))
    channels = draw.between(8, 72, 8)
    if stride == 1:
        resolution = min(resolution, 160)
    steps = [f"filtered({channels}, {kernel}, {stride}, 1, {draw.of(_ACTIVATIONS)})"]
    size, start = -(-resolution // stride), draw.of(range(len(_BLOCKS)))
    if draw.of((True, False, False)):
        steps.append("max_pool(3, stride = 2)")
        size = -(-size // 2)
    for turn in range(9):
        draw = _Draw(sequence.point())
        stride = draw.of((1, 2) if size >= 20 else (1, 2, 1)) if size >= 8 else 1
        made, channels = _BLOCKS[(start + 5 * turn) % len(_BLOCKS)](draw, channels, size, resolution, batch, stride)
        steps.append(made)
        size = -(-size // stride) if "stride" in made else size
    name = f"design_{index}"
    chain = "\n    -> ".join(steps)
    body = f"  input = 3 x {resolution} x {resolution}\n  stem = {chain}\n  head = global_avg_pool -> linear({draw.between(10, 2000)})"
    text = f"{BLOCKS.read_text(encoding='utf-8')}\nmodel {name} {{\n{body}\n}}\n"
    return Design(name, text, batch)


# Blocks --------------------------------------------------------------------------------------------------------------


def _channels(draw: _Draw, size: int, resolution: int, batch: int, least: int = 8, times: float = 1.0) -> int:
    """Channels as networks have them at a map of this size: more where it is smaller."""
    reduction = resolution / size
    most = min(96 * reduction, 2000, _LARGEST_MAP / (size * size * batch)) * times
    divisor = draw.of((_LANES, 2 * _LANES, _LANES, 4))
    return draw.between(max(least, 6 * reduction), max(most, 16, 12 * reduction), divisor)


def _hidden(draw: _Draw, channels: int, size: int, batch: int, divisor: int = _LANES) -> int:
    """Channels within a block: from a quarter to six times those around it."""
    most = max(16, min(6 * channels, 3000, 2 * _LARGEST_MAP / (size * size * batch)))
    return draw.between(min(max(8, channels / 4), most), most, divisor)


def _filtered(draw: _Draw, channels: int, size: int, resolution: int, batch: int, stride: int) -> tuple[str, int]:
    out = min(_channels(draw, size, resolution, batch), 640)
    kernel, nl = draw.of((1, 3, 1, 5, 3, 1)), draw.of(_ACTIVATIONS)
    return f"filtered({out}, {kernel}, stride = {stride}, groups = 1, nl = {nl})", out


def _inverted(draw: _Draw, channels: int, size: int, resolution: int, batch: int, stride: int) -> tuple[str, int]:
    hidden = _hidden(draw, channels, size, batch)
    out = draw.of((channels, None, None)) if stride == 1 else None
    out = out or _channels(draw, -(-size // stride), resolution, batch, times=0.4)
    kernel, nl = draw.of((3, 5, 3, 7, 5)), draw.of(_ACTIVATIONS)
    squeezed = draw.of((0, draw.between(4, max(8, hidden / 4), 2)))
    gate = draw.of(("sigmoid", "hard_sigmoid"))
    return (
        f"inverted({out}, {hidden}, {kernel}, stride = {stride}, squeezed = {squeezed}, nl = {nl}, gate = {gate})",
        out,
    )


def _fused(draw: _Draw, channels: int, size: int, resolution: int, batch: int, stride: int) -> tuple[str, int]:
    hidden = min(_hidden(draw, channels, size, batch), 768)
    out = _channels(draw, -(-size // stride), resolution, batch, times=0.4)
    return f"fused({out}, {hidden}, {draw.of((3, 3, 5))}, stride = {stride}, nl = {draw.of(_ACTIVATIONS)})", out


def _residual(draw: _Draw, channels: int, size: int, resolution: int, batch: int, stride: int) -> tuple[str, int]:
    groups = draw.of((1, 1, 32, 2, 8, 16, 4))
    hidden = draw.between(max(groups, 24), max(groups * 2, 24, min(40 * resolution / size, 640)), max(groups, _LANES))
    out = _channels(draw, -(-size // stride), resolution, batch)
    nl = draw.of(_ACTIVATIONS)
    return f"residual({out}, {hidden}, 3, stride = {stride}, groups = {groups}, nl = {nl})", out


def _basic(draw: _Draw, channels: int, size: int, resolution: int, batch: int, stride: int) -> tuple[str, int]:
    out = min(_channels(draw, -(-size // stride), resolution, batch, times=0.4), 512)
    return f"basic({out}, {draw.of((3, 3, 3, 5))}, stride = {stride}, nl = {draw.of(_ACTIVATIONS)})", out


def _separable(draw: _Draw, channels: int, size: int, resolution: int, batch: int, stride: int) -> tuple[str, int]:
    out = _channels(draw, -(-size // stride), resolution, batch)
    return f"separable({out}, {draw.of((3, 5, 3, 7))}, stride = {stride}, nl = {draw.of(_ACTIVATIONS)})", out


def _shuffled(draw: _Draw, channels: int, size: int, resolution: int, batch: int, stride: int) -> tuple[str, int]:
    groups = next((groups for groups in (draw.of((2, 3, 4, 8)), 4, 2) if channels % groups == 0), 1)
    hidden = draw.between(max(16, groups), max(64, channels / 2), 4 * groups)
    out = _channels(draw, -(-size // stride), resolution, batch, times=0.6)
    out = -(-out // groups) * groups
    joined = out if stride == 1 and channels == out else out + channels
    text = f"shuffled({out}, {hidden}, stride = {stride}, groups = {groups}, nl = {draw.of(_ACTIVATIONS)})"
    return text, joined


def _dense(draw: _Draw, channels: int, size: int, resolution: int, batch: int, stride: int) -> tuple[str, int]:
    growth = draw.between(12, 64, 4)
    return f"dense({growth}, {draw.between(48, 256, _LANES)}, nl = {draw.of(_ACTIVATIONS)})", channels + growth


def _next(draw: _Draw, channels: int, size: int, resolution: int, batch: int, stride: int) -> tuple[str, int]:
    stride = stride if size % 2 == 0 else 1
    out = min(_channels(draw, -(-size // stride), resolution, batch), 768)
    hidden = min(_hidden(draw, out, -(-size // stride), batch), 3072)
    return f"next({out}, {hidden}, {draw.of((7, 5, 7, 3))}, stride = {stride})", out


def _normalizer_free(
    draw: _Draw, channels: int, size: int, resolution: int, batch: int, stride: int
) -> tuple[str, int]:
    stride = stride if size % 2 == 0 else 1
    groups = draw.of((1, 2, 4, 8))
    hidden = draw.between(32, max(48, min(30 * resolution / size, 512)), 8 * groups)
    out = _channels(draw, -(-size // stride), resolution, batch, least=16)
    nl = draw.of(("gelu", "silu", "relu"))
    return f"normalizer_free({out}, {hidden}, 3, stride = {stride}, groups = {groups}, nl = {nl})", out


def _branches(draw: _Draw, channels: int, size: int, resolution: int, batch: int, stride: int) -> tuple[str, int]:
    out, hidden = draw.between(16, 256, 8), draw.between(16, 256, 8)
    return f"branches({out}, {hidden}, {draw.of((3, 5, 7))}, nl = {draw.of(_ACTIVATIONS)})", 2 * (out + hidden)


def _attention(draw: _Draw, channels: int, size: int, resolution: int, batch: int, stride: int) -> tuple[str, int]:
    out = min(_channels(draw, size, resolution, batch, times=0.5), 512)
    return f"attention({out}, {draw.of((1, 3, 3))}, nl = {draw.of(_ACTIVATIONS)})", out


def _ghost(draw: _Draw, channels: int, size: int, resolution: int, batch: int, stride: int) -> tuple[str, int]:
    out = _channels(draw, size, resolution, batch, times=0.6)
    return f"ghost({out}, {draw.of((3, 5))}, nl = {draw.of(_ACTIVATIONS)})", 2 * out


_BLOCKS: tuple[Callable[[_Draw, int, int, int, int, int], tuple[str, int]], ...] = (
    _inverted, _residual, _filtered, _separable, _shuffled, _fused, _dense, _inverted, _next, _basic, _branches,
    _separable, _normalizer_free, _inverted, _ghost, _residual, _attention,
)  # fmt: skip
