"""What the blocks of other notations are in the standard library: `notations.toml`, read."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

_PATH = Path(__file__).with_name("notations.toml")


@dataclass(frozen=True)
class Rule:
    """What one kind of block is; `notations.toml` explains the fields."""

    block: str
    skip: Literal["optional", "always", "never"]
    expansion: Literal["any", "wider", "none"]
    one: bool = False
    se: bool = False


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads(_PATH.read_text(encoding="utf-8"))


def rules(notation: str) -> dict[str, Rule]:
    """The kinds of blocks of a notation, by their names there."""
    return {name: Rule(**found) for name, found in _document()[notation].items() if isinstance(found, dict)}


def rounding(notation: str) -> str:
    """How a notation rounds the channels of squeeze-and-excitation: `even`, halves to the even number, or `down`."""
    return str(_document()[notation]["rounding"])


def section(name: Literal["stem", "head"], channels: int) -> str:
    """The text of a stem or a head of so many channels."""
    return str(_document()[name]).format(channels=channels)
