"""From operators that do the same to keys that mean the same."""

from __future__ import annotations

from collections.abc import Mapping

from archdsl.weights.key_map import COUNTER, Pair
from archdsl.weights.matching import Matching, layout
from archdsl.weights.trace import Trace, TracedOperator


def pairs_of(ours: Trace, theirs: Trace, matching: Matching) -> tuple[Pair, ...] | None:
    """Every key of ours with its key of theirs, in the order of our state dict.

    None where a matching contradicts itself. Tensors that no forward pass reads, the counters of batches, go where
    the others of their module go.
    """
    found: dict[str, str | None] = {}
    for operator in ours.operators:
        for our_key, their_key in _keys(operator, theirs.operators[matching[operator.position]], ours, theirs):
            if found.setdefault(our_key, their_key) != their_key:
                return None
    read = {key: other for key, other in found.items() if other is not None}
    for key in ours.unread:
        sibling = _sibling(key, read, theirs)
        if sibling is None and _leaf(key) != COUNTER:
            return None
        found[key] = sibling
    pairs = [_pair(key, found[key], ours, theirs) for key in ours.shapes if key in found]
    by_theirs = {pair.theirs: pair for pair in pairs}
    pairs += [
        Pair(by_theirs[first].ours, key, by_theirs[first].shape, theirs.shapes[key])
        for key, first in theirs.tied.items()
        if first in by_theirs
    ]
    return tuple(pairs)


def _pair(our_key: str, their_key: str | None, ours: Trace, theirs: Trace) -> Pair:
    shape = ours.shapes[our_key]
    return Pair(our_key, their_key, shape, theirs.shapes[their_key] if their_key is not None else shape)


def _keys(operator: TracedOperator, other: TracedOperator, ours: Trace, theirs: Trace) -> list[tuple[str, str]]:
    """The keys of two operators in pairs: by argument, then by shape, then by name where all names agree."""
    found: list[tuple[str, str]] = []
    for role, keys in operator.parts.items():
        other_keys = other.parts[role]
        by_name = {_leaf(key) for key in keys} == {_leaf(key) for key in other_keys}
        found += zip(_sorted(keys, ours.shapes, by_name), _sorted(other_keys, theirs.shapes, by_name), strict=True)
    return found


def _sorted(keys: tuple[str, ...], shapes: Mapping[str, tuple[int, ...]], by_name: bool) -> list[str]:
    return sorted(keys, key=lambda key: (layout(shapes[key]), _leaf(key) if by_name else ""))


def _sibling(key: str, read: Mapping[str, str], theirs: Trace) -> str | None:
    """What a key that nothing reads is called by the module that its siblings were found in."""
    module, leaf = key.rpartition(".")[0], _leaf(key)
    modules = {other.rpartition(".")[0] for known, other in read.items() if known.rpartition(".")[0] == module}
    names = [name for name in (f"{other}.{leaf}".lstrip(".") for other in modules) if name in theirs.shapes]
    return names[0] if len(names) == 1 else None


def _leaf(key: str) -> str:
    return key.rpartition(".")[2]
