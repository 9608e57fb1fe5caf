"""What was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from archdsl.backends.latency.kernel import Kernel
from archdsl.backends.latency.table import table_name


def typical(seconds: Sequence[float]) -> float:
    """The lower quartile of repeated timings: what else the machine does can only make them longer."""
    ordered = sorted(seconds)
    return ordered[(len(ordered) - 1) // 4]


@dataclass(frozen=True)
class Sample:
    """A kernel where it ran in a network, and its seconds there."""

    kernel: Kernel
    seconds: float


@dataclass(frozen=True)
class Whole:
    """A whole network: its seconds, those of its kernels one by one, and how many they are."""

    seconds: float
    parts: float
    kernels: int


@dataclass(frozen=True)
class Measurements:
    samples: tuple[Sample, ...]
    wholes: tuple[Whole, ...]

    def tables(self) -> dict[str, dict[Kernel, float]]:
        """The seconds of each distinct kernel, at the median of the places where it ran, by the name of its table."""
        seen: dict[str, dict[Kernel, list[float]]] = {}
        for sample in self.samples:
            seen.setdefault(table_name(sample.kernel), {}).setdefault(sample.kernel, []).append(sample.seconds)
        return {
            name: {kernel: median(times) for kernel, times in kernels.items()} for name, kernels in sorted(seen.items())
        }


def merged(measurements: Iterable[Measurements]) -> Measurements:
    several = list(measurements)
    return Measurements(
        tuple(sample for each in several for sample in each.samples),
        tuple(whole for each in several for whole in each.wholes),
    )
