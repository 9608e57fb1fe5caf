"""Work on several files at once, on as many cores as there are."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
# Below so many files, starting workers takes longer than they save.
_WORTHWHILE = 4


def each(function: Callable[[_Item], _Result], items: Sequence[_Item]) -> Iterable[_Result]:
    """The result of a function for each item, in their order. It and what it returns must be picklable.

    Workers begin as copies of this process, so that they need not import anything again; where the system cannot do
    that, or where somebody else's threads may run beside (`main` disables the collection of garbage in a process that
    is ours alone), one item is taken after the other.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if min(cores, len(items) // 2) < 2 or len(items) < _WORTHWHILE or not hasattr(os, "fork") or gc.isenabled():
        return map(function, items)
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(min(cores, len(items) // 2), get_context("fork"), _follow_parent) as workers:
        return list(workers.map(function, items))


def _follow_parent() -> None:
    """Ends this worker when the process that it works for ends, however that does, and not before."""
    from multiprocessing import parent_process
    from threading import Thread

    def follow() -> None:
        if (parent := parent_process()) is not None:
            parent.join()
            os._exit(1)

    # Ctrl-C reaches every process of a terminal. A worker that ended first would be missed, as one that has crashed.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=follow, daemon=True).start()
