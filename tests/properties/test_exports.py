"""Exports of generated programs, on maps and on series; `soak_exports` tries many more."""

from __future__ import annotations

import pytest

from tests.properties.soak_exports import exported


@pytest.mark.parametrize("seed", [0, 1])
def test_an_export_is_the_network(seed: int) -> None:
    assert exported(seed, "onnx") == "equal"
