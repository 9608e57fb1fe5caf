"""What the blocks of other notations are: `notations.toml`, read."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from archdsl.ir.functions import divisible

Form = Literal["channelwise", "fused", "activated", "plain"]
_PATH = Path(__file__).with_name("notations.toml")


@dataclass(frozen=True)
class Rule:
    """What one kind of block is; `notations.toml` explains the fields."""

    block: str
    form: Form
    expands: Literal["always", "unless_one", "unless_equal", "never"]
    skip: bool = True
    se: bool = False
    hidden: Literal["divisible", "product", "nearest"] = "divisible"
    squeezed: Literal["even", "down"] = "down"
    divisor: int = 8
    limit: float = 0.9
    strides: int = 2
    max_reduction: int | None = None
    act: str = "silu"
    norm: str = "batch_norm"
    padding: str = "symmetric"
    halves: Literal["down", "with_stride"] = "down"
    rounds_head: bool = False

    def rounded(self, channels: int) -> int:
        """The channels that are built for so many as written."""
        return divisible(channels, self.divisor, self.limit)


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads(_PATH.read_text(encoding="utf-8"))


@cache
def rules(notation: str) -> dict[str, Rule]:
    """The kinds of blocks of a notation, by their names there."""
    section = _document()[notation]
    shared = {name: value for name, value in section.items() if not isinstance(value, dict)}
    return {name: Rule(**shared | found) for name, found in section.items() if isinstance(found, dict)}


def section(name: Literal["stem", "head"], channels: int) -> str:
    """The text of a stem or a head of so many channels."""
    return str(_document()[name]).format(channels=channels)


def own_blocks() -> dict[Form, str]:
    """The texts of blocks that take every number explicitly, by the form that they have."""
    found: dict[Form, str] = _document()["blocks"]
    return found
