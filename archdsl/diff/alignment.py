"""Two sequences side by side: which item of one has become which of the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")

# An item that came or went costs as much as one of which half is different, so that two items are one that changed
# unless nothing of it is left.
_GAP = 0.5
_MOST_CELLS = 250_000


def align(
    before: Sequence[Item], after: Sequence[Item], distance: Callable[[Item, Item], float]
) -> list[tuple[Item | None, Item | None]]:
    """Pairs in both orders, None beside an item that came or went, such that the distances add up to the least.

    `distance` is from 0, the same, to 1, nothing in common.
    """
    start = 0
    while start < min(len(before), len(after)) and distance(before[start], after[start]) == 0:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and distance(before[-1 - end], after[-1 - end]) == 0:
        end += 1
    head = list(zip(before[:start], after[:start], strict=True))
    tail = list(zip(before[len(before) - end :], after[len(after) - end :], strict=True))
    inner = _aligned(before[start : len(before) - end], after[start : len(after) - end], distance)
    return [*head, *inner, *tail]


def _aligned(
    before: Sequence[Item], after: Sequence[Item], distance: Callable[[Item, Item], float]
) -> list[tuple[Item | None, Item | None]]:
    rows, columns = len(before), len(after)
    if rows * columns > _MOST_CELLS:  # Nobody reads a comparison of that size; one by one will do.
        longest = max(rows, columns)
        return [(before[n] if n < rows else None, after[n] if n < columns else None) for n in range(longest)]
    cost = [[_GAP * (row + column) for column in range(columns + 1)] for row in range(rows + 1)]
    for row in range(1, rows + 1):
        for column in range(1, columns + 1):
            cost[row][column] = min(
                cost[row - 1][column - 1] + distance(before[row - 1], after[column - 1]),
                cost[row - 1][column] + _GAP,
                cost[row][column - 1] + _GAP,
            )
    found: list[tuple[Item | None, Item | None]] = []
    row, column = rows, columns
    while row or column:
        here = cost[row][column]
        if row and column and here == cost[row - 1][column - 1] + distance(before[row - 1], after[column - 1]):
            row, column = row - 1, column - 1
            found.append((before[row], after[column]))
        elif column and here == cost[row][column - 1] + _GAP:
            column -= 1
            found.append((None, after[column]))
        else:
            row -= 1
            found.append((before[row], None))
    return found[::-1]
