"""The measures that networks are compared by: what they are called, how they are written and which way is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archdsl.backends.units import duration, human


@dataclass(frozen=True)
class Measure:
    """One column. `key` is its name in JSON and on the command line, `label` what a table and an axis say."""

    key: str
    label: str
    text: Callable[[float], str]
    is_lower_better: bool = True


def _bytes(count: float) -> str:
    return f"{human(int(count))}B"


def _plain(value: float) -> str:
    return f"{value:g}"


_KNOWN = {
    one.key: one
    for one in (
        Measure("params", "params", lambda value: human(int(value))),
        Measure("macs", "MACs", lambda value: human(int(value))),
        Measure("flops", "FLOPs", lambda value: human(int(value))),
        Measure("activations", "activations", lambda value: human(int(value))),
        Measure("memory", "peak memory", _bytes),
        Measure("latency", "latency", duration),
        Measure("images_per_second", "images/s", lambda value: f"{value:,.1f}", is_lower_better=False),
        Measure("measured", "measured", duration),
        Measure("resolution", "resolution", _plain, is_lower_better=False),
    )
}


def measure(key: str) -> Measure:
    """The measure of a name. One of the user's own, such as `top1`, is the better the higher it is."""
    return _KNOWN.get(key) or Measure(key, key, _plain, is_lower_better=False)
