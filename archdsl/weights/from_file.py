"""The map between a network of ours and a file, of which only names, shapes and perhaps an order are known.

Tensors are taken together by the module that their keys name, modules are distinguished by the shapes of their tensors,
and those of equal shapes follow each other as ours do in order of use. No outputs prove that: where it could be
otherwise, the file is refused, for a module that can be run knows more.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import networkx

from archdsl.diagnostics import Problem
from archdsl.diagnostics.render import printable
from archdsl.weights.errors import IndistinctTensors, OtherOrder, OtherWeights, SeveralReadings
from archdsl.weights.key_map import COUNTER, KeyMap, Pair
from archdsl.weights.matching import layout
from archdsl.weights.mismatches import MismatchError, MismatchRow, sizes, unequal
from archdsl.weights.partial import Piece, advice, kept, restricted
from archdsl.weights.scope import several, within
from archdsl.weights.selection import EVERYTHING, Selection
from archdsl.weights.trace import Trace, image_readers, trace

if TYPE_CHECKING:
    from torch import nn

    from archdsl.api import Network
    from archdsl.weights.files import Checkpoint

# Modules around the one that a file is of.
_DEEPEST_PREFIX = 3


@dataclass(frozen=True)
class _Group:
    """The tensors of one module: their shapes by key."""

    module: str
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def signature(self) -> Hashable:
        return tuple(sorted(layout(shape) for shape in self.shapes.values()))

    def __str__(self) -> str:
        parts = ", ".join(f"{key.rpartition('.')[2]} {sizes(shape)}" for key, shape in self.shapes.items())
        return printable(f"{self.module or '(top)'}: {parts}")


def map_file(
    network: Network, ours_built: nn.Module, checkpoint: Checkpoint, selection: Selection = EVERYTHING
) -> tuple[KeyMap, Checkpoint]:
    """The map between the keys of `network.build()` and those of a file, and the tensors of the file that it is of.

    Raises MismatchError where it is not certain.
    """
    whole = trace(ours_built, *(shape.sizes for shape in network.architecture.images.values()))
    checkpoint = _network_alone(checkpoint, _ours(whole))
    origin = str(checkpoint.path)
    shapes = {key: tuple(tensor.shape) for key, tensor in checkpoint.tensors.items()}
    is_ordered = checkpoint.is_ordered and list(shapes) != sorted(shapes)
    theirs = _grouped(shapes, by_name=not is_ordered)
    # A first convolution of color images is adapted to others; up to that it is the same.
    traced = whole if _fits(_ours(whole), theirs) else _for_color(whole)
    if selection and not _fits(_ours(traced), theirs):
        here, there = kept(_pieces(_ours(traced)), _pieces(theirs), selection)
        traced, theirs = restricted(traced, here), [theirs[position] for position in there]
    ours = _ours(traced)
    options = advice(_pieces(ours), _pieces(theirs)) if not selection else None
    _refuse(OtherWeights(network.name, origin, options), _different(ours, theirs))
    rows = _exchangeable(traced, ours, theirs)
    _refuse(SeveralReadings(origin), rows)
    matched = _in_order(ours, theirs, is_ordered=is_ordered)
    rows = _out_of_order(ours, matched, theirs, is_ordered=is_ordered)
    _refuse(OtherOrder(origin, network.name), rows)
    partners = [theirs[position] for position in matched]
    _refuse(IndistinctTensors(origin), _unclear(ours, partners))
    pairs = tuple(replace(pair, shape=whole.shapes[pair.ours]) for pair in _pairs(traced, ours, partners, shapes))
    left_of_ours = frozenset(whole.shapes.keys() - traced.shapes.keys())
    return KeyMap(network.name, origin, pairs, left_of_ours=left_of_ours), checkpoint


def _ours(traced: Trace) -> list[_Group]:
    return [_Group(o.name, {key: traced.shapes[key] for key in o.keys}) for o in traced.operators]


def _pieces(groups: Sequence[_Group]) -> list[Piece]:
    return [Piece(group.signature, tuple(group.shapes)) for group in groups]


def _fits(ours: Sequence[_Group], theirs: Sequence[_Group]) -> bool:
    return Counter(group.signature for group in ours) == Counter(group.signature for group in theirs)


def _network_alone(checkpoint: Checkpoint, ours: Sequence[_Group]) -> Checkpoint:
    """The tensors of the one module in a file that has the shapes of ours: of `model.` beside a loss, say."""
    shapes = {key: tuple(tensor.shape) for key, tensor in checkpoint.tensors.items()}
    if _fits(ours, _grouped(shapes, by_name=False)):
        return checkpoint
    sizes_of = Counter(key[: end.end()] for key in shapes for end in islice(re.finditer(r"\.", key), _DEEPEST_PREFIX))
    needed = sum(len(group.shapes) for group in ours)
    found = [
        prefix
        for prefix, size in sizes_of.items()
        if size >= needed
        and _fits(ours, _grouped({k: s for k, s in shapes.items() if k.startswith(prefix)}, by_name=False))
    ]
    # `model.` and, where there is nothing beside it, `model.encoder.` are the same.
    found = [prefix for prefix in found if not any(other != prefix and prefix.startswith(other) for other in found)]
    if len(found) > 1:
        raise several(checkpoint.path, found)
    return within(checkpoint, found[0]) if found else checkpoint


def _for_color(traced: Trace) -> Trace:
    """The trace as if the images had three channels, as most trained weights are for."""
    readers = image_readers(traced)
    shapes = {
        key: (shape[0], 3, *shape[2:]) if key in readers and len(shape) == 4 else shape
        for key, shape in traced.shapes.items()
    }
    return replace(traced, shapes=shapes)


def _refuse(problem: Problem, rows: Sequence[MismatchRow]) -> None:
    """Raises MismatchError when there are rows."""
    if rows:
        raise MismatchError(problem.at(None), rows)


def _grouped(shapes: Mapping[str, tuple[int, ...]], *, by_name: bool) -> list[_Group]:
    """The modules of a file in its order, or, where it has none, in that of their names, `layer10` after `layer9`."""
    groups: dict[str, dict[str, tuple[int, ...]]] = defaultdict(dict)
    for key, shape in shapes.items():
        module, _, leaf = key.rpartition(".")
        if leaf != COUNTER:
            groups[module][key] = shape
    found = [_Group(module, members) for module, members in groups.items()]
    return sorted(found, key=lambda group: _natural(group.module)) if by_name else found


def _natural(name: str) -> list[tuple[int, int, str]]:
    """A key to sort names by, whose numbers count as numbers."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(0, int(piece), "") if piece.isdecimal() and len(piece) < 10 else (1, 0, piece) for piece in pieces]


def _different(ours: Sequence[_Group], theirs: Sequence[_Group]) -> list[MismatchRow]:
    """Where modules of one side are missing on the other; nothing when they are the same in some order."""
    if Counter(group.signature for group in ours) == Counter(group.signature for group in theirs):
        return []
    return unequal([(g.signature, str(g)) for g in ours], [(g.signature, str(g)) for g in theirs])


def _exchangeable(traced: Trace, ours: Sequence[_Group], theirs: Sequence[_Group]) -> list[MismatchRow]:
    """Modules of equal shapes some of which neither come before nor after each other: any order of them is as good."""
    here, there = _by_signature(ours), _by_signature(theirs)
    return [
        MismatchRow(position + 1, str(ours[position]), other + 1, str(theirs[other]))
        for kind, positions in here.items()
        # In order of use, each comes before the next one, or the two are side by side.
        if not all(networkx.has_path(traced.graph, first, second) for first, second in pairwise(positions))
        for position, other in zip(positions, there[kind], strict=True)
    ]


def _by_signature(groups: Sequence[_Group]) -> dict[Hashable, list[int]]:
    found: dict[Hashable, list[int]] = defaultdict(list)
    for position, group in enumerate(groups):
        found[group.signature].append(position)
    return found


def _in_order(ours: Sequence[_Group], theirs: Sequence[_Group], *, is_ordered: bool) -> list[int]:
    """For each of ours the position of theirs: the first of equal shapes with the first, and so on.

    Names do not say whether what is in no numbered block comes before the blocks or after them; it is matched apart.
    """
    here, there = (
        [(group.signature, is_ordered or bool(_block(group.module))) for group in groups] for groups in (ours, theirs)
    )
    if Counter(here) != Counter(there):
        here, there = ([(group.signature, True) for group in groups] for groups in (ours, theirs))
    queues: dict[Hashable, list[int]] = defaultdict(list)
    for position in reversed(range(len(theirs))):
        queues[there[position]].append(position)
    return [queues[kind].pop() for kind in here]


def _out_of_order(
    ours: Sequence[_Group], matched: Sequence[int], theirs: Sequence[_Group], *, is_ordered: bool
) -> list[MismatchRow]:
    """What shows that an order is not the one of use.

    An order of definition has to be ours from beginning to end. Names say less: there, what stands in one numbered
    block has to be in one numbered block of the other side.
    """
    pairs = [(position, ours[position], other, theirs[other]) for position, other in enumerate(matched)]
    if is_ordered:
        return [
            MismatchRow(at + 1, str(group), other + 1, str(found)) for at, group, other, found in pairs if at != other
        ]
    here: dict[str, set[str]] = defaultdict(set)
    there: dict[str, set[str]] = defaultdict(set)
    for _, group, _, found in pairs:
        here[_block(group.module)].add(_block(found.module))
        there[_block(found.module)].add(_block(group.module))
    return [
        MismatchRow(at + 1, str(group), other + 1, str(found))
        for at, group, other, found in pairs
        if len(here[_block(group.module)]) > 1 and len(there[_block(found.module)]) > 1
    ]


def _block(module: str) -> str:
    """`stages.1.0` of `stages.1.0.main.norm`: up to the last number; empty for what is in no numbered block."""
    parts = module.split(".")
    numbered = [index for index, part in enumerate(parts) if part.isdecimal()]
    return ".".join(parts[: numbered[-1] + 1]) if numbered else ""


def _unclear(ours: Sequence[_Group], theirs: Sequence[_Group]) -> list[MismatchRow]:
    """The modules, in pairs, whose tensors cannot be distinguished."""
    return [
        MismatchRow(position + 1, str(group), None, str(other))
        for position, (group, other) in enumerate(zip(ours, theirs, strict=True))
        if not _keys(group, other)
    ]


def _keys(ours: _Group, theirs: _Group) -> dict[str, str]:
    """Our keys with theirs: by their own names, else by shapes; empty where neither is enough."""
    for named_by in (lambda key, shape: key.rpartition(".")[2], lambda key, shape: layout(shape)):
        here, there = ({named_by(*item): item[0] for item in group.shapes.items()} for group in (ours, theirs))
        if len(here) == len(ours.shapes) and here.keys() == there.keys():
            return {key: there[mark] for mark, key in here.items()}
    return {}


def _pairs(
    traced: Trace, ours: Sequence[_Group], theirs: Sequence[_Group], shapes: Mapping[str, tuple[int, ...]]
) -> tuple[Pair, ...]:
    """The keys in pairs, in the order of our state dict; counters of batches go with their modules."""
    found: dict[str, str] = {}
    modules: dict[str, str] = {}
    for group, other in zip(ours, theirs, strict=True):
        modules[group.module] = other.module
        found |= _keys(group, other)
    for key in traced.unread:
        module, _, leaf = key.rpartition(".")
        counter = f"{modules.get(module, '')}.{leaf}".lstrip(".")
        if counter in shapes:
            found[key] = counter
    return tuple(
        Pair(key, other, shape, shape if other is None else shapes[other])
        for key, shape in traced.shapes.items()
        for other in (found.get(key),)
    )
