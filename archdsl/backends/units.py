"""Counts as a paper prints them: `118.5M`, `56.1G`."""

from __future__ import annotations

_UNITS = ("", "K", "M", "G", "T", "P", "E")


def human(count: int) -> str:
    """A count with one decimal and a decimal unit (`K M G T P E`); counts below 1,000 as they are."""
    if count < 1000:
        return str(count)
    power = min((len(str(count)) - 1) // 3, len(_UNITS) - 1)
    # In tenths of the unit and in whole numbers, so that half a tenth always rounds up, and 999,950 becomes 1.0M.
    tenths = (count * 10 + 1000**power // 2) // 1000**power
    if tenths >= 10_000 and power + 1 < len(_UNITS):
        power, tenths = power + 1, 10
    return f"{tenths // 10}.{tenths % 10}{_UNITS[power]}"


def duration(seconds: float) -> str:
    """`1.25 s`, `12.5 ms`, `125 us`: three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size or unit == "us":
            value = seconds / size
            return f"{value:.{max(0, 2 - len(str(int(value))) + 1)}f} {unit}"
    raise AssertionError
