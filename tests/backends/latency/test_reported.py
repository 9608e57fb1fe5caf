"""Nodes of a profile of ONNX Runtime, as the kernels that they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from archdsl.backends.latency.onnx_runtime import reported
from tests.golden import assert_golden

# The operator, its name, the dimensions of its inputs and of its output.
NODES: list[tuple[str, str, list[list[int]], list[int]]] = [
    ("Gemm", "g", [[4, 64], [10, 64]], [4, 10]),
    ("Relu", "r", [], [4, 8, 5, 6]),
    ("Relu", "r", [[4]], [4]),
    ("Relu", "r", [[4, 8, 5, 6]], [4, 8, 5, 6]),
    ("Relu", "r", [[4, 8]], [4, 8]),
    ("Conv", "c", [[4, 16, 9, 7], [32, 16, 3, 5]], [4, 32, 5, 4]),
    ("Conv", "c_nchwc", [[4, 16, 9, 7], [16, 1, 3, 3]], [4, 16, 9, 7]),
    ("FusedConv", "c", [[4, 16, 9, 7], [32, 4, 1, 1]], [4, 32, 9, 7]),
    ("Add", "a", [[4, 8, 5, 6], [4, 8, 5, 6]], [4, 8, 5, 6]),
    ("Mul", "m", [[4, 8, 5, 6], [4, 8, 1, 1]], [4, 8, 5, 6]),
    ("Mul", "m", [[4, 8, 5, 6], [1]], [4, 8, 5, 6]),
    ("Concat", "c", [[4, 8, 5, 6], [4, 16, 5, 6]], [4, 24, 5, 6]),
    ("MaxPool", "p", [[4, 8, 10, 12]], [4, 8, 5, 6]),
    ("MaxPool", "p_nchwc", [[4, 8, 10, 12]], [4, 8, 10, 12]),
    ("AveragePool", "p", [[4, 8, 9, 12]], [4, 8, 3, 4]),
    ("GlobalAveragePool", "g", [[4, 8, 9, 12]], [4, 8, 1, 1]),
    ("ReorderInput", "r", [[4, 5, 6, 8]], [4, 8, 5, 6]),
    ("ReorderInput", "r", [[4, 3, 5, 6]], [4, 8, 5, 6]),
    ("ReorderOutput", "r", [[4, 16, 5, 6]], [4, 5, 6, 12]),
    ("ReorderOutput", "r", [[4, 16, 5, 6]], [4, 12, 5, 6]),
    ("LayerNormalization", "l", [[4, 5, 6, 8]], [4, 5, 6, 8]),
    ("Transpose", "t", [[4, 2, 8, 5, 6]], [4, 8, 2, 5, 6]),
    ("Reshape", "t", [[4, 16, 5, 6]], [4, 2, 8, 5, 6]),
    ("Pad", "t", [[4, 16, 5, 6]], [4, 16, 7, 8]),
    ("Slice", "t", [[4, 16, 5, 6]], [4, 8, 5, 6]),
    ("Softmax", "s", [[4, 8]], [4, 8]),
    ("Nothing", "n", [[4, 8, 5, 6]], [4, 8, 5, 6]),
    ("Sigmoid", "n", [[4, 8, 5, 6]], [4, 8, 5, 6]),
]


def test_nodes(pytestconfig: pytest.Config) -> None:
    lines = []
    for node in NODES:
        found = reported(*node)
        lines.append(f"{node}: {' '.join(map(str, found)) if found else None}")
    assert_golden("\n".join(lines) + "\n", Path(__file__).parent / "golden" / "reported.txt", pytestconfig)
