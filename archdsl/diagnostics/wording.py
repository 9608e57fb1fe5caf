"""Lists of things in a sentence."""

from __future__ import annotations

from collections.abc import Iterable


def enumerated(texts: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = texts
    return f"{', '.join(first)} and {last}" if first else last


def alternatives(texts: Iterable[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    *first, last = texts
    return f"{', '.join(first)} or {last}" if first else last


def quoted(names: Iterable[str]) -> str:
    """The same with each in quotes, as a name is."""
    return enumerated(f"`{name}`" for name in names)
