"""The roofline: a kernel takes as long as its arithmetic or its memory traffic, the longer of them, and a launch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

Bound = Literal["compute", "memory", "launch"]


class Roofline(NamedTuple):
    """What a class of kernels reaches: operations and bytes a second, and what each launch costs in seconds."""

    operations: float
    bytes: float
    launch: float

    def terms(self, operations: float, traffic: float) -> tuple[float, float, float]:
        """Seconds of arithmetic, of memory traffic and of the launch."""
        return operations / self.operations, traffic / self.bytes, self.launch

    def seconds(self, operations: float, traffic: float) -> float:
        compute, memory, launch = self.terms(operations, traffic)
        return max(compute, memory) + launch

    def bound(self, operations: float, traffic: float) -> Bound:
        """What a kernel spends most of its time on."""
        compute, memory, launch = self.terms(operations, traffic)
        if launch >= max(compute, memory):
            return "launch"
        return "compute" if compute >= memory else "memory"


class Time(NamedTuple):
    """Seconds of some kernels, by what bounds each of them, and the work that they do."""

    compute: float = 0.0
    memory: float = 0.0
    launch: float = 0.0
    kernels: int = 0
    operations: int = 0
    bytes: int = 0

    @property
    def seconds(self) -> float:
        return self.compute + self.memory + self.launch

    @property
    def bound(self) -> Bound:
        """What most of the time goes to."""
        if self.launch > max(self.compute, self.memory):
            return "launch"
        return "compute" if self.compute >= self.memory else "memory"

    @property
    def intensity(self) -> float:
        """Operations a byte."""
        return self.operations / self.bytes if self.bytes else 0.0

    @classmethod
    def of(cls, bound: Bound, seconds: float, operations: int, traffic: int) -> Time:
        """The time of one kernel, all of which goes to what bounds it."""
        compute, memory, launch = (seconds if bound == each else 0.0 for each in ("compute", "memory", "launch"))
        return cls(compute, memory, launch, 1, operations, traffic)


def total(times: Iterable[Time]) -> Time:
    """Times one after another."""
    compute = memory = launch = 0.0
    kernels = operations = traffic = 0
    for time in times:
        compute += time.compute
        memory += time.memory
        launch += time.launch
        kernels += time.kernels
        operations += time.operations
        traffic += time.bytes
    return Time(compute, memory, launch, kernels, operations, traffic)
