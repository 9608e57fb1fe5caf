"""What a network may cost: `400M`, at most; `300M +- 2%`, about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archdsl.diagnostics import Source, Span
from archdsl.elaborate.evaluate.arithmetic import amount
from archdsl.ir.cost import Cost
from archdsl.passes.fit import Budget

MEASURES = ("params", "macs", "flops", "activations")


@dataclass(frozen=True)
class Limit:
    """A budget as it was written: the amount it speaks of, and the text."""

    budget: Budget
    amount: float
    span: Span

    @property
    def claim(self) -> str:
        """What it asks for, as a `require` line says it."""
        return f"{self.budget.measure} {'==' if self.budget.least else '<='} {' '.join(self.span.text.split())}"

    def share(self, cost: Cost) -> float:
        """How much of the amount a cost takes; 1.0 is all of it."""
        return self.budget.of(cost) / self.amount


def limit(measure: str, source: Source) -> Limit:
    """The budget of a measure that a text says. Raises DiagnosticError when it says none."""
    value, tolerance = amount(source, measure)
    span = Span(source, 0, len(source.text))
    if tolerance is None:
        return Limit(Budget(measure, value), value, span)
    return Limit(Budget(measure, value + tolerance, max(0.0, value - tolerance)), value, span)


def fullest(limits: Sequence[Limit], cost: Cost) -> Limit:
    """The budget that a cost takes most of: the one that binds."""
    return max(limits, key=lambda one: one.share(cost))
