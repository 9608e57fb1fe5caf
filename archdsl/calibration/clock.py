"""The clocks that runs are timed with, and how much runs show that something else kept the machine busy."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from time import perf_counter, thread_time
from typing import NamedTuple


class Run(NamedTuple):
    """One run: how long it took, and how long the processor worked on it in the thread that asked for it."""

    seconds: float
    worked: float


class Stopwatch:
    """Runs from here until it is read."""

    def __init__(self) -> None:
        self._start, self._worked = perf_counter(), thread_time()

    def read(self) -> Run:
        return Run(perf_counter() - self._start, thread_time() - self._worked)


def scatter(runs: Sequence[Run], *, is_on_cpu: bool = True) -> float:
    """By which part runs of one network are longer than they need be: 0.5 where they take half as long again.

    The larger of two signs. Runs differ: how far the upper quartile is above the lower. And runs wait: beside a program
    that is always busy all of them take twice as long, and alike, while the processor works on each as long as before.
    """
    ordered = sorted(run.seconds for run in runs)
    last = len(ordered) - 1
    spread = ordered[-(-3 * last // 4)] / ordered[last // 4] - 1
    if not is_on_cpu:  # the processor only waits for the device then
        return spread
    # A clock of the thread that is too coarse for a short run shows no work at all.
    waits = [run.seconds / run.worked for run in runs if run.worked > 0]
    return max(spread, median(waits) - 1 if waits else 0.0)
