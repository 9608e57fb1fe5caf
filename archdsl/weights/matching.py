"""Which operator of one trace does what which operator of another does.

The Weisfeiler-Lehman test of networkx: operators begin with the colour of their kind and the shapes of their weights,
and take up, round after round, the colours of those before and after them. Two operators that keep one colour are the
same seen from anywhere in the network; such ties are settled by order of use, one at a time. (networkx's search for an
isomorphism, VF2++, does not end within a minute on the 99 operators of shufflenet_g3, of which many look alike.)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from math import prod
from typing import TypeVar

import networkx

from archdsl.weights.trace import IMAGES, Trace, TracedOperator

# Ours to theirs, by position in the order of use.
Matching = dict[int, int]
# Ours and theirs.
_T = TypeVar("_T")
_Both = tuple[_T, _T]
_INPUT, _OUTPUT = "input", "output"


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
    coarse = _with_depth(ours, our_signatures), _with_depth(theirs, their_signatures)
    fine = _with_constants(ours, coarse[0]), _with_constants(theirs, coarse[1])
    for labels, joins in ((fine, True), (coarse, True), (coarse, False)):
        matching = _Wiring((ours, theirs), labels, joins=joins).match()
        if matching is not None and matching not in given:
            given.append(matching)
            yield matching
    in_order = _by_order(our_signatures, their_signatures)
    if in_order not in given:
        yield in_order


def wired_differently(ours: Trace, theirs: Trace) -> tuple[list[TracedOperator], list[TracedOperator]]:
    """The operators, ours and theirs, at which two traces of equal operators are first seen to be wired differently."""
    wiring = _Wiring((ours, theirs), (_signatures(ours), _signatures(theirs)), joins=False)
    while all(len(here) == len(there) for here, there in wiring.classes()) and wiring.refine():
        pass
    classes = wiring.classes()
    more_of_ours = {position for here, there in classes if len(here) > len(there) for position in here}
    more_of_theirs = {position for here, there in classes if len(there) > len(here) for position in there}
    return (
        [operator for operator in ours.operators if operator.position in more_of_ours],
        [operator for operator in theirs.operators if operator.position in more_of_theirs],
    )


def signature(operator: TracedOperator, shapes: Mapping[str, tuple[int, ...]]) -> Hashable:
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


def _with_constants(trace: Trace, labels: Sequence[Hashable]) -> list[Hashable]:
    constants = (tuple(sorted(operator.constants.items())) for operator in trace.operators)
    return list(zip(labels, constants, strict=True))


def _with_depth(trace: Trace, labels: Sequence[Hashable]) -> list[Hashable]:
    """Labels that say how many operators come before each at most, which distinguishes equal ones in a long row."""
    generations = networkx.topological_generations(trace.graph)
    depths = {position: depth for depth, positions in enumerate(generations) for position in positions}
    return [(label, depths[position]) for position, label in enumerate(labels)]


def _by_order(ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> Matching:
    """The first of a signature with the first, the second with the second."""
    places: dict[Hashable, list[int]] = defaultdict(list)
    for position, found in enumerate(theirs):
        places[found].append(position)
    queues = {found: iter(positions) for found, positions in places.items()}
    return {position: next(queues[found]) for position, found in enumerate(ours)}


class _Wiring:
    """Both traces as one graph, and the colours of its nodes.

    Each operator is two nodes, its input and its output, so that an undirected graph says which of two comes first:
    networkx 3.6 takes readers for sources where edges of a directed graph have labels. The channels of an edge are
    seen only with `joins`.
    """

    def __init__(self, traces: _Both[Trace], labels: _Both[Sequence[object]], *, joins: bool):
        self.graph = networkx.Graph()
        for side, (trace, names) in enumerate(zip(traces, labels, strict=True)):
            self.graph.add_node((side, IMAGES, _OUTPUT), colour="images")
            for position, name in enumerate(names):
                self.graph.add_node((side, position, _INPUT), colour=f"input {name}")
                self.graph.add_node((side, position, _OUTPUT), colour=f"output {name}")
                self.graph.add_edge((side, position, _INPUT), (side, position, _OUTPUT), channels="")
            for source, position, channels in trace.graph.edges(data="channels"):
                seen = str(channels if joins else 0)
                self.graph.add_edge((side, source, _OUTPUT), (side, position, _INPUT), channels=seen)

    def match(self) -> Matching | None:
        """The matching that the wiring gives; None when the two are wired differently."""
        while True:
            while self.refine():
                pass
            classes = self.classes()
            if any(len(ours) != len(theirs) for ours, theirs in classes):
                return None
            ties = [members for members in classes if len(members[0]) > 1]
            if not ties:
                return {ours[0]: theirs[0] for ours, theirs in classes}
            for side, positions in enumerate(min(ties)):
                self.graph.nodes[side, positions[0], _INPUT]["colour"] += " the first"

    def refine(self) -> bool:
        """One round of colours that take up those of the neighbours. Whether more of them are distinguished now."""
        before = {colour for _, colour in self.graph.nodes(data="colour")}
        hashes = networkx.weisfeiler_lehman_subgraph_hashes(
            self.graph, node_attr="colour", edge_attr="channels", iterations=1
        )
        colours = {node: found for node, (found,) in hashes.items()}
        networkx.set_node_attributes(self.graph, colours, "colour")
        return len(set(colours.values())) > len(before)

    def classes(self) -> list[_Both[list[int]]]:
        """The operators that look the same, by position in the order of use."""
        colours = self.graph.nodes(data="colour")
        found: dict[Hashable, _Both[list[int]]] = defaultdict(lambda: ([], []))
        for side, position, end in self.graph:
            if end == _INPUT:
                key = colours[side, position, _INPUT], colours[side, position, _OUTPUT]
                found[key][side].append(position)
        return list(found.values())
