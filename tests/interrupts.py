"""Processes that an interrupt reaches, whoever started the tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def heard() -> Iterator[None]:
    """What is started in here gets SIGINT as at a terminal.

    A shell has its jobs in the background ignore it, and they hand that on to their children. What a process handles is
    the default in a program that it starts; what it ignores stays ignored.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
