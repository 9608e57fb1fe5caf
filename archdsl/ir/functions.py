"""The functions of numbers, and what each takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Numeric = int | float


def divisible(value: Numeric, divisor: int = 8, limit: float = 0.9) -> int:
    """The paper's rounding of channels: to the nearest multiple of `divisor`, never below `limit` times the value.

    MobileNetV2 and EfficientNet use `limit` 0.9; EfficientNetV2's published code has none (`limit = 0`).
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < limit * value else rounded


def nearest(value: Numeric) -> int:
    """The nearest whole number, halves away from zero."""
    return math.floor(value + 0.5) if value >= 0 else -math.floor(0.5 - value)


def as_whole(value: Any) -> Any:
    """A number as an integer if it is a whole one, such as `4 / 2`; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _of_many(compute: Callable[[Sequence[Numeric]], Numeric]) -> Callable[..., Numeric]:
    """A function of several numbers, or of one list of them."""
    return lambda *values: compute(values[0] if len(values) == 1 and isinstance(values[0], tuple) else values)


class Function(NamedTuple):
    """A function of scalars. One without parameters takes any number of values, at least one, or a list."""

    compute: Callable[..., Numeric]
    parameters: tuple[str, ...]


OF_NUMBERS: dict[str, Function] = {
    "divisible": Function(divisible, ("value", "divisor", "limit")),
    "round": Function(nearest, ("value",)),
    "round_even": Function(round, ("value",)),
    "floor": Function(math.floor, ("value",)),
    "ceil": Function(math.ceil, ("value",)),
    "sqrt": Function(math.sqrt, ("value",)),
    "min": Function(_of_many(min), ()),
    "max": Function(_of_many(max), ()),
    "sum": Function(_of_many(sum), ()),
}
