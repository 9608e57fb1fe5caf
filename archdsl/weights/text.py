"""Maps, and what did not match, as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archdsl.backends.table import aligned
from archdsl.diagnostics.render import printable
from archdsl.weights.key_map import KeyMap, Pair
from archdsl.weights.mismatches import MismatchRow, sizes

if TYPE_CHECKING:
    from archdsl.weights.mapped import MappedWeights

_MOST_ROWS = 40
_WIDEST = 160


def map_as_table(key_map: KeyMap, mapped: MappedWeights | None = None) -> str:
    """Every pair of keys with the shape, what was not carried over, and below how sure the map is."""
    pairs = key_map.pairs if mapped is None else [pair for pair in key_map.pairs if pair.ours in mapped.ours]
    rows = [(pair.ours, printable(pair.theirs or "-"), _shape(pair)) for pair in pairs]
    tables = [aligned((key_map.network, printable(key_map.origin), "shape"), rows, "<<<")]
    if mapped is not None and mapped.left:
        lines = [
            (_tensor(left.ours, left.shape), _tensor(left.theirs, left.their_shape), left.why) for left in mapped.left
        ]
        tables.append(aligned(("not loaded", "", "why"), lines, "<<<"))
    return "\n\n".join([*tables, _summary(key_map, len(rows))])


def _tensor(key: str | None, shape: tuple[int, ...] | None) -> str:
    """A key with its shape."""
    if key is None:
        return "-"
    return f"{printable(key)}: {sizes(shape)}" if shape is not None else f"{printable(key)}: not in the file"


def mismatch_as_table(rows: Sequence[MismatchRow], network: str, origin: str) -> str:
    """What did not match, ours and theirs, with positions in the order of use; the first rows of a long one."""
    lines = [
        (_number(row.our_position), row.ours[:_WIDEST], _number(row.their_position), row.theirs[:_WIDEST])
        for row in rows[:_MOST_ROWS]
    ]
    table = aligned(("#", network, "#", printable(origin)), lines, "><><")
    left = len(rows) - _MOST_ROWS
    return f"{table}\n... and {left} more" if left > 0 else table


def _summary(key_map: KeyMap, count_of_tensors: int) -> str:
    count = f"{count_of_tensors} tensors"
    if key_map.is_by_name:
        proof = f"by the names of {key_map.network} itself"
    elif key_map.is_by_use:
        proof = "by use, shapes and order"
        if key_map.error is not None:
            proof += f"; proven where nothing is left out before: outputs differ by {key_map.error:.1e} of the largest"
    elif key_map.error is None:
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
