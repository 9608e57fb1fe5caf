"""The Pareto front: the networks that no other beats in one of two measures without losing in the other."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.backends.pareto.measures import Measure
from archdsl.backends.pareto.rows import NetworkRow


def front(rows: Sequence[NetworkRow], x: Measure, y: Measure) -> list[NetworkRow]:
    """The rows of the front, from the best in `x` on. Rows without one of the measures are not on it."""
    known = [row for row in rows if x.key in row.values and y.key in row.values]
    best: float | None = None
    found: list[NetworkRow] = []
    for row in sorted(known, key=lambda row: (_loss(row, x), _loss(row, y))):
        loss = _loss(row, y)
        last = found[-1] if found else None
        # Two that are alike in both measures stand on the front together.
        if best is None or loss < best or (last is not None and _loss(last, x) == _loss(row, x) and loss == best):
            found.append(row)
            best = loss
    return found


def _loss(row: NetworkRow, measure: Measure) -> float:
    value = row.values[measure.key]
    return value if measure.is_lower_better else -value
