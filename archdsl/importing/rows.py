"""What every notation comes to: rows of a table, each value with its place in the text."""

from __future__ import annotations

from dataclasses import dataclass

from archdsl.diagnostics import Span
from archdsl.importing.rules import Rule


@dataclass(frozen=True)
class Number:
    """A number that is written somewhere."""

    value: float
    span: Span

    @property
    def text(self) -> str:
        """The number as the language writes it, to the last digit."""
        return str(self.whole) if self.value == self.whole else repr(self.value)

    @property
    def whole(self) -> int:
        return int(self.value)


@dataclass(frozen=True)
class BlockRow:
    """Blocks in sequence, the numbers as they are written. `inputs` are the channels that the first reads, where the
    notation says so, `expanded` those that are expanded in place of the input's; `skip` says whether shortcuts are
    wanted."""

    rule: Rule
    span: Span
    kernel: Number
    stride: Number
    channels: Number
    layers: Number
    expansion: Number
    se: Number | None = None
    inputs: Number | None = None
    expanded: Number | None = None
    skip: bool = True
