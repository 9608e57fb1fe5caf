"""What figures of stages say: a box for each row of the table, the stem and the head, with their facts and costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from archdsl.backends.diagram import style
from archdsl.backends.diagram.figure import Edge, Figure, Group, Node, Panel
from archdsl.backends.diagram.options import Options
from archdsl.backends.diagram.parts import DrawnBox, facts, section_parts, stage_heading
from archdsl.backends.diagram.style import NEUTRAL, Colors
from archdsl.backends.units import human
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.body import Bound
from archdsl.ir.cost import Cost
from archdsl.ir.description import Section, Stage
from archdsl.ir.operators.window import sides
from archdsl.ir.parts import applied


class Look(NamedTuple):
    """What the columns of a drawing have in common."""

    colors: dict[str, Colors]
    varying: set[str]
    tells_doc: bool
    letters: int
    options: Options

    @classmethod
    def of(cls, architectures: Sequence[Architecture], options: Options) -> Look:
        """Raises DiagnosticError where there are too many stages to draw."""
        stages = [stage for architecture in architectures for stage in architecture.stages]
        style.bound(len(stages), "drawn_stages", "stages", "draw one variant")
        colors = style.palette(stage.op for stage in stages)
        # Boxes from left to right are narrow, or a figure as wide as a page would have no letters that one can read.
        letters = 17 if options.layout == "lr" else 32 if len(architectures) > 1 else 42
        return cls(colors, _varying(stages), not family_doc(architectures), letters, options)


def stage_figure(architectures: Sequence[Architecture], options: Options) -> Figure:
    """One panel for each architecture; a kind of block has the same colour in all of them.

    Raises DiagnosticError where there are too many stages to draw.
    """
    look = Look.of(architectures, options)
    panels = tuple(_Table(architecture, look).panel() for architecture in architectures)
    name = architectures[0].model
    return Figure("stage", name, tuple(family_doc(architectures)), (Group(name, "", panels),))


class _Table:
    """The boxes of one architecture, from the stem to the head."""

    def __init__(self, architecture: Architecture, look: Look):
        self.architecture, self.look = architecture, look
        self.costs = architecture.costs

    def panel(self) -> Panel:
        architecture = self.architecture
        rows = list(self._rows())
        keys = ["input", *map(str, range(len(rows))), "output"]
        nodes = [
            self._end("input", architecture.input),
            *(node(key) for key, (node, _) in zip(keys[1:], rows, strict=False)),
            self._end("output", architecture.output, architecture.outputs),
        ]
        # What goes into the first row, and comes out of the last one, stands at the ends.
        shapes = [None, *(shape for _, shape in rows[1:]), None] if rows else [None]
        edges = [Edge(tail, head, shape) for (tail, head), shape in zip(pairwise(keys), shapes, strict=True)]
        edges += self._read_by_head({row(key).path: key for key, (row, _) in zip(keys[1:], rows, strict=False)})
        tooltip = (architecture.name, *style.wrapped(architecture.doc, 72, 12))
        name = architecture.name
        return Panel(name, name, tuple(self._about()), tooltip, tuple(nodes), tuple(edges))

    def _about(self) -> list[str]:
        """What stands under the name: the first line of the doc, the parameters of a variant, the totals."""
        architecture, letters = self.architecture, self.look.letters
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
        return [*doc, *facts, *self._cost(self.costs.model())]

    def _end(self, path: str, shape: Shape, named: Mapping[str, Shape] | None = None) -> Node:
        """What goes in or comes out, by its names if there are some; of what is pooled to a point, the channels."""
        lines = (
            f"{name}  {shape if shape.height * shape.width > 1 else shape.channels}"
            for name, shape in (named or {path: shape}).items()
        )
        return Node(path, path, "end", tuple(lines), style.WHITE, (path,))

    def _read_by_head(self, keys: Mapping[str, str]) -> Iterator[Edge]:
        """What the head reads by name, besides what comes out of the last stage."""
        section = self.architecture.head
        for apply in applied(section.steps) if section is not None and section.reads_maps else ():
            for other in apply.others:
                if isinstance(other, Bound):
                    yield Edge(keys.get(other.name, "input"), keys["head"], skips=True)

    def _rows(self) -> Iterable[tuple[Callable[[str], Node], Shape]]:
        architecture = self.architecture
        if architecture.stem is not None:
            yield self._section(architecture.stem), architecture.stem.input
        for stage in architecture.stages:
            yield self._stage(stage), stage.input
        if architecture.head is not None:
            yield self._section(architecture.head), architecture.head.input

    def _section(self, section: Section) -> Callable[[str], Node]:
        parts = section_parts(self.architecture, section)
        lines = [line for part in parts for line in style.filled(_section_facts(part), self.look.letters)]
        name, cost = section.name, self._cost(self.costs.section(section))
        return _row(self.architecture.path(section), name, lines, section, cost, NEUTRAL)

    def _stage(self, stage: Stage) -> Callable[[str], Node]:
        heading = stage_heading(self.architecture, stage)
        lines = style.filled(_facts(stage, self.look.varying), self.look.letters)
        cost, colors = self._cost(self.costs.stage(stage)), self.look.colors[stage.op]
        return _row(self.architecture.path(stage), heading, lines, stage, cost, colors)

    def _cost(self, cost: Cost) -> list[str]:
        """Parameters and MACs, or nothing where costs are not shown."""
        found = [f"{human(cost.params)} params", f"{human(cost.macs)} MACs"]
        return style.filled(found, self.look.letters) if self.look.options.costs else []


def _row(
    path: str, heading: str, lines: Sequence[str], part: Section | Stage, cost: Sequence[str], colors: Colors
) -> Callable[[str], Node]:
    """A box by its key."""
    tooltip = (*dict.fromkeys([path, heading]), f"{part.input} → {part.output}", *cost)
    return lambda key: Node(key, path, "row", tuple(lines), colors, tooltip, heading, tuple(cost))


def family_doc(architectures: Sequence[Architecture]) -> list[str]:
    """What the members of a family say of themselves, if all say the same."""
    docs = {style.first_line(architecture.doc) for architecture in architectures}
    is_family = len(architectures) > 1 and len(docs) == 1
    return style.wrapped(docs.pop(), 36 * len(architectures), 1) if is_family else []


def _facts(stage: Stage, varying: set[str]) -> Iterable[str]:
    yield f"{stage.output.channels} channels"
    if stage.kernel is not None:
        yield str(sides(stage.kernel))
    if stage.stride is not None:
        yield f"stride {stage.stride}"
    if stage.expansion is not None:
        yield f"expansion {style.number(stage.expansion)}"
    if stage.se:
        yield f"SE {style.number(stage.se)}"
    for name, value in stage.arguments.items():
        word = name.replace("_", " ")
        if isinstance(value, bool):
            if name in varying:
                yield word if value else f"no {word}"
        elif value is not None:
            yield f"{word} {style.value(value)}"


def _varying(stages: Iterable[Stage]) -> set[str]:
    """The arguments that have more than one value; a yes or no that is the same everywhere is not worth saying."""
    seen: dict[str, object] = {}
    pairs = [pair for stage in stages for pair in stage.arguments.items()]
    return {name for name, value in pairs if seen.setdefault(name, value) != value}


def _section_facts(part: DrawnBox) -> Iterable[str]:
    yield from facts([[member] for member in part.members])
    copies = part.first.levels[-1].copies if part.first.levels else 1
    if copies > 1:
        yield f"{copies} times"
