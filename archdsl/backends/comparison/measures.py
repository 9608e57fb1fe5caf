"""The measures that networks are compared by: what they are called, how they are written and which way is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archdsl.backends.units import human


@dataclass(frozen=True)
class Measure:
    """One column. `key` is its name in JSON and on the command line, `label` what a table and an axis say."""

    key: str
    label: str
    text: Callable[[float], str]
    is_lower_better: bool = True


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:,.3g} ms" if seconds < 1 else f"{seconds:,.3g} s"


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
        Measure("latency", "latency", _milliseconds),
        Measure("measured", "measured", _milliseconds),
        Measure("resolution", "resolution", _plain, is_lower_better=False),
    )
}


def measure(key: str) -> Measure:
    """The measure of a name. One of the user's own, such as `top1`, is the better the higher it is."""
    return _KNOWN.get(key) or Measure(key, key, _plain, is_lower_better=False)
