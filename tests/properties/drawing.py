"""Choices for programs, and what blocks and models both draw from."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

T = TypeVar("T")

# Parameters of blocks by name: what they are when nothing is said, and what cells and calls say.
PARAMETERS: dict[str, tuple[str, list[str]]] = {
    "kernel": ("3", ["3", "1", "5", "6 / 2"]),
    "stride": ("1", ["1", "2", "1", "4 / 2"]),
    "expansion": ("2", ["1", "2", "1.5", "3"]),
    "se": ("0", ["0", "0.25", "0.5"]),
    "groups": ("1", ["1", "2", "4", "4 / 2"]),
    "n": ("1", ["1", "2", "3"]),
    "skip": ("true", ["true", "false"]),
    "alpha": ("0.5", ["0.5", "1.0", "2.0", "0.2"]),
    "rate": ("0.1", ["0.1", "0.0", "0.25"]),
    "width": ("1.0", ["1.0", "2", "0.5"]),
    "depth": ("1", ["1", "2", "0"]),
    "growth": ("4", ["4", "8"]),
    "margin": ("1", ["1", "2", "0", "0.5 * 2"]),
    "act": ("act", ["relu", "silu", "gelu(gain = 1.5)", "leaky_relu(0.2)", "act"]),
    "gate": ("sigmoid", ["sigmoid", "hard_sigmoid", "tanh"]),
    "kernels": ("[3, 5]", ["[3]", "[5, 3]", "[1, 3, 5]", "[3, 1 x 3]", "[3, 3]"]),
    "inner": ("act", ["relu", "hard_swish"]),
    "norm": ("norm", ["batch_norm", "group_norm(2)", "identity"]),
    "inside": (
        "norm -> act",
        ["act", "norm -> [act -> norm]", "[depthwise(3) -> norm] * 2", "if 2 > 1 then [act -> norm] else tanh", "norm"],
    ),
    "body": ("conv_norm_act", ["conv_norm_act", "separable_conv", "fused_mbconv(expansion = 1)"]),
}
# What cells and calls say of a parameter that has no line in the table: a width inside a block.
INNER_WIDTHS = ["16", "8", "24"]
CHANNELS = ["8", "16", "24", "32", "32 * 0.5", "48 / 2"]
ACTIVATIONS = [
    "relu",
    "silu",
    "hard_swish",
    "gelu",
    "tanh",
    "elu",
    "mish",
    "leaky_relu(0.1)",
    "gelu(gain = 1.7)",
    "prelu",
]


@dataclass(frozen=True)
class Block:
    """A block that later text can use. One without a parameter `channels` keeps the channels unless it `grows`."""

    name: str
    parameters: dict[str, str | None]
    text: str = ""
    grows: bool = False
    # The parameter that takes a further tensor, if it has one.
    tensor: str | None = None
    # One that takes another or none.
    may_read: str | None = None
    # Whether blocks that read and put out lists stand beside it, named after it.
    has_lists: bool = False

    @property
    def sets_channels(self) -> bool:
        return "channels" in self.parameters

    @property
    def free(self) -> list[str]:
        """The parameters that a caller may set as it likes."""
        taken = ("channels", "stride", "depth", self.tensor, self.may_read)
        return [name for name in self.parameters if name not in taken]


def values_of(parameter: str) -> list[str]:
    """What cells and calls say of a parameter."""
    return PARAMETERS[parameter][1] if parameter in PARAMETERS else INNER_WIDTHS


LIBRARY = [
    Block("mbconv", {"channels": None, "kernel": "3", "stride": "1", "expansion": "6", "se": "0", "skip": "true"}),
    Block("fused_mbconv", {"channels": None, "kernel": "3", "stride": "1", "expansion": "4", "se": "0"}),
    Block("separable_conv", {"channels": None, "kernel": "3", "stride": "1"}),
]
PRIMITIVE_STAGES = [
    Block("max_pool", {"kernel": "", "stride": "none"}),
    Block("conv", {"channels": None, "kernel": "1", "stride": "1"}),
    Block("depthwise", {"kernel": "3", "stride": "1"}),
    Block("norm", {}),
]


class Draw:
    """Choices, simplest first, so that a failing program shrinks to a simple one."""

    def __init__(self, random: Random):
        self.random = random

    def pick(self, options: Sequence[T]) -> T:
        return options[self.random.randint(0, len(options) - 1)]

    def number(self, least: int, most: int) -> int:
        return self.random.randint(least, most)

    def chance(self, percent: int) -> bool:
        return self.random.randint(0, 99) >= 100 - percent

    def some(self, options: Sequence[T], percent: int) -> list[T]:
        return [option for option in options if self.chance(percent)]


class Blanks(dict[str, str]):
    """Fillings for templates, each drawn when a template asks for it."""

    def __init__(self, **makers: Callable[[], str]):
        super().__init__()
        self.makers = makers

    def __missing__(self, name: str) -> str:
        return self.makers[name]()


def mentions(text: str, name: str) -> bool:
    """Whether an expression in a text uses a name."""
    return re.search(rf"(?<![\w.]){name}\b(?! = )", text) is not None


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table, its columns aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
