"""Samples of every operator, for the tests that go through them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import archdsl
from archdsl.elaborate.evaluate.describe import describe
from archdsl.ir.base import Shape, Size
from archdsl.ir.operators import PRIMITIVES, Operator

# Arguments for the operators that need some, or whose rules depend on them; they fit a map of 24 channels.
ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "conv": [
        {"channels": 24},
        {"channels": 36, "kernel": 3, "stride": 2, "groups": 3, "bias": True},
        {"channels": 8, "kernel": Size(1, 7), "padding": "same", "stride": 3},
        {"channels": 8, "kernel": 3, "padding": "valid", "dilation": 2},
        {"channels": 8, "kernel": 5, "padding": 1},
        {"channels": 8, "kernel": 3, "stride": Size(2, 1), "dilation": Size(1, 2)},
        {"channels": 8, "kernel": Size(1, 7), "padding": Size(0, 3), "stride": Size(1, 2)},
        {"channels": 8, "kernel": 3, "stride": Size(2, 3), "dilation": Size(3, 2), "padding": "same"},
    ],
    "depthwise": [
        {},
        {"stride": Size(1, 2), "padding": Size(2, 0)},
        {"kernel": 5, "stride": 2, "multiplier": 3, "bias": True},
    ],
    "cond_conv": [
        {"channels": 24, "experts": 4, "kernel": 3},
        {"channels": 24, "experts": 3, "kernel": 5, "stride": 2, "groups": 12, "padding": "same"},
        {"channels": 12, "experts": 2, "groups": 4, "bias": True},
    ],
    "ws_conv": [
        {"channels": 24, "kernel": 3, "stride": 2, "padding": "same"},
        {"channels": 12, "groups": 4, "stride": Size(3, 1)},
    ],
    "linear": [{"features": 10}, {"features": 7, "bias": False}],
    "batch_norm": [{}, {"affine": False}],
    "group_norm": [{"groups": 4}, {"groups": 12, "affine": False}],
    "layer_norm": [{}, {"affine": False}],
    "silu": [{}, {"gain": 1.5}],
    "max_pool": [
        {"kernel": 2},
        {"kernel": 3, "stride": 2},
        {"kernel": 3, "stride": 2, "padding": "same"},
        {"kernel": 3, "stride": Size(2, 1), "padding": Size(1, 0)},
        {"kernel": 2, "stride": Size(1, 2), "padding": "same"},
    ],
    "avg_pool": [
        {"kernel": Size(2, 4), "stride": Size(2, 1), "padding": Size(0, 2)},
        {"kernel": 2},
        {"kernel": Size(3, 1), "stride": 2},
        {"kernel": 2, "padding": "same"},
    ],
    "conv_transpose": [
        {"channels": 24},
        {"channels": 12, "kernel": 2, "stride": 2, "bias": True},
        {"channels": 36, "kernel": 3, "stride": 2, "output_padding": 1, "groups": 3},
        {"channels": 8, "kernel": Size(4, 3), "stride": 3, "padding": 1},
        {"channels": 8, "kernel": 3, "dilation": 2, "padding": "valid"},
        {"channels": 8, "kernel": 5, "stride": 2, "padding": "same"},
        {"channels": 8, "kernel": 2, "stride": 3, "padding": "same"},
        {"channels": 8, "kernel": 3, "stride": Size(2, 1), "output_padding": Size(1, 0), "dilation": Size(1, 2)},
        {"channels": 8, "kernel": 4, "stride": Size(1, 3), "padding": Size(2, 0)},
        {"channels": 8, "kernel": 3, "stride": Size(1, 3), "padding": "same"},
    ],
    "blur": [{}, {"kernel": 5, "stride": 2}, {"kernel": 4, "stride": 2}],
    "dot_product_attention": [{}, {"heads": 4, "scale": 0.3}],
    "prelu": [{}, {"shared": True}],
    "softmax": [{"over": "channels"}, {"over": "height"}, {"over": "width"}, {"over": "positions"}],
    "adaptive_avg_pool": [{"size": 7}, {"size": Size(5, 1)}, {"size": 1}, {"size": Size(20, 30)}],
    **{f"reduce_{kind}": [{"over": "channels"}, {"over": "positions"}] for kind in ("mean", "max", "norm", "var")},
    "reduce_sum": [{"over": "height"}],
    "reduce_min": [{"over": "width"}],
    "dropout": [{"rate": 0.2}],
    "drop_path": [{"rate": 0.2}],
    "channel_shuffle": [{"groups": 4}],
    "chunk": [{"parts": 3, "index": 1}],
    "slice": [{"start": 0, "channels": 12}, {"start": 5, "channels": 4}],
    "pixel_shuffle": [{"factor": 2}],
    "pixel_unshuffle": [{"factor": 1}],
    "transpose": [{"first": "channels", "second": "width"}, {"first": "width", "second": "height"}],
    "pad": [
        {"size": 2},
        {"bottom": 1, "right": 2},
        {"top": 3, "left": 1, "mode": "reflect"},
        {"size": 3, "mode": "replicate"},
    ],
    "crop": [{"size": 1}, {"top": 2, "right": 3}],
    "resize": [
        {"factor": 2},
        {"factor": 2, "mode": "nearest"},
        {"factor": 0.5},
        {"factor": 1.5, "mode": "bicubic"},
        {"factor": 0.6, "mode": "nearest_exact"},
        {"factor": 0.4, "mode": "area"},
        {"factor": 0.7, "mode": "nearest"},
    ],
    "gain": [{"initial": 0.5}],
    "channel_gain": [{"initial": 0.5}],
    "channel_bias": [{"initial": 0.5}],
    "parameter": [
        {"channels": 24, "height": 1, "width": 1, "initial": 0.5},
        {"channels": 1, "height": 1, "width": 1, "initial": 2.0, "std": 0.1},
    ],
}
# Operators that read further tensors stand in a block, which makes them of the one that it reads.
BLOCKS = {
    "dot_product_attention": """
block dot_product_attention_of_pooled(heads = 1, scale = none) {
  pooled = in -> avg_pool(2, padding = valid)
  keys = pooled -> chunk(heads)
  out = in -> dot_product_attention(keys, pooled -> slice(4, 6), heads, scale)
}
""",
}
BLOCKS["parameter"] = """
block parameter_of_shape(channels, height, width, initial, std = 0) {
  out = in * parameter(channels x height x width, initial, std)
}
"""
BLOCKS["cond_conv"] = """
block cond_conv_of_experts(channels, experts, kernel = 1, stride = 1, groups = 1, bias = false, padding = symmetric) {
  routing = in -> global_avg_pool -> slice(0, experts) -> sigmoid
  out = in -> cond_conv(routing, channels, experts, kernel, stride, groups, bias, padding = padding)
}
"""
# The shapes of the further tensors that an operator reads, for a map and its attributes.
FURTHER: dict[str, Callable[..., tuple[Shape, ...]]] = {
    "cond_conv": lambda shape, operator: (Shape(operator.experts, 1, 1),),
    "dot_product_attention": lambda shape, operator: (Shape(shape.channels // operator.heads, 5, 6), Shape(6, 5, 6)),
}
SAMPLES: list[tuple[str, dict[str, Any]]] = [
    (kind, arguments) for kind in PRIMITIVES for arguments in ARGUMENTS.get(kind, [{}])
]


def made(kind: str, arguments: dict[str, Any]) -> Operator:
    return PRIMITIVES[kind](kind=kind, **arguments)


def text(kind: str, arguments: dict[str, Any]) -> str:
    """A sample in the language."""
    inside = ", ".join(f"{name} = {describe(value)}" for name, value in arguments.items())
    name = BLOCKS[kind].partition("block ")[2].partition("(")[0] if kind in BLOCKS else kind
    return f"{name}({inside})" if inside else name


def loads(text: str) -> archdsl.Network:
    """The network of a text, with the blocks of samples that it uses."""
    return archdsl.loads("".join(block for kind, block in BLOCKS.items() if f"{kind}_of" in text) + text)


# As the language writes them, by which tests are called.
TEXTS = [text(kind, arguments) for kind, arguments in SAMPLES]
