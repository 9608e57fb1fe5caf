"""Networks side by side: what each costs, and which of them no other is better than."""

from archdsl.backends.pareto.front import front
from archdsl.backends.pareto.measures import Measure, measure
from archdsl.backends.pareto.rows import NetworkRow

__all__ = ["Measure", "NetworkRow", "front", "measure"]
