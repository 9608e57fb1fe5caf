"""A table of measured kernels, with interpolation between them.

What is interpolated is how much longer than its roofline a kernel takes, as a logarithm, over the logarithms of its
channels, map, window, stride and batch: kriging, which is a Gaussian process read out at its mean. Close to what was
measured it gives the measurement, far away the roofline.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import exp, log2
from typing import TYPE_CHECKING, Any

from archdsl.backends.latency.kernel import Kernel
from archdsl.backends.latency.roofline import Roofline

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Vector instructions work on so many channels at a time.
_LANES = 16
_MOST_LOGARITHM = 50.0


def features(kernel: Kernel) -> tuple[float, ...]:
    """What the time of a kernel depends on, in doublings."""
    per_group, filters = kernel.input.channels // kernel.groups, kernel.output.channels
    return (
        log2(per_group),
        log2(filters),
        log2(kernel.output.height * kernel.output.width),
        log2(kernel.batch),
        log2(kernel.window.height * kernel.window.width),
        log2(kernel.stride),
        log2(kernel.groups),
        _alignment(per_group),
        _alignment(filters),
        log2(kernel.batch * (kernel.input.elements * kernel.operands + kernel.further)),
        # Large results cost their pages, small ones are in a cache.
        log2(kernel.batch * kernel.output.elements),
    )


def correlation(squares: NDArray[Any]) -> NDArray[Any]:
    """How much two kernels have in common at a squared distance: Matérn's function of order 3/2."""
    import numpy

    distances = numpy.sqrt(3.0 * squares)
    found: NDArray[Any] = (1.0 + distances) * numpy.exp(-distances)
    return found


def _alignment(channels: int) -> float:
    """How far channels divide into vectors, in doublings: what fills its vectors takes a faster path."""
    return log2(min(channels & -channels, _LANES))


def _factor(logarithm: float) -> float:
    """Of whatever a profile says: a number that can be multiplied."""
    return exp(max(-_MOST_LOGARITHM, min(logarithm, _MOST_LOGARITHM)))


@dataclass(frozen=True)
class Table:
    """The kernels of one kind: their roofline, where the residuals lie, and the weights of the interpolation."""

    roofline: Roofline
    scales: tuple[float, ...]
    points: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]
    offset: float = 0.0

    def factor(self, kernel: Kernel) -> float:
        """How many times as long as its roofline a kernel takes."""
        if not self.points:
            return _factor(self.offset)
        import numpy

        difference = self._scaled - numpy.asarray(features(kernel)) / self._scales
        squares = numpy.einsum("ij,ij->i", difference, difference)
        return _factor(self.offset + float(correlation(squares) @ self._weights))

    @cached_property
    def _scales(self) -> NDArray[Any]:
        import numpy

        return numpy.asarray(self.scales)

    @cached_property
    def _scaled(self) -> NDArray[Any]:
        import numpy

        return numpy.asarray(numpy.divide(self.points, self._scales))

    @cached_property
    def _weights(self) -> NDArray[Any]:
        import numpy

        return numpy.asarray(self.weights)


def table_name(kernel: Kernel) -> str:
    """The name of the table that a kernel is looked up in."""
    return kernel.kind if kernel.layout == "plain" else f"{kernel.layout}_{kernel.kind}"
