"""Where in a head maps end and vectors begin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archdsl.backends.pytorch.steps import Seen
from archdsl.ir.body import Apply
from archdsl.ir.parts import applied

_POOLS = ("global_avg_pool", "global_max_pool")
_VECTORS = ("linear", "flatten")


def first_without_map(columns: Sequence[Seen]) -> int:
    """The position of the first step that reduces its input to 1 x 1; the number of steps when there is none."""
    for position, column in enumerate(columns):
        if _kinds(column) & {*_POOLS, *_VECTORS}:
            return position
    return len(columns)


def first_on_vectors(columns: Sequence[Seen]) -> int:
    """The position from which on a head works on vectors: a linear layer or flattening, and after it only such steps
    as take vectors. The number of steps when there is none."""
    found = len(columns)
    for position in reversed(range(len(columns))):
        column = columns[position]
        if not all(apply.operator is not None and _takes_vectors(apply) for apply in _applied(column)):
            break
        if _kinds(column) & set(_VECTORS):
            found = position
    return found


def _takes_vectors(apply: Apply) -> bool:
    return apply.operator is not None and apply.operator.vector_module(_AnyText()) is not None


def _kinds(column: Seen) -> set[str]:
    return {apply.operator.kind for apply in _applied(column) if apply.operator is not None}


def _applied(column: Seen) -> Iterator[Apply]:
    for _, step in column:
        yield from applied(step)


class _AnyText(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return key
