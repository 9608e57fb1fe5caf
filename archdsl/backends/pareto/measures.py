"""The measures that networks are compared by: what they are called, how they are written and which way is better."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from archdsl.backends.units import duration, human


@dataclass(frozen=True)
class Measure:
    """One column. `key` is its name in JSON, in CSV, in conditions and on the command line, `label` what a table and an
    axis say. `unit` is that of its numbers; a count has none.
    """

    key: str
    label: str
    text: Callable[[float], str]
    is_lower_better: bool = True
    unit: str | None = None


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
        Measure("memory", "peak memory", _bytes, unit="bytes"),
        Measure("latency", "latency", duration, unit="seconds"),
        Measure("images_per_second", "images/s", lambda value: f"{value:,.1f}", is_lower_better=False),
        Measure("measured", "measured", duration, unit="seconds"),
        Measure("resolution", "resolution", _plain, is_lower_better=False),
    )
}


# What every network has, whatever is asked for; and what the other columns are asked for with.
COUNTS = ("params", "macs", "flops", "activations")
ADDED_BY = {
    "memory": "`--memory`",
    "latency": "`--device NAME`",
    "images_per_second": "`--device NAME`",
    "measured": "`--measure`",
}


def units(keys: Iterable[str]) -> dict[str, str]:
    """The units of columns, for JSON; of those that have one."""
    return {key: unit for key in keys if (unit := measure(key).unit) is not None}


def measure(key: str) -> Measure:
    """The measure of a name. One of the user's own, such as `top1`, is the better the higher it is."""
    return _KNOWN.get(key) or Measure(key, key, _plain, is_lower_better=False)
