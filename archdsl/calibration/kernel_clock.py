"""The clocks that kernels are timed with, by the device that runs them."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Protocol

import torch


class Clock(Protocol):
    """Times one kernel: `stop` takes what `start` gave, and says the seconds between them."""

    def start(self) -> Any: ...

    def stop(self, started: Any) -> float: ...


class CpuClock:
    """For kernels that have ended when their call has."""

    def start(self) -> float:
        return perf_counter()

    def stop(self, started: float) -> float:
        return perf_counter() - started


class CudaClock:
    """For kernels that a CUDA device runs after their call: by events in its queue.

    The queue is held up first, so that the kernel waits for the device and the device not for its launch.
    """

    _CYCLES = 500_000  # a quarter of a millisecond, in which Python launches what one operator needs

    def start(self) -> Any:
        torch.cuda._sleep(self._CYCLES)  # type: ignore[no-untyped-call]
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record()
        return event

    def stop(self, started: Any) -> float:
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record()
        event.synchronize()
        return float(started.elapsed_time(event)) / 1e3


def clock_of(device: torch.device) -> Clock:
    return CudaClock() if device.type == "cuda" else CpuClock()
