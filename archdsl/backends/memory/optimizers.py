"""What optimizers keep for each weight, and what their step needs besides."""

from __future__ import annotations

from typing import NamedTuple

from archdsl.backends.memory.setting import Optimizer, Setting


class Need(NamedTuple):
    """Numbers for each weight that an optimizer keeps; copies that its step makes of one tensor of weights at a time,
    and (on a GPU, where steps take all tensors at once) of all weights."""

    state: int
    one: int
    all: int


# `rmsprop_momentum` is what EfficientNets were trained with.
NEEDS: dict[Optimizer, Need] = {
    "sgd": Need(0, 0, 0),
    "momentum": Need(1, 0, 0),
    "adam": Need(2, 2, 1),
    "rmsprop": Need(1, 1, 1),
    "rmsprop_momentum": Need(2, 1, 1),
}


def state(setting: Setting, weights: int) -> int:
    """The bytes that an optimizer keeps from step to step."""
    return NEEDS[setting.optimizer].state * weights


def step(setting: Setting, weights: int, largest: int) -> int:
    """The bytes that a step needs while it runs; `largest` are those of the largest tensor of weights."""
    need = NEEDS[setting.optimizer]
    return need.one * largest if setting.on == "cpu" else need.all * weights
