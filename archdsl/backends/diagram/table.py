"""A network as its table: a box for each row, the stem and the head, with their facts and costs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from archdsl.backends.diagram import style
from archdsl.backends.diagram.figure import Edge, Node, Panel
from archdsl.backends.diagram.options import Options
from archdsl.backends.diagram.parts import DrawnBox, facts, section_parts, stage_heading
from archdsl.backends.diagram.style import NEUTRAL, Colors
from archdsl.backends.units import human
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.cost import Cost
from archdsl.ir.description import Section, Stage
from archdsl.ir.operators.window import sides


class Look(NamedTuple):
    """What the columns of a drawing have in common."""

    colors: dict[str, Colors]
    varying: set[str]
    tells_doc: bool
    letters: int
    options: Options

    @classmethod
    def of(
        cls, architectures: Sequence[Architecture], in_heads: Sequence[str], options: Options, *, tells_doc: bool
    ) -> Look:
        """`in_heads` are the kinds of the boxes that heads have instead of their one.

        Raises DiagnosticError where there are too many boxes to draw.
        """
        stages = [stage for architecture in architectures for stage in architecture.stages]
        style.bound(len(stages) + len(in_heads), "drawn_stages", "stages", "draw one variant")
        colors = style.palette([stage.op for stage in stages] + [kind for kind in in_heads if kind])
        # Boxes from left to right are narrow, or a figure as wide as a page would have no letters that one can read.
        letters = 17 if options.layout == "lr" else 32 if len(architectures) > 1 else 42
        return cls(colors, _varying(stages), tells_doc, letters, options)


class Table:
    """The boxes of one architecture, from the stem to the head."""

    def __init__(self, architecture: Architecture, look: Look):
        self.architecture, self.look = architecture, look
        self.costs = architecture.costs
        # How much stands on a line of a box, and under the name.
        self.letters = self.letters_below = look.letters

    def panel(self) -> Panel:
        architecture = self.architecture
        parts = [*self.trunk(), *([architecture.head] if architecture.head is not None else [])]
        keys = ["input", *map(str, range(len(parts))), "output"]
        nodes = [
            self.end("input", {"input": architecture.input}),
            *(self.row(part, key) for key, part in zip(keys[1:], parts, strict=False)),
            self.end("output", architecture.outputs or {"output": architecture.output}),
        ]
        # What goes into the first row, and comes out of the last one, stands at the ends.
        shapes = [None, *(part.input for part in parts[1:]), None] if parts else [None]
        edges = [Edge(tail, head, shape) for (tail, head), shape in zip(pairwise(keys), shapes, strict=True)]
        return self.whole(nodes, edges)

    def whole(self, nodes: Iterable[Node], edges: Iterable[Edge]) -> Panel:
        """The panel of these nodes and edges."""
        name, doc = self.architecture.name, self.architecture.doc
        tooltip = (name, *style.wrapped(doc, 72, 12))
        return Panel(name, name, tuple(self._about()), tooltip, tuple(nodes), tuple(edges))

    def _about(self) -> list[str]:
        """What stands under the name: the first line of the doc, the parameters of a variant, the totals."""
        architecture, letters = self.architecture, self.letters_below
        doc = style.wrapped(style.first_line(architecture.doc), letters) if self.look.tells_doc else []
        chosen = architecture.parameters.items() if architecture.variant is not None else ()
        claims = " ".join(requirement.text for requirement in architecture.requirements)
        parameters = [
            f"{name.replace('_', ' ')} {style.value(value)}"
            for name, value in chosen
            if not re.search(rf"\b{re.escape(name)}\b", claims)  # a figure that is claimed, not one that is chosen
        ]
        part = [f"{architecture.part.name}: {architecture.part.network}"] if architecture.part is not None else []
        facts = style.filled([*part, *parameters], letters)
        return [*doc, *facts, *style.filled(self.cost(self.costs.model()), letters)]

    def trunk(self) -> list[Section | Stage]:
        """What comes before the head."""
        stem = self.architecture.stem
        return [*([stem] if stem is not None else []), *self.architecture.stages]

    def end(self, key: str, named: Mapping[str, Shape]) -> Node:
        """What goes in or comes out, by its names; of what is pooled to a point, the channels."""
        lines = (
            f"{name}  {shape if shape.height * shape.width > 1 else shape.channels}" for name, shape in named.items()
        )
        return Node(key, key, "end", tuple(lines), style.WHITE, (key,))

    def row(self, part: Section | Stage, key: str) -> Node:
        """The box of a section or of a stage."""
        path = self.architecture.path(part)
        if isinstance(part, Stage):
            heading, found = stage_heading(self.architecture, part), self.facts(part)
            lines, colors = style.filled(found, self.letters), self.look.colors[part.op]
            cost = self.costs.stage(part)
        else:
            heading = part.name
            lines, colors = self.section(part), NEUTRAL
            cost = self.costs.section(part)
        shown = style.filled(self.cost(cost), self.letters)
        tooltip = (*dict.fromkeys([path, heading]), f"{part.input} → {part.output}", *shown)
        return Node(key, path, "row", tuple(lines), colors, tooltip, heading, tuple(shown))

    def section(self, section: Section) -> list[str]:
        """What stands in the box of a stem or head."""
        return self.boxes(section_parts(self.architecture, section))

    def boxes(self, found: Iterable[DrawnBox]) -> list[str]:
        """Operators one after the other."""
        return [line for box in found for line in style.filled(_box_facts(box), self.letters)]

    def facts(self, stage: Stage) -> Iterator[str]:
        """What a row of the table says."""
        yield f"{stage.output.channels} channels"
        if stage.kernel is not None:
            yield f"kernel {stage.kernel}" if stage.output.is_line else str(sides(stage.kernel))
        if stage.stride is not None:
            yield f"stride {stage.stride}"
        if stage.expansion is not None:
            yield f"expansion {style.number(stage.expansion)}"
        if stage.se:
            yield f"SE {style.number(stage.se)}"
        for name, value in stage.arguments.items():
            word = name.replace("_", " ")
            if isinstance(value, bool):
                if name in self.look.varying:
                    yield word if value else f"no {word}"
            elif value is not None:
                yield f"{word} {style.value(value)}"

    def cost(self, cost: Cost) -> list[str]:
        """Parameters and MACs, or nothing where costs are not shown."""
        return [f"{human(cost.params)} params", f"{human(cost.macs)} MACs"] if self.look.options.costs else []


def _varying(stages: Iterable[Stage]) -> set[str]:
    """The arguments that have more than one value; a yes or no that is the same everywhere is not worth saying."""
    seen: dict[str, object] = {}
    pairs = [pair for stage in stages for pair in stage.arguments.items()]
    return {name for name, value in pairs if seen.setdefault(name, value) != value}


def _box_facts(box: DrawnBox) -> Iterator[str]:
    yield from facts([[member] for member in box.members])
    copies = box.first.levels[-1].copies if box.first.levels else 1
    if copies > 1:
        yield f"{copies} times"
