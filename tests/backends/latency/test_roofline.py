"""Rooflines, computed by hand."""

import pytest

from archdsl.backends.latency.roofline import Roofline, Time, total

ROOFLINE = Roofline(operations=1e12, bytes=1e11, launch=1e-6)


def test_the_longer_of_arithmetic_and_traffic_and_the_launch() -> None:
    assert ROOFLINE.seconds(1e9, 1e7) == pytest.approx(1e-3 + 1e-6)
    assert ROOFLINE.seconds(1e8, 1e8) == pytest.approx(1e-3 + 1e-6)
    assert ROOFLINE.seconds(0, 0) == 1e-6


def test_what_bounds_a_kernel() -> None:
    assert ROOFLINE.bound(1e9, 1e7) == "compute"
    assert ROOFLINE.bound(1e8, 1e8) == "memory"
    assert ROOFLINE.bound(1e5, 1e4) == "launch"


def test_times_add_up_by_what_bounds_them() -> None:
    times = [Time.of("compute", 3.0, 60, 10), Time.of("memory", 2.0, 20, 10), Time.of("memory", 2.0, 0, 20)]
    whole = total(times)
    assert (whole.compute, whole.memory, whole.launch, whole.kernels) == (3.0, 4.0, 0.0, 3)
    assert (whole.seconds, whole.bound, whole.intensity) == (7.0, "memory", 2.0)
    assert total([]).seconds == 0.0
