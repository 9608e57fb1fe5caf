"""The operators that are left of two traces when a part of the weights is not carried over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import networkx

from archdsl.weights.selection import Path, Selection, covering
from archdsl.weights.trace import IMAGES, Trace, TracedOperator, module_of

# Whether a path names a key of one side.
_Names = Callable[[Path, str], bool]


@dataclass(frozen=True)
class Piece:
    """What is matched as one, an operator or a module of a file: what it looks like and the keys of its tensors."""

    signature: Hashable
    keys: tuple[str, ...]


def kept(ours: Sequence[Piece], theirs: Sequence[Piece], selection: Selection) -> tuple[list[int], list[int]]:
    """The positions on both sides that are left after what a selection leaves out.

    What is named on one side is left out with what stands in its place on the other; with `parts`, so is what the other
    side has besides. Whether the rest agrees is for others to find out.
    """
    here = [_is_wanted(piece, selection, Path.of_ours, ours) for piece in ours]
    there = [_is_wanted(piece, selection, Path.of_theirs, theirs) for piece in theirs]
    unequal = _unequal(ours, theirs)
    for start, end, their_start, their_end in unequal:
        if start < end and their_start < their_end and not all((*here[start:end], *there[their_start:their_end])):
            if not any(here[start:end]) or not any(there[their_start:their_end]):
                pairs = [(at, other) for at in range(start, end) for other in range(their_start, their_end)]
            else:
                pairs = list(zip(range(start, end), range(their_start, their_end), strict=False))
            for at, other in [(at, other) for at, other in pairs if not (here[at] and there[other])]:
                here[at] = there[other] = False
    # What stands in one place and looks the same is left out on both sides or on none.
    aligned = SequenceMatcher(None, *_signatures(ours, theirs), autojunk=False).get_matching_blocks()
    for block in aligned:
        for step in range(block.size):
            here[block.a + step] = there[block.b + step] = here[block.a + step] and there[block.b + step]
    surplus = Counter(piece.signature for piece, is_in in zip(theirs, there, strict=True) if is_in)
    surplus -= Counter(piece.signature for piece, is_in in zip(ours, here, strict=True) if is_in)
    if selection.parts:
        beside = [other for *_, start, end in unequal for other in range(start, end)]
        for other in reversed(beside):
            if there[other] and surplus[theirs[other].signature] > 0:
                surplus[theirs[other].signature] -= 1
                there[other] = False
    return [at for at, is_in in enumerate(here) if is_in], [at for at, is_in in enumerate(there) if is_in]


def advice(ours: Sequence[Piece], theirs: Sequence[Piece]) -> str | None:
    """The options that leave out what the other side does not have; None where that is nearly everything."""
    differ = {at for start, end, *_ in _unequal(ours, theirs) for at in range(start, end)}
    missing = Counter(piece.signature for piece in ours) - Counter(piece.signature for piece in theirs)
    wrong = [key for at in sorted(differ) if missing[ours[at].signature] for key in ours[at].keys]
    right = [key for piece in ours for key in piece.keys if key not in set(wrong)]
    if not wrong or not right:
        return None
    skips, parts = covering(wrong, right), covering(right, wrong)
    option, paths = ("--skip", skips) if len(skips) <= len(parts) else ("--part", parts)
    return " ".join(f"{option} {path}" for path in paths) if len(paths) <= 4 else None


def restricted(trace: Trace, positions: Collection[int]) -> Trace:
    """A trace of some of the operators alone; what fed one through others now feeds it directly."""
    numbers = {position: number for number, position in enumerate(sorted(positions))}
    operators: list[TracedOperator] = []
    through: list[frozenset[tuple[int, int]]] = []
    for operator in trace.operators:
        sources = frozenset(
            edge
            for source, channel in operator.sources
            for edge in (
                {(IMAGES, channel)}
                if source == IMAGES
                else {(numbers[source], channel)}
                if source in numbers
                else through[source]
            )
        )
        through.append(sources)
        if operator.position in numbers:
            operators.append(replace(operator, position=len(operators), sources=sources))
    read = {key for operator in operators for key in operator.keys}
    modules = {module_of((key,)) for key in read}
    unread = set(trace.unread)
    shapes = {
        key: shape
        for key, shape in trace.shapes.items()
        if key in read or (key in unread and module_of((key,)) in modules)
    }
    tied = {key: first for key, first in trace.tied.items() if first in read}
    shapes |= {key: trace.shapes[key] for key in tied}
    return Trace(tuple(operators), shapes, tied)


def after_what_is_left_out(trace: Trace, positions: Collection[int]) -> set[int]:
    """The operators, by their position in the restricted trace, that depend on something outside it."""
    left_out = [operator.position for operator in trace.operators if operator.position not in positions]
    stained = {position for layer in networkx.bfs_layers(trace.graph, left_out) for position in layer}
    return {number for number, position in enumerate(sorted(positions)) if position in stained}


def _is_wanted(piece: Piece, selection: Selection, names: _Names, side: Sequence[Piece]) -> bool:
    if any(names(path, key) for path in selection.skips for key in piece.keys):
        return False
    parts = [path for path in selection.parts if any(names(path, key) for other in side for key in other.keys)]
    return not parts or any(names(path, key) for path in parts for key in piece.keys)


def _unequal(ours: Sequence[Piece], theirs: Sequence[Piece]) -> list[tuple[int, int, int, int]]:
    differ = SequenceMatcher(None, *_signatures(ours, theirs), autojunk=False)
    return [(a, b, c, d) for tag, a, b, c, d in differ.get_opcodes() if tag != "equal"]


def _signatures(ours: Sequence[Piece], theirs: Sequence[Piece]) -> tuple[list[Hashable], list[Hashable]]:
    return [piece.signature for piece in ours], [piece.signature for piece in theirs]
