"""What an estimate says of a part of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from archdsl.ir.base import Shape
from archdsl.ir.cost import Cost

if TYPE_CHECKING:
    from archdsl.backends.receptive_field import ReceptiveField


class CostedPart(Struct, frozen=True):
    """A part of a network: a stage (the stem and the head among them), a block or an operator.

    `path` is where it is in the built module, `op` what it does, `layers` how often its block repeats. Shapes are
    those of one image; `cost` is for the whole batch. A stage has its blocks as `parts` and a block its operators,
    where they were asked for; they add up to it. So has a stage its `receptive_field`.
    """

    path: str
    op: str
    layers: int
    input: Shape
    output: Shape
    cost: Cost
    parts: tuple[CostedPart, ...] = ()
    receptive_field: ReceptiveField | None = None

    @property
    def name(self) -> str:
        """What it is called within the part that it belongs to."""
        return self.path.rpartition(".")[2]
