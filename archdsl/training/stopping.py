"""Ctrl-C and SIGTERM, which clusters send before they take a machine away: the step is finished, a checkpoint written.

A second one ends the process at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """In here `signal` is the number of the signal that asked for an end, 0 before there was one.

    One inside another, as a training in a search, knows what the outer one does, and hands on what it hears.
    """

    _current: Stopping | None = None

    def __init__(self) -> None:
        self.signal = 0
        self._before: dict[signal.Signals, Any] = {}
        self._process = os.getpid()
        self._outer: Stopping | None = None

    def __enter__(self) -> Stopping:
        self._outer = Stopping._current
        self.signal = self._outer.signal if self._outer is not None else 0
        if threading.current_thread() is threading.main_thread():
            # Whoever started this may have an interrupt ignored, as for a job in the background.
            heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._note) for number in heard}
        Stopping._current = self
        _reset_in_children()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        Stopping._current = self._outer
        if self._outer is not None:
            self._outer.signal = self.signal
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal:
            os._exit(128 + number)
        self.signal = number
        if sys.stderr.isatty():
            os.write(2, b"\r\x1b[Kstopping after this step; once more to stop at once\n")


_is_registered = False


def _reset_in_children() -> None:
    """Workers that load data are not asked to stop, and end when their parent does or tells them to."""
    global _is_registered
    if not _is_registered and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_in_child)
        _is_registered = True


def _in_child() -> None:
    if Stopping._current is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
