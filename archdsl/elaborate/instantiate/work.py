"""What the networks of a file have been made of so far, and how much work that was."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from msgspec import field

from archdsl.elaborate.effort import Effort
from archdsl.elaborate.instantiate.instances import Made
from archdsl.limits import limits


class Work(Effort):
    """Effort, with what came of it: the block instances by what they are made of."""

    made: dict[Hashable, Made] = field(default_factory=dict)

    def spare(self) -> Spare:
        """Some more, for what is good to know and need not be; it takes from here what has been made."""
        most = limits().effort
        return Spare(Work(most // 2, made=self.made), Work(3 * most // 4, made=self.made))


class Spare(NamedTuple):
    """Half as much again for further networks of search spaces, and a quarter for the choices that mistakes are of."""

    networks: Work
    causes: Work
