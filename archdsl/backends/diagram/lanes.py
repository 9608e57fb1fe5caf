"""A network whose head reads maps by name: a box for each tensor that the head makes, beside what it is made of.

Tensors that are equally large stand in a lane. Boxes say how large what they put out is, so that arrows need not.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from msgspec.structs import replace

from archdsl.backends.diagram import style
from archdsl.backends.diagram.figure import Edge, Frame, Node, Panel
from archdsl.backends.diagram.parts import parts
from archdsl.backends.diagram.style import NEUTRAL
from archdsl.backends.diagram.table import Look, Table
from archdsl.backends.diagram.tensors import HeadTensors, Made, rounds
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.description import Section, Stage

# How much stands on a line of a box, of which several stand side by side, and under the name.
_LETTERS, _LETTERS_BELOW = 28, 60


class Lanes(Table):
    """The boxes of one architecture: its stem and stages, and then those of its head, each in its lane."""

    def __init__(self, architecture: Architecture, tensors: HeadTensors | None, look: Look):
        super().__init__(architecture, look)
        self.letters, self.letters_below = min(look.letters, _LETTERS), _LETTERS_BELOW
        self.tensors = tensors
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.shapes: dict[str, Shape] = {}  # what comes out of each node, by its key
        self.known: set[str] = set()  # shared layers of which a use was drawn
        self.pooled: set[str] = set()  # those that make a vector
        self.sources: dict[str, str] = {}  # the nodes that tensors come from, by the paths of these

    def panel(self) -> Panel:
        architecture = self.architecture
        named = zip(architecture.images.items(), architecture.inputs or ["input"], strict=True)
        for number, ((path, shape), name) in enumerate(sorted(named, key=lambda one: one[0][0] == architecture.first)):
            key = "input" if path == architecture.first else f"i{number}"
            self._add(replace(self.end(key, {name: shape}), path=path), shape)
        others = len(architecture.images) - 1
        head = architecture.head if self.tensors is None else None
        for number, part in enumerate([*self.trunk(), *([head] if head is not None else [])]):
            self.edges.append(Edge(self.nodes[-1].key, str(number)))
            self._add(self.row(part, str(number)), part.output)
        trunk = [node.key for node in self.nodes[others:]]
        outputs = {"output": self.nodes[-1].path}
        if self.tensors is not None:
            for number, (made, frame) in enumerate(self._drawn(self.tensors)):
                self._tensor(f"h{number}", made, frame)
            outputs = self.tensors.outputs
        for number, (name, path) in enumerate(outputs.items()):
            shape = architecture.outputs.get(name, architecture.output)
            self.edges.append(Edge(self.sources[path], f"o{number}"))
            self._add(self.end(f"o{number}", {name: shape}), shape)
        lanes = self._lanes(trunk)
        return self.whole([replace(node, lane=lanes[node.key]) for node in self.nodes], self.edges)

    def facts(self, stage: Stage) -> Iterator[str]:
        _, *others = super().facts(stage)
        yield from (str(stage.output), *others)

    def section(self, section: Section) -> list[str]:
        return [*super().section(section), _size(section.output)]

    def _add(self, node: Node, shape: Shape) -> None:
        self.nodes.append(node)
        self.shapes[node.key] = shape
        self.sources.setdefault(node.path, node.key)

    # The head ---------------------------------------------------------------------------------------------------------

    def _drawn(self, tensors: HeadTensors) -> Iterator[tuple[list[Made], Frame | None]]:
        """The tensors that have a box: those that rounds make are one, with those in its place, in a frame."""
        made, start = tensors.made, 0
        for found in rounds(tensors):
            yield from (([one], None) for one in made[start : found.start])
            frame = Frame(f"rounds-{found.start}", str(found.times))
            for index in range(found.start, found.start + found.size):
                yield [made[copy] for copy in found.copies(index)], frame
            start = found.end
        yield from (([one], None) for one in made[start:])

    def _tensor(self, key: str, made: list[Made], frame: Frame | None) -> None:
        """The box of a tensor, or of several that rounds make in the same way."""
        first, last = made[0], made[-1]
        self.edges += [Edge(self.sources[path], key, skips=path != first.main) for path in first.reads]
        name, lines = _names([one.name for one in made]), tuple(self._lines(first))
        cost = self.cost(first.cost) if first.cost.params or first.cost.macs else []
        cost = style.filled([f"{len(made)} x {one}" for one in cost] if frame else cost, self.letters)
        colors = self.look.colors.get(first.kind, NEUTRAL)
        tooltip, frames = (name, str(first.output), *cost), (frame,) if frame else ()
        self._add(Node(key, first.path, "row", lines, colors, tooltip, name, tuple(cost), frames), first.output)
        self.sources[last.path] = key
        if first.pools:
            self.pooled.add(key)

    def _lines(self, made: Made) -> Iterator[str]:
        """What makes a tensor, and its size. What is in a shared layer stands where it is used first."""
        yield from (f"shared: {name}" for name in made.shared)
        if not made.shared or not self.known.issuperset(made.shared):
            yield from self.boxes(parts(made.visits))
        self.known.update(made.shared)
        yield _size(made.output)

    # Lanes ------------------------------------------------------------------------------------------------------------

    def _lanes(self, trunk: list[str]) -> dict[str, int]:
        """The lane of each node, by its key. Sizes that only the trunk has are no lanes, and vectors stand in the
        lane of the map that they are made of."""
        into = {edge.head: edge.tail for edge in reversed(self.edges) if not edge.skips}
        size: dict[str, tuple[int, int]] = {}
        vectors: set[str] = set()
        for node in self.nodes:
            tail, shape = into.get(node.key), self.shapes[node.key]
            if tail is not None and shape.height * shape.width == 1 and (node.key in self.pooled or tail in vectors):
                vectors.add(node.key)
                size[node.key] = size[tail]
            else:
                size[node.key] = (shape.height, shape.width)
        read = {trunk[-1], *(edge.tail for edge in self.edges if edge.head not in trunk)}
        sizes = {one for key, one in size.items() if key not in trunk or key in read}
        order = {one: lane for lane, one in enumerate(sorted(sizes, key=lambda one: (-one[0] * one[1], one)))}
        lanes = {key: order[one] for key, one in size.items() if one in order}
        for key, following in reversed([*pairwise(trunk)]):
            lanes.setdefault(key, lanes[following])
        return lanes


def _size(shape: Shape) -> str:
    return str(shape) if shape.height * shape.width > 1 else f"{shape.channels} channels"


def _names(names: list[str]) -> str:
    return ", ".join(names) if len(names) < 3 else f"{names[0]} … {names[-1]}"
