"""How much work the networks of a file have been, so that no file keeps the compiler busy for long."""

from __future__ import annotations

from msgspec import Struct

from archdsl.diagnostics import Span
from archdsl.elaborate.errors import TooMuchWork
from archdsl.elaborate.problems import ElaborationError
from archdsl.limits import limits, raising


class Effort(Struct):
    """How much was done so far, over all networks of a file: no file keeps the compiler busy for long.

    A layer that is applied counts one, and so do a binding and a cell of a table; a layer of a stage counts two.
    """

    spent: int = 0
    problem: ElaborationError | None = None

    @property
    def is_spent(self) -> bool:
        return self.spent > limits().effort

    def spend(self, amount: int, span: Span, instead: str = "") -> None:
        """Notes some more. Raises ElaborationError where that is too much, the same each time; `instead` says what
        takes less.
        """
        self.spent += amount
        if self.is_spent:
            if self.problem is None:
                self.problem = ElaborationError(
                    TooMuchWork().at(span, help=raising("effort", 0, instead) if instead else None)
                )
            raise self.problem
