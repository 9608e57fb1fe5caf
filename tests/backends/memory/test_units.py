"""Bytes as people read them."""

from __future__ import annotations

import pytest

from archdsl.backends.memory.units import both


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0.00 MB (0.00 MiB)"),
        (1_500_000, "1.50 MB (1.43 MiB)"),
        (999_999_999, "1000.00 MB (953.67 MiB)"),
        (10**9, "1.00 GB (0.93 GiB)"),
        (2**31, "2.15 GB (2.00 GiB)"),
    ],
)
def test_decimal_and_binary(size: int, text: str) -> None:
    assert both(size) == text
