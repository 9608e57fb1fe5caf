"""What one can choose about a drawing, but for its level and its format."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeVar

Thing = TypeVar("Thing")

# From top to bottom, as papers have columns, or from left to right, as slides and pages with one column have room.
Layout = Literal["tb", "lr"]


# What is drawn: the table as papers have it, the inside of each kind of block, or every operator.
Level = Literal["stage", "block", "operator"]


class Options(NamedTuple):
    layout: Layout = "tb"
    costs: bool = True

    def ordered(self, things: Iterable[Thing]) -> list[Thing]:
        """Things to place beside each other in the order in which Graphviz does, which in `lr` begins at the bottom."""
        return list(things) if self.layout == "tb" else list(things)[::-1]
