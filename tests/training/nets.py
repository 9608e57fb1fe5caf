"""Networks small enough to train in a test, and recipes for them."""

from __future__ import annotations

from typing import Any

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
