"""What was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from archdsl.backends.latency.kernel import Kernel
from archdsl.backends.latency.table import table_name
from archdsl.calibration.clock import Run, scatter

# So many kernels of a table in one network keep its code in the caches; so many different ones are enough for a table.
_OFTEN, _ENOUGH = 4, 24


def typical(seconds: Sequence[float]) -> float:
    """The lower quartile of repeated timings: what else the machine does can only make them longer."""
    ordered = sorted(seconds)
    return ordered[(len(ordered) - 1) // 4]


@dataclass(frozen=True)
class Sample:
    """A kernel where it ran in a network, its seconds there, and how many of its table the network has."""

    kernel: Kernel
    seconds: float
    alike: int = 1


@dataclass(frozen=True)
class Whole:
    """A whole network: its seconds, those of its kernels one by one, and how many they are.

    `scatter` says how much its runs differed or waited.
    """

    seconds: float
    parts: float
    kernels: int
    scatter: float = 0.0


def whole(runs: Sequence[Run], parts: Collection[float], *, beside: float = 0.0, is_on_cpu: bool = True) -> Whole:
    """A network of its runs, and the seconds of its kernels; `beside` is what else there is in a run."""
    seconds = typical([run.seconds for run in runs])
    return Whole(seconds, sum(parts) + beside, len(parts), scatter(runs, is_on_cpu=is_on_cpu))


@dataclass(frozen=True)
class Measurements:
    samples: tuple[Sample, ...]
    wholes: tuple[Whole, ...]

    def tables(self) -> dict[str, dict[Kernel, float]]:
        """The seconds of each distinct kernel, at the median of the places where it ran, by the name of its table."""
        tables: dict[str, list[Sample]] = {}
        for sample in self.samples:
            tables.setdefault(table_name(sample.kernel), []).append(sample)
        return {name: _typical_by_kernel(_warm(samples)) for name, samples in sorted(tables.items())}


def _warm(samples: list[Sample]) -> list[Sample]:
    """Samples from networks in which such kernels come often, if there are enough of these.

    One that comes once or twice finds nothing of its code in the caches, and takes up to three times as long.
    """
    warm = [sample for sample in samples if sample.alike >= _OFTEN]
    return warm if len({sample.kernel for sample in warm}) >= _ENOUGH else samples


def _typical_by_kernel(samples: list[Sample]) -> dict[Kernel, float]:
    seen: dict[Kernel, list[float]] = {}
    for sample in samples:
        seen.setdefault(sample.kernel, []).append(sample.seconds)
    return {kernel: median(times) for kernel, times in seen.items()}


def merged(measurements: Iterable[Measurements]) -> Measurements:
    """What was measured in several networks."""
    several = list(measurements)
    return Measurements(
        tuple(sample for each in several for sample in _counted(each.samples)),
        tuple(whole for each in several for whole in each.wholes),
    )


def _counted(samples: tuple[Sample, ...]) -> list[Sample]:
    """The samples of one network, with how many of each table it has."""
    counts = Counter(table_name(sample.kernel) for sample in samples)
    return [replace(sample, alike=counts[table_name(sample.kernel)]) for sample in samples]
