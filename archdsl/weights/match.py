"""Which operator of one trace does what which operator of another does.

Colours are refined as in the Weisfeiler-Lehman test: operators begin with the colour of their kind and the shapes of
their weights, and take up, round after round, the colours of those before and after them. Two operators that keep one
colour are the same seen from anywhere in the network; such ties are settled by order of use, one at a time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from archdsl.weights.trace import IMAGES, Operator, Trace

# Ours to theirs, by position in the order of use.
Matching = dict[int, int]


def matchings(ours: Trace, theirs: Trace) -> Iterator[Matching]:
    """Complete matchings, the most convincing first; none when kinds and shapes do not agree in number.

    The first sees constants, the wiring, and which channels of joined tensors an operator makes; each of the next is
    blind to one more of these, until only the order of use is left: libraries may spell what lies between weights in
    ways that tracing sees differently. All of them are to be proven by the outputs.
    """
    our_signatures, their_signatures = _signatures(ours), _signatures(theirs)
    if Counter(our_signatures) != Counter(their_signatures):
        return
    given: list[Matching] = []
    constants = [tuple(sorted(o.constants.items())) for o in (*ours.operators, *theirs.operators)]
    coarse = [*our_signatures, *their_signatures]
    fine: list[Hashable] = list(zip(coarse, constants, strict=True))
    for colours, joins in ((fine, True), (coarse, True), (coarse, False)):
        matching = _Graph.of(ours, theirs, joins=joins).match(colours)
        if matching is not None and matching not in given:
            given.append(matching)
            yield matching
    in_order = _by_order(our_signatures, their_signatures)
    if in_order not in given:
        yield in_order


def wired_differently(ours: Trace, theirs: Trace) -> tuple[list[Operator], list[Operator]]:
    """The operators, ours and theirs, at which two traces of equal operators are first seen to be wired differently."""
    colours = _numbered([*_signatures(ours), *_signatures(theirs)])
    graph = _Graph.of(ours, theirs, joins=False)
    while True:
        here, there = Counter(colours[: graph.border]), Counter(colours[graph.border :])
        if here != there or (finer := graph.round(colours)) == colours:
            break
        colours = finer
    return (
        [operator for operator, colour in zip(ours.operators, colours, strict=False) if here[colour] > there[colour]],
        [
            operator
            for operator, colour in zip(theirs.operators, colours[graph.border :], strict=True)
            if there[colour] > here[colour]
        ],
    )


def signature(operator: Operator, shapes: Mapping[str, tuple[int, ...]]) -> Hashable:
    """The kind of an operator and the shapes of its weights, as far as they do not depend on how they are laid out."""
    return (
        operator.family,
        *sorted((role, *sorted(layout(shapes[key]) for key in keys)) for role, keys in operator.parts.items()),
    )


def layout(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without what may differ between equal weights: axes of one, and whether a weight is a matrix or not."""
    sizes = tuple(size for size in shape if size != 1)
    return (sizes[0], prod(sizes[1:])) if len(sizes) > 1 else sizes


def _signatures(trace: Trace) -> list[Hashable]:
    return [signature(operator, trace.shapes) for operator in trace.operators]


def _by_order(ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> Matching:
    """The first of a signature with the first, the second with the second."""
    places: dict[Hashable, list[int]] = defaultdict(list)
    for position, found in enumerate(theirs):
        places[found].append(position)
    queues = {found: iter(positions) for found, positions in places.items()}
    return {position: next(queues[found]) for position, found in enumerate(ours)}


@dataclass(frozen=True)
class _Graph:
    """Both traces as one graph: ours are the nodes before `border`, theirs those from it on."""

    border: int
    before: Sequence[Sequence[tuple[int, int]]]
    after: Sequence[Sequence[tuple[int, int]]]

    @classmethod
    def of(cls, ours: Trace, theirs: Trace, *, joins: bool) -> _Graph:
        border = len(ours.operators)
        before: list[list[tuple[int, int]]] = []
        after: list[list[tuple[int, int]]] = [[] for _ in range(border + len(theirs.operators))]
        for start, trace in ((0, ours), (border, theirs)):
            for operator in trace.operators:
                edges = {
                    (source + start if source != IMAGES else IMAGES, channel if joins else 0)
                    for source, channel in operator.sources
                }
                before.append(sorted(edges))
                for source, channel in edges:
                    if source != IMAGES:
                        after[source].append((operator.position + start, channel))
        return cls(border, before, after)

    def match(self, signatures: Sequence[Hashable]) -> Matching | None:
        """The matching that the wiring gives; None when the two are wired differently."""
        colours = self._refined(_numbered(signatures))
        while True:
            classes: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
            for node, colour in enumerate(colours):
                classes[colour][node >= self.border].append(node)
            if any(len(ours) != len(theirs) for ours, theirs in classes.values()):
                return None
            ties = [members for members in classes.values() if len(members[0]) > 1]
            if not ties:
                return {ours[0]: theirs[0] - self.border for ours, theirs in classes.values()}
            ours, theirs = min(ties)
            colours[ours[0]] = colours[theirs[0]] = len(colours)
            colours = self._refined(colours)

    def _refined(self, colours: list[int]) -> list[int]:
        """Colours that no neighbour can tell apart any further."""
        while len(set(finer := self.round(colours))) > len(set(colours)):
            colours = finer
        return finer

    def round(self, colours: Sequence[int]) -> list[int]:
        """Colours that take up those of the operators right before and after."""
        return _numbered(
            [
                (
                    colour,
                    tuple(sorted((-1 if other == IMAGES else colours[other], channel) for other, channel in before)),
                    tuple(sorted((colours[other], channel) for other, channel in after)),
                )
                for colour, before, after in zip(colours, self.before, self.after, strict=True)
            ]
        )


def _numbered(values: Sequence[Hashable]) -> list[int]:
    """Equal values get equal numbers, from 0 on."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(value, len(numbers)) for value in values]
