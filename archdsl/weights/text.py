"""Maps, and what did not match, as text."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.backends.table import aligned
from archdsl.diagnostics.render import printable
from archdsl.weights.key_map import KeyMap, Pair
from archdsl.weights.mismatch import Row, sizes

_MOST_ROWS = 40
_WIDEST = 160


def map_as_table(key_map: KeyMap) -> str:
    """Every pair of keys with the shape, and below how sure the map is."""
    rows = [(pair.ours, printable(pair.theirs or "-"), _shape(pair)) for pair in key_map.pairs]
    table = aligned((key_map.network, printable(key_map.origin), "shape"), rows, "<<<")
    return f"{table}\n\n{_summary(key_map)}"


def mismatch_as_table(rows: Sequence[Row], network: str, origin: str) -> str:
    """What did not match, ours and theirs, with positions in the order of use; the first rows of a long one."""
    lines = [
        (_number(row.our_position), row.ours[:_WIDEST], _number(row.their_position), row.theirs[:_WIDEST])
        for row in rows[:_MOST_ROWS]
    ]
    table = aligned(("#", network, "#", printable(origin)), lines, "><><")
    left = len(rows) - _MOST_ROWS
    return f"{table}\n... and {left} more" if left > 0 else table


def _summary(key_map: KeyMap) -> str:
    count = f"{len(key_map.pairs)} tensors"
    if key_map.error is None:
        proof = "by names, shapes and order; not proven, as a file cannot be run"
    else:
        proof = f"proven: outputs on equal random weights differ by {key_map.error:.1e} of the largest"
    left_out = f"; left out, as nothing reads them: {', '.join(map(printable, key_map.left_out))}"
    return f"{count}, {proof}{left_out if key_map.left_out else ''}"


def _shape(pair: Pair) -> str:
    shape = sizes(pair.shape)
    return shape if pair.shape == pair.their_shape else f"{shape} (theirs {sizes(pair.their_shape)})"


def _number(position: int | None) -> str:
    return "" if position is None else str(position)
