"""Changes that break those who use a network: who load weights into it, or count on its outputs or its cost."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal, NamedTuple, get_args

from archdsl.backends.units import human
from archdsl.diff.difference import Difference, LayerChange
from archdsl.diff.operators import Change, OperatorChange, key_changes
from archdsl.diff.pairing import Paired
from archdsl.diff.summary import block_lines, key_groups
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Place

Category = Literal["MODELS", "KEYS", "SHAPES", "NUMERICS", "COST"]
CATEGORIES: tuple[Category, ...] = get_args(Category)


class Break(NamedTuple):
    """One breaking change of a network: what it is, and where the network stands now, or stood."""

    category: Category
    model: str
    text: str
    place: Place


def breaks(paired: Paired, tolerance: float = 0.0) -> list[Break]:
    """Everything that breaks, by network and category. Costs may change by `tolerance`, a share of what they were."""
    found = [Break("MODELS", gone.name, "removed", gone.place) for gone in paired.removed]
    for difference in paired.differences:
        place = difference.after.place
        found += [Break(what, difference.before.name, text, place) for what, text in _broken(difference, tolerance)]
    return found


def _broken(difference: Difference, tolerance: float) -> Iterator[tuple[Category, str]]:
    groups = key_groups(difference.parts)
    yield from (("KEYS", f"{group.sign} {group}") for group in groups if group.before != group.after)
    yield from (("SHAPES", f"{group}: {group.sizes}") for group in groups if group.is_reshaped)
    was_read, is_read = (_read(one) for one in (difference.before, difference.after))
    if was_read != is_read:
        yield "NUMERICS", f"inputs: {was_read} -> {is_read}"
    for where, lines in block_lines(difference.parts, _numeric):
        yield from (("NUMERICS", f"{where} {path}: {text}") for path, text in lines)
    for layer in (layer for part in difference.parts for layer in part.layers):
        if (layer.before is None or layer.after is None) and not layer.keys:
            yield "NUMERICS", f"- {layer.before.path}" if layer.before else f"+ {layer.after and layer.after.path}"
    was, now = difference.costs
    for what, one, other in (("params", was.params, now.params), ("MACs", was.macs, now.macs)):
        if abs(other - one) > tolerance * one:
            share = f" ({100 * (other - one) / one:+.2f} %)" if one else ""
            yield "COST", f"{what} {human(one)} -> {human(other)}{share}"


def _read(architecture: Architecture) -> str:
    """The arguments of the emitted `forward`, with the one that the stem and the stages read."""
    first = f", {architecture.source} first" if architecture.source is not None else ""
    return f"{', '.join(architecture.inputs) or 'input'}{first}"


def _numeric(layer: LayerChange) -> list[OperatorChange]:
    """The changes in a layer that give other outputs on the same weights: those of keys and shapes are separate."""
    reported = {_block(change) for change in layer.operators if key_changes(change.before, change.after)}
    return [numeric for change in layer.operators if (numeric := _numeric_part(change, reported)) is not None]


def _numeric_part(change: OperatorChange, reported: Collection[object]) -> OperatorChange | None:
    before, after = change.before, change.after
    if before is None or after is None:
        # What came or went with the tensors of its block is reported by their keys.
        is_reported = bool(key_changes(before, after)) or (_block(change) in reported and _block(change)[2] is not None)
        return None if change.keeps_outputs or is_reported else change
    kept = tuple(one for one in change.changes if not one.keeps_outputs and not _shapes_tensors(change, one))
    return OperatorChange(before, after, kept) if kept else None


def _block(change: OperatorChange) -> tuple[bool, bool, str | None]:
    """The block within its layer's block that an operator is part of, if it is of one, and whether it came or went."""
    visit = change.after or change.before
    inner = visit.levels[2].path if visit is not None and len(visit.levels) > 2 else None
    return change.before is None, change.after is None, inner


def _shapes_tensors(change: OperatorChange, one: Change) -> bool:
    """Whether an attribute alone gives an operator other tensors, as the channels of a convolution do."""
    operator = change.before.primitive if change.before is not None else None
    if operator is None or change.before is None or one.what not in type(operator).model_fields:
        return False
    other = operator.model_copy(update={one.what: one.after})
    return other.state(*change.before.shapes) != operator.state(*change.before.shapes)
