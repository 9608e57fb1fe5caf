"""Amounts of memory as people write them: `16 GB` is 16 x 10^9 bytes, `16 GiB` is 16 x 2^30."""

from __future__ import annotations

import re

_DECIMAL = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_BINARY = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_UNITS = {unit.lower(): size for unit, size in {**_DECIMAL, **_BINARY}.items()}


def amount(text: str) -> int | None:
    """The bytes that a text says, None when it says none."""
    match = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,6})?)\s*([a-zA-Z]*)\s*", text)
    if match is None or (match[2] or "B").lower() not in _UNITS:
        return None
    return int(float(match[1]) * _UNITS[(match[2] or "B").lower()])


def megabytes(size: int) -> str:
    """Bytes in units of 10^6, with one decimal."""
    tenths = (size + 50_000) // 100_000
    return f"{tenths // 10:,}.{tenths % 10}"


def both(size: int) -> str:
    """Bytes in decimal and in binary units: `2.31 GB (2.15 GiB)`."""
    decimal = ("GB", 10**9) if size >= 10**9 else ("MB", 10**6)
    binary = ("GiB", 2**30) if size >= 10**9 else ("MiB", 2**20)
    return f"{size / decimal[1]:.2f} {decimal[0]} ({size / binary[1]:.2f} {binary[0]})"
