"""A table of measured kernels, with interpolation between them.

What is interpolated is how much longer than its roofline a kernel takes, as a logarithm, over the logarithms of its
channels, map, window, stride and batch: kriging, which is a Gaussian process read out at its mean. Close to what was
measured it gives the measurement, far away the roofline.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import exp, log2
from typing import TYPE_CHECKING

from archdsl.backends.latency.kernel import Kernel
from archdsl.backends.latency.roofline import Roofline

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Vector instructions work on so many channels at a time.
_LANES = 16


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
        _fill(per_group),
        _fill(filters),
        log2(kernel.input.elements * kernel.operands + kernel.further),
    )


def _fill(channels: int) -> float:
    """How much more a vector of lanes computes than is asked for."""
    return log2(-(-channels // _LANES) * _LANES / channels)


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
            return exp(self.offset)
        import numpy

        difference = self._scaled - numpy.asarray(features(kernel)) / self._scales
        distance = numpy.einsum("ij,ij->i", difference, difference)
        return exp(self.offset + float(numpy.exp(-0.5 * distance) @ self._weights))

    @cached_property
    def _scales(self) -> NDArray:  # type: ignore[type-arg]
        import numpy

        return numpy.asarray(self.scales)

    @cached_property
    def _scaled(self) -> NDArray:  # type: ignore[type-arg]
        import numpy

        return numpy.divide(numpy.asarray(self.points), self._scales)

    @cached_property
    def _weights(self) -> NDArray:  # type: ignore[type-arg]
        import numpy

        return numpy.asarray(self.weights)


def table_name(kernel: Kernel) -> str:
    """The name of the table that a kernel is looked up in."""
    return kernel.kind if kernel.layout == "plain" else f"{kernel.layout}_{kernel.kind}"
