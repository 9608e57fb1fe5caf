"""Networks side by side: what each costs, and which of them no other is better than."""

from archdsl.backends.comparison.front import front
from archdsl.backends.comparison.measures import Measure, measure
from archdsl.backends.comparison.rows import Row

__all__ = ["Measure", "Row", "front", "measure"]
