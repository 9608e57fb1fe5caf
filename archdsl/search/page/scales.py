"""The axes of a chart: where a value is, and which values are marked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# A scale that spans more than this is logarithmic, and of a wider one only powers of ten are marked.
_WIDE, _VERY_WIDE = 8.0, 100.0
_TICKS = 5
_MARGIN = 0.06


@dataclass(frozen=True)
class Axis:
    """What an axis is of: its title, its values, and how one of them is written."""

    title: str
    values: Sequence[float]
    text: Callable[[float], str]


class Scale:
    """Where the values of an axis are between two ends, in pixels.

    Args:
        is_counted: whether the values are whole numbers from 0 on, such as those of trials.
    """

    def __init__(self, axis: Axis, start: float, end: float, *, is_counted: bool = False):
        self.axis = axis
        low, high = min(axis.values), max(axis.values)
        self.is_log = not is_counted and low > 0 and high / low > _WIDE
        self._low, self._high = (math.log10(low), math.log10(high)) if self.is_log else (low, high)
        margin = (self._high - self._low) * _MARGIN or abs(self._low) * _MARGIN or 1.0
        self._low, self._high = self._low - margin, self._high + margin
        self._start, self._size = start, end - start

    def at(self, value: float) -> float:
        """Where a value is."""
        place = math.log10(value) if self.is_log else value
        return self._start + (place - self._low) / (self._high - self._low) * self._size

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """The values that are marked, each with its text; no two have the same text."""
        found: dict[str, float] = {}
        for value in self._powers() if self.is_log else self._steps():
            found.setdefault(self.axis.text(value), value)
        return [(value, text) for text, value in found.items()]

    def _steps(self) -> list[float]:
        span = self._high - self._low
        rough = span / _TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
        first, last = math.ceil(self._low / step), math.floor(self._high / step)
        return [number * step for number in range(first, last + 1)]

    def _powers(self) -> list[float]:
        is_very_wide = self._high - self._low > math.log10(_VERY_WIDE)
        factors = (1,) if is_very_wide else (1, 2, 5)
        powers = range(math.floor(self._low), math.ceil(self._high) + 1)
        skip = max(1, len(powers) // 8)
        values = [factor * 10.0**power for power in powers if power % skip == 0 for factor in factors]
        return [value for value in values if self._low <= math.log10(value) <= self._high]
