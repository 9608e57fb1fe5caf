"""Networks small enough to train in a test, and recipes for them."""

from __future__ import annotations

from typing import Any, NamedTuple

import archdsl
from archdsl.api import Network
from archdsl.ir.recipe import Phase, Recipe

SMALL = """
model small {
  input = 1 x 16 x 16
  classes = 10
  norm = batch_norm
  act = silu
  drop_path = ramp(0.2)
  stem = conv_norm_act(8, kernel = 3, stride = 2)
  stages {
    | op           | expansion | channels | layers | stride |
    | fused_mbconv | 2         | 8        | 2      | 1      |
    | mbconv       | 2         | 16       | 3      | 2      |
  }
  head = conv_norm_act(32) -> global_avg_pool -> dropout(0.2) -> linear(classes)
}
"""

PLAIN = """
model plain {
  input = 3 x 16 x 16
  classes = 10
  norm = batch_norm
  act = relu
  stem = conv_norm_act(8, kernel = 3, stride = 2)
  head = global_avg_pool -> linear(classes)
}
"""


class HeadCase(NamedTuple):
    """The end of a network's text, and the paths of the layers that follow the number of classes."""

    text: str
    layers: tuple[str, ...]
    gives_scores: bool = True
    before: str = ""


_TWO_VIEWS = """
block two_views(features) {
  fine = in -> conv_norm_act(8) -> conv(features) -> global_avg_pool
  coarse = in -> global_avg_pool -> conv(features)
  out = fine + coarse
}
"""

# Classifiers that are called otherwise, or are several layers.
HEADS = {
    "linear": HeadCase("head = conv_norm_act(8) -> global_avg_pool -> linear(classes)", ("classifier",)),
    "conv": HeadCase("head = conv_norm_act(8) -> conv(classes) -> global_avg_pool", ("head.conv",)),
    "flat": HeadCase("head = global_avg_pool -> conv(classes, bias = true) -> flatten", ("pool.conv",)),
    "block": HeadCase("head = two_views(classes)", ("head.fine.conv", "head.coarse.conv"), before=_TWO_VIEWS),
    "named": HeadCase(
        "pooled = s2 -> conv_norm_act(8) -> global_avg_pool\n outputs {\n logits = pooled -> linear(classes)\n }",
        ("head.logits",),
    ),
    "tower": HeadCase(
        "shared tower = conv_norm_act(8)\n fine = s1 -> tower -> global_avg_pool -> linear(classes)\n"
        " coarse = s2 -> conv(8) -> tower -> global_avg_pool -> linear(classes)\n head = fine + coarse",
        ("head.fine_linear", "head.coarse_linear"),
    ),
    "shared": HeadCase(
        "shared last = [conv_norm_act(8) -> conv(classes)]\n"
        " head = (s1 -> last -> global_avg_pool) + (s2 -> conv(8) -> last -> global_avg_pool)",
        ("head.last.conv",),
    ),
    "several": HeadCase(
        "outputs {\n logits = s2 -> global_avg_pool -> linear(classes)\n coarse = s1 -> conv(classes)\n }",
        ("head.logits.linear", "head.coarse"),
        gives_scores=False,
    ),
}

_HEADED = """
model headed {{
  input = 1 x 16 x 16
  classes = 10
  stem = conv_norm_act(8, kernel = 3, stride = 2)
  stages {{
    | name | op            | channels | stride |
    | s1   | conv_norm_act | 8        | 1      |
    | s2   | conv_norm_act | 16       | 2      |
  }}
  {head}
}}
"""


def headed(name: str) -> Network:
    """The network with one of `HEADS`."""
    return network(HEADS[name].before + _HEADED.format(head=HEADS[name].text))


def network(text: str = SMALL) -> Network:
    return archdsl.loads(text)


def recipe(**settings: Any) -> Recipe:
    given = {
        "name": "quick",
        "model": "small",
        "place": ("small.arch", 1, 1),
        "epochs": 4,
        "batch": 32,
        "optimizer": {"kind": "sgd", "lr": 0.1},
        **settings,
    }
    return Recipe.model_validate(given)


def phase(**settings: Any) -> Phase:
    return recipe(resolution=16, **settings).phases(16)[0]
