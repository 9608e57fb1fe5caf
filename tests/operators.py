"""Samples of every operator, for the tests that go through them all."""

from __future__ import annotations

from typing import Any

from archdsl.elaborate.evaluate.describe import describe
from archdsl.ir.base import Size
from archdsl.ir.operators import PRIMITIVES, Operator

# Arguments for the operators that need some, or whose rules depend on them; they fit a map of 24 channels.
ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "conv": [
        {"channels": 24},
        {"channels": 36, "kernel": 3, "stride": 2, "groups": 3, "bias": True},
        {"channels": 8, "kernel": Size(1, 7), "padding": "same", "stride": 3},
        {"channels": 8, "kernel": 3, "padding": "valid", "dilation": 2},
        {"channels": 8, "kernel": 5, "padding": 1},
    ],
    "depthwise": [{}, {"kernel": 5, "stride": 2, "multiplier": 3, "bias": True}],
    "ws_conv": [{"channels": 24, "kernel": 3, "stride": 2, "padding": "same"}, {"channels": 12, "groups": 4}],
    "linear": [{"features": 10}, {"features": 7, "bias": False}],
    "batch_norm": [{}, {"affine": False}],
    "group_norm": [{"groups": 4}, {"groups": 12, "affine": False}],
    "layer_norm": [{}, {"affine": False}],
    "silu": [{}, {"gain": 1.5}],
    "max_pool": [{"kernel": 2}, {"kernel": 3, "stride": 2}, {"kernel": 3, "stride": 2, "padding": "same"}],
    "avg_pool": [{"kernel": 2}, {"kernel": Size(3, 1), "stride": 2}, {"kernel": 2, "padding": "same"}],
    "dropout": [{"rate": 0.2}],
    "drop_path": [{"rate": 0.2}],
    "channel_shuffle": [{"groups": 4}],
    "chunk": [{"parts": 3, "index": 1}],
    "pad": [{"size": 2}],
    "resize": [{"factor": 2}, {"factor": 2, "mode": "nearest"}],
    "gain": [{"initial": 0.5}],
    "channel_gain": [{"initial": 0.5}],
}
SAMPLES: list[tuple[str, dict[str, Any]]] = [
    (kind, arguments) for kind in PRIMITIVES for arguments in ARGUMENTS.get(kind, [{}])
]


def made(kind: str, arguments: dict[str, Any]) -> Operator:
    return PRIMITIVES[kind](kind=kind, **arguments)


def text(kind: str, arguments: dict[str, Any]) -> str:
    """A sample in the language."""
    inside = ", ".join(f"{name} = {describe(value)}" for name, value in arguments.items())
    return f"{kind}({inside})" if inside else kind


# As the language writes them, by which tests are called.
TEXTS = [text(kind, arguments) for kind, arguments in SAMPLES]
