"""Bytes as people read them."""

from __future__ import annotations

import pytest

from archdsl.backends.memory.units import amount, both, megabytes


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


@pytest.mark.parametrize(
    ("text", "size"),
    [
        *((f"3 {unit}", 3 * 1000**power) for power, unit in enumerate(["B", "KB", "MB", "GB", "TB"])),
        *((f"3{unit}", 3 * 1024**power) for power, unit in enumerate(["KiB", "MiB", "GiB", "TiB"], start=1)),
        ("12", 12),
        (" 1.5 gb ", 1_500_000_000),
        ("0.000001 TB", 1_000_000),
        ("0.0000001 TB", None),
        ("9" * 15, int("9" * 15)),
        ("9" * 16, None),
        ("-1 GB", None),
        ("1 XB", None),
        ("GB", None),
        ("", None),
    ],
)
def test_amounts(text: str, size: int | None) -> None:
    assert amount(text) == size


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0.0"),
        (49_999, "0.0"),
        (50_000, "0.1"),
        (1_949_999, "1.9"),
        (1_950_000, "2.0"),
        (12_345_600_000, "12,345.6"),
    ],
)
def test_megabytes(size: int, text: str) -> None:
    assert megabytes(size) == text
