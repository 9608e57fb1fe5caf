"""The stage level: the figure that a paper prints, one box for each row of the table; a family stands side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import graphviz

from archdsl.backends.diagram import style
from archdsl.backends.diagram.parts import Part, facts, section_parts
from archdsl.backends.diagram.style import NEUTRAL, Colors
from archdsl.backends.units import human
from archdsl.ir.architecture import Architecture, Section, Stage
from archdsl.ir.base import Shape
from archdsl.ir.cost import Cost
from archdsl.ir.operators.base import sides


def draw_stages(architectures: Sequence[Architecture]) -> graphviz.Digraph:
    """One column of boxes for each architecture; a kind of block has the same colour in all of them."""
    count = sum(len(architecture.stages) for architecture in architectures)
    style.bound(count, "drawn_stages", "stages", "draw one variant")
    drawing = style.canvas(architectures[0].model, {"ranksep": "0.28", "nodesep": "0.3"})
    docs = {style.first_line(architecture.doc) for architecture in architectures}
    is_family = len(architectures) > 1 and len(docs) == 1
    if is_family and (doc := style.wrapped(docs.pop(), 36 * len(architectures), 1)):
        drawing.attr(label=style.label(doc), labelloc="t", fontsize="14")
    look = _Look(
        style.palette(stage.op for architecture in architectures for stage in architecture.stages),
        _varying(architectures),
        tells_doc=not is_family,
        width="2.15" if len(architectures) > 1 else "2.7",
        letters=32 if len(architectures) > 1 else 42,
    )
    for architecture in architectures:
        with drawing.subgraph(name=f"cluster_{style.name(architecture.name)}") as column:
            _Column(architecture, column, look).draw()
    style.side_by_side(drawing, [style.name(architecture.name, "about") for architecture in architectures])
    return drawing


class _Look(NamedTuple):
    """What the columns of a drawing have in common."""

    colors: dict[str, Colors]
    varying: set[str]
    tells_doc: bool
    width: str
    letters: int


class _Box(NamedTuple):
    """What stands in the box of a stage, the stem or the head, and what goes into it."""

    path: str
    heading: str
    lines: list[str]
    input: Shape
    output: Shape
    cost: Cost
    colors: Colors


class _Column:
    def __init__(self, architecture: Architecture, column: graphviz.Digraph, look: _Look):
        self.architecture, self.column, self.look = architecture, column, look
        self.costs = architecture.costs

    def draw(self) -> None:
        architecture = self.architecture
        tooltip = style.label([architecture.name, *style.wrapped(architecture.doc, 72, 12)])
        self.column.attr(**style.HEADING, label=style.label([architecture.name]), tooltip=tooltip)
        top = self._name("about")
        self.column.node(top, style.label(self._about()), shape="plaintext", style="", fontcolor=style.SOFT)
        before = self._end("input", architecture.input)
        self.column.edge(top, before, style="invis")
        tail: dict[str, str] = {}
        for box in self._boxes():
            node, cluster = self._draw_box(box)
            shown = {"label": f"  {style.label([str(box.input)])}"} if tail else {}
            self.column.edge(before, node, lhead=cluster, **shown, **tail)
            before, tail = node, {"ltail": cluster}
        self.column.edge(before, self._end("output", architecture.output), **tail)

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
        return [*doc, *style.filled(parameters, letters), _cost_text(self.costs.model())]

    def _name(self, path: str) -> str:
        return style.name(self.architecture.name, path)

    def _end(self, path: str, shape: Shape) -> str:
        """The image that goes in, or what comes out."""
        self.column.node(self._name(path), style.label([f"{path}  {_short(shape)}"]), tooltip=path, margin="0.15,0.03")
        return self._name(path)

    def _draw_box(self, box: _Box) -> tuple[str, str]:
        """A box is a cluster, for its heading in bold, around a node with the rest: their names."""
        node = self._name(box.path)
        cluster = f"cluster_{node}"
        cost = _cost_text(box.cost)
        tooltip = style.label([*dict.fromkeys([box.path, box.heading]), f"{box.input} → {box.output}", cost])
        with self.column.subgraph(name=cluster) as drawn:
            drawn.attr(
                id=node,
                label=style.label([box.heading]),
                fontsize="12",
                style="rounded,filled",
                fillcolor=box.colors.ground,
                color=box.colors.border,
                penwidth="1.2",
                margin="3",
                tooltip=tooltip,
            )
            look = {"shape": "plaintext", "style": "", "width": self.look.width, "margin": "0.05,0.02"}
            drawn.node(node, style.label([*box.lines, cost]), tooltip=tooltip, **look)
        return node, cluster

    def _boxes(self) -> Iterable[_Box]:
        architecture = self.architecture
        if architecture.stem is not None:
            yield self._section(architecture.stem)
        for stage in architecture.stages:
            yield self._stage(stage)
        if architecture.head is not None:
            yield self._section(architecture.head)

    def _section(self, section: Section) -> _Box:
        parts = section_parts(self.architecture, section)
        lines = [line for part in parts for line in style.filled(_section_facts(part), self.look.letters)]
        name, cost = section.name, self.costs.section(section)
        return _Box(name, name, lines, section.input, section.output, cost, NEUTRAL)

    def _stage(self, stage: Stage) -> _Box:
        heading = f"{stage.op} x {len(stage.layers)}"
        lines = style.filled(_facts(stage, self.look.varying), self.look.letters)
        path, cost, colors = f"stages.{stage.name}", self.costs.stage(stage), self.look.colors[stage.op]
        return _Box(path, heading, lines, stage.input, stage.output, cost, colors)


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


def _varying(architectures: Iterable[Architecture]) -> set[str]:
    """The arguments that have more than one value; a yes or no that is the same everywhere is not worth saying."""
    seen: dict[str, object] = {}
    stages = [stage for architecture in architectures for stage in architecture.stages]
    pairs = [pair for stage in stages for pair in stage.arguments.items()]
    return {name for name, value in pairs if seen.setdefault(name, value) != value}


def _section_facts(part: Part) -> Iterable[str]:
    yield from facts([[member] for member in part.members])
    copies = part.first.levels[-1].copies if part.first.levels else 1
    if copies > 1:
        yield f"{copies} times"


def _short(shape: Shape) -> str:
    """A shape; of one that is pooled to a point, the channels."""
    return str(shape) if shape.height * shape.width > 1 else str(shape.channels)


def _cost_text(cost: Cost) -> str:
    return f"{human(cost.params)} params · {human(cost.macs)} MACs"
