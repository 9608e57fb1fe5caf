"""Small networks that have each operator once, and each way to combine tensors, for the goldens of the cost models."""

from __future__ import annotations

from archdsl.ir.architecture import Architecture
from tests.operators import TEXTS, loads

_COMBINED = [
    "x + y",
    "x - y",
    "x * y",
    "x / y",
    "-x * y",
    "2 * x + y",
    "(1 + x) * y",
    "max(x, y)",
    "min(x, 2, y -> global_avg_pool)",
    "concat(x, y, x)",
    "x * (y -> global_avg_pool)",
    "x + (x * (x -> global_avg_pool -> conv(24) -> sigmoid))",
]


def of_positive(operator: str) -> str:
    """An operator, behind a layer that makes all positive where it is of positive numbers."""
    return "abs -> sqrt" if operator == "sqrt" else operator


def networks() -> dict[str, Architecture]:
    """By what is in their middle; the map there is neither square nor of powers of two."""
    return {
        **{text: _network("", f"conv(24, kernel = 3, stride = 2) -> {text} -> relu") for text in TEXTS},
        **{text: _network(f"block both() {{\n  x = in -> conv(24)\n  y = in -> conv(24)\n  out = {text}\n}}\n",
                          "conv(24) -> both") for text in _COMBINED},
    }  # fmt: skip


def _network(blocks: str, stem: str) -> Architecture:
    body = f"  input = 3 x 37 x 29\n  classes = 10\n  stem = {stem}\n  head = global_avg_pool -> linear(classes)"
    return loads(f"{blocks}model m {{\n{body}\n}}\n").architecture
