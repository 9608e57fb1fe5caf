"""Garbage is looked for while the editor rests, not while it waits for an answer, which would take a fifth longer."""

from __future__ import annotations

import asyncio
import gc

# A pause in typing.
_PAUSE_S = 0.2
# Without any pause: so many versions are looked through in the time of one more keystroke.
_MOST_VERSIONS = 5


class Collector:
    """Takes over from Python's own collector, which looks whenever many objects have been made."""

    def __init__(self) -> None:
        self._versions = 0
        self._waiting: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """From now on, only this looks for garbage. What is here already stays, and is not looked at again."""
        gc.disable()
        gc.collect()
        gc.freeze()

    def left_behind(self) -> None:
        """Another version of a text has become garbage."""
        self._versions += 1
        if self._waiting is not None:
            self._waiting.cancel()
        pause = _PAUSE_S if self._versions < _MOST_VERSIONS else 0
        self._waiting = asyncio.get_running_loop().call_later(pause, self._collect)

    def _collect(self) -> None:
        self._versions, self._waiting = 0, None
        gc.collect()
