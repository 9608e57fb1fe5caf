"""Which cases of a test run, where there are so many that all of them would take minutes.

`ARCHDSL_TESTS=all pytest` runs all; without it a fixed part of them runs, the same every time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

_T = TypeVar("_T")


def is_whole() -> bool:
    """Whether all cases are asked for."""
    return os.environ.get("ARCHDSL_TESTS") == "all"


def one_in(count: int, cases: Iterable[_T], first: int = 0) -> list[_T]:
    """Every `count`-th of the cases, or all."""
    return list(cases) if is_whole() else list(cases)[first::count]


def a_third(count: int) -> int:
    """How many of so many generated cases run, or all."""
    return count if is_whole() else max(1, count // 3)
