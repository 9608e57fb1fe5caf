"""Further workers of a study on the same machine, as processes that end with the one that started them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from types import TracebackType

_PR_SET_PDEATHSIG = 1


class Helpers:
    """Workers beside this one, while this lasts.

    Args:
        count: how many.
        arguments: of `archdsl search --join`.
        threads: that each may compute with.
    """

    def __init__(self, count: int, arguments: Sequence[str], threads: int):
        self.count, self.arguments, self.threads = count, list(arguments), threads
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Helpers:
        environment = {**os.environ, "OMP_NUM_THREADS": str(self.threads), "MKL_NUM_THREADS": str(self.threads)}
        command = [sys.executable, "-P", "-m", "archdsl", "search", "--join", "--quiet", "--helper", *self.arguments]
        for _ in range(self.count):
            self._started.append(
                subprocess.Popen(
                    command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    # Ctrl-C at a terminal is for the first: a second signal would end a helper without a checkpoint.
                    start_new_session=True,
                    preexec_fn=partial(_end_with, os.getpid()) if sys.platform == "linux" else None,
                )
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.stop()
        for one in self._started:
            one.wait()

    def stop(self) -> None:
        """Asks them to end: each leaves its trial with a checkpoint."""
        for one in self._started:
            with suppress(OSError):
                one.send_signal(signal.SIGTERM)


def _end_with(parent: int) -> None:
    # A worker whose parent was killed would go on, with nobody to see it.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)
