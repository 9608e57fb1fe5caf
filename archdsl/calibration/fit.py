"""Fits to measured kernels: a roofline for each kind, and the interpolation of the residual."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy
from numpy.typing import NDArray

from archdsl.backends.latency.kernel import Kernel, family_of
from archdsl.backends.latency.profile import stored_kernel
from archdsl.backends.latency.table import correlation, features

Array = NDArray[Any]
_SIZE = 4
# Enough to choose the scales by: the work grows with the third power.
_MOST_FOR_SCALES = 200
_FAR = 1e6
_MOST_LOST = 0.1


def measured(kernels: Mapping[Kernel, float]) -> dict[str, Any]:
    """What a profile keeps of the kernels of one kind."""
    found = list(kernels)
    seconds = numpy.array([kernels[kernel] for kernel in found])
    roofline = fit_roofline(found, seconds)
    residuals = numpy.log(seconds / _predicted(roofline, *_work(found)))
    offset = float(numpy.median(residuals))
    points = numpy.array([features(kernel) for kernel in found])
    scales, weights, others = interpolation(points, residuals - offset)
    # The mean of a logarithm is that of a time somewhat too short. What is lost shows where each kernel is predicted
    # from all others.
    lost = float(numpy.log(seconds.sum() / (seconds * numpy.exp(others - (residuals - offset))).sum()))
    return {
        **_stored(roofline),
        "offset": _short(offset + min(max(lost, -_MOST_LOST), _MOST_LOST)),
        "scales": [_short(value) for value in scales],
        "kernels": [stored_kernel(kernel) for kernel in found],
        "seconds": [_short(value) for value in seconds],
        "weights": [_short(value) for value in weights],
    }


def fallbacks(tables: Mapping[str, Mapping[Kernel, float]]) -> dict[str, Any]:
    """Rooflines for classes of kernels, and for `other`, whatever was not measured."""
    classes: dict[str, dict[Kernel, float]] = {"other": {}}
    for kernels in tables.values():
        for kernel, seconds in kernels.items():
            classes.setdefault(kernel.family, {})[kernel] = seconds
            if family_of(kernel.forward) not in ("conv", "grouped_conv", "depthwise", "linear", "optimizer"):
                classes["other"][kernel] = seconds
    found: dict[str, Any] = {}
    for name, kernels in classes.items():
        if name not in tables and kernels:
            several = list(kernels)
            found[name] = _stored(fit_roofline(several, numpy.array([kernels[kernel] for kernel in several])))
    return found


def _stored(roofline: Array) -> dict[str, float]:
    return {"operations": _short(roofline[0]), "bytes": _short(roofline[1]), "launch": _short(roofline[2])}


def _short(value: float) -> float:
    return float(f"{float(value):.9g}")


# Roofline ------------------------------------------------------------------------------------------------------------


def _work(kernels: list[Kernel]) -> tuple[Array, Array]:
    operations = numpy.array([max(kernel.operations, 1) for kernel in kernels], dtype=float)
    traffic = numpy.array([kernel.traffic(_SIZE) for kernel in kernels], dtype=float)
    return operations, traffic


def _predicted(roofline: Array, operations: Array, traffic: Array) -> Array:
    found: Array = numpy.maximum(operations / roofline[0], traffic / roofline[1]) + roofline[2]
    return found


def fit_roofline(kernels: list[Kernel], seconds: Array) -> Array:
    """Operations and bytes a second, and seconds a launch: those with the least mean error of the logarithm."""
    operations, traffic = _work(kernels)

    def loss(logarithms: Array) -> float:
        predicted = _predicted(numpy.exp(logarithms), operations, traffic)
        return float(numpy.mean(numpy.abs(numpy.log(predicted / seconds))))

    start = numpy.log(
        [
            max(float(numpy.quantile(operations / seconds, 0.9)), 1.0),
            float(numpy.quantile(traffic / seconds, 0.9)),
            float(numpy.quantile(seconds, 0.05)),
        ]
    )
    return numpy.exp(descend(loss, start, (0.7, 0.3, 0.1, 0.03)))


def descend(loss: Callable[[Array], float], start: Array, steps: tuple[float, ...]) -> Array:
    """Coordinate descent: tries each coordinate up and down by ever smaller steps, until nothing is better."""
    place, least = start.copy(), loss(start)
    for step in steps:
        for _ in range(5):
            before = least
            for index in range(len(place)):
                for change in (step, -step):
                    trial = place.copy()
                    trial[index] += change
                    found = loss(trial)
                    if found < least:
                        place, least = trial, found
            if before - least < 1e-4 * abs(before):
                break
    return place


# Interpolation -------------------------------------------------------------------------------------------------------


def interpolation(points: Array, residuals: Array) -> tuple[Array, Array, Array]:
    """The scale of each feature and the weight of each point, by which the residuals are interpolated; and what each
    residual would be by all the others.

    A Gaussian process; its scales, amplitude and noise are those that make the residuals most likely.
    """
    varying = numpy.ptp(points, axis=0) > 0
    scales = numpy.full(points.shape[1], _FAR)
    if len(points) < 4 or not varying.any():
        # Too few to learn scales from: nearest in kind is what there is.
        scales[varying] = 2.0
        matrix = _covariance(points / scales) + 0.1 * numpy.eye(len(points))
        return scales, *_solved(matrix, residuals, 1.0)
    chosen = numpy.linspace(0, len(points) - 1, min(len(points), _MOST_FOR_SCALES)).astype(int)
    some, values = points[chosen][:, varying], residuals[chosen]
    variance = max(float(numpy.var(values)), 1e-4)

    def loss(logarithms: Array) -> float:
        """Minus the log likelihood, with a prior that keeps scales and noise within reason."""
        matrix = _matrix(some / numpy.exp(logarithms[:-2]), logarithms)
        try:
            factor = numpy.linalg.cholesky(matrix)
        except numpy.linalg.LinAlgError:
            return float("inf")
        half = numpy.linalg.solve(factor, values)
        likelihood = 0.5 * float(half @ half) + float(numpy.log(numpy.diag(factor)).sum())
        prior = 0.5 * float((((logarithms[:-2] - 1.0) / 1.0) ** 2).sum())
        noise = 0.5 * float((logarithms[-1] - numpy.log(0.005)) ** 2) / 2.0
        return likelihood + prior + noise

    start = numpy.array([*[numpy.log(3.0)] * int(varying.sum()), numpy.log(variance), numpy.log(0.005)])
    found = descend(loss, start, (0.8, 0.4))
    scales[varying] = numpy.exp(found[:-2])
    matrix = _matrix(points / scales, found)
    return scales, *_solved(matrix, residuals, float(numpy.exp(found[-2])))


def _solved(matrix: Array, residuals: Array, amplitude: float) -> tuple[Array, Array]:
    inverse = numpy.linalg.inv(matrix)
    weights = inverse @ residuals
    return amplitude * weights, residuals - weights / numpy.diag(inverse)


def _matrix(scaled: Array, logarithms: Array) -> Array:
    noise = numpy.exp(logarithms[-1])
    found: Array = numpy.exp(logarithms[-2]) * _covariance(scaled) + noise * numpy.eye(len(scaled))
    return found


def _covariance(scaled: Array) -> Array:
    squares = (scaled**2).sum(axis=1)
    distance = squares[:, None] + squares[None, :] - 2 * scaled @ scaled.T
    return correlation(numpy.maximum(distance, 0))
