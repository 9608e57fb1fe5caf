"""The operator level: every operator of the network, in the frames of its stage, its block and the blocks inside.

A network of a thousand operators in one line would be a strip of paper a hundred times as long as wide. So each stage
is a row of its layers, which run from top to bottom, and the rows stand below each other.
"""

from __future__ import annotations

from collections.abc import Sequence

import graphviz

from archdsl.backends.diagram import style
from archdsl.backends.diagram.parts import colors, flows, title
from archdsl.backends.units import human
from archdsl.ir.architecture import Architecture
from archdsl.ir.walk import Level, Visit, walk

# Graphviz takes a second for a thousand, and ever longer for more.


def draw_operators(architectures: Sequence[Architecture]) -> graphviz.Digraph:
    """The operators of each architecture, side by side."""
    drawing = style.canvas(architectures[0].model, {"ranksep": "0.25", "nodesep": "0.25"})
    found: list[tuple[Architecture, list[Visit]]] = []
    count = 0
    for architecture in architectures:
        found.append((architecture, walk(architecture)))
        count += len(found[-1][1])
        style.bound(count, "drawn_operators", "operators", "draw one variant, or the stages, or the blocks")
    for architecture, visits in found:
        with drawing.subgraph(name=f"cluster_{style.name(architecture.name)}") as column:
            column.attr(**style.HEADING, label=style.label([architecture.name]))
            _Network(architecture, visits, column).draw()
    style.side_by_side(drawing, [style.name(architecture.name, "input") for architecture in architectures])
    return drawing


class _Network:
    def __init__(self, architecture: Architecture, visits: Sequence[Visit], column: graphviz.Digraph):
        self.architecture, self.visits, self.column = architecture, visits, column
        self.layers = {visit.path: _layer(visit) for visit in visits}
        self.stages = {f"stages.{stage.name}": stage for stage in architecture.stages}
        self.colors = style.palette(stage.op for stage in architecture.stages)

    def draw(self) -> None:
        style.nested(self.column, [(visit.levels, visit) for visit in self.visits], self._draw_node, self._frame)
        for tensor, visit, skips in flows(self.visits):
            look = style.SKIP if skips else style.THROUGH
            if self.layers[tensor.path] != self.layers[visit.path]:
                look = {"constraint": "false", "penwidth": "1.4"}
            shape = style.label([str(tensor.shape)])
            self.column.edge(self._name(tensor.path), self._name(visit.path), tooltip=shape, **look)
        self._arrange()

    def _name(self, path: str) -> str:
        return style.name(self.architecture.name, path)

    def _draw_node(self, graph: graphviz.Digraph, visit: Visit) -> None:
        ground, border = colors(visit)
        flow = " → ".join([*dict.fromkeys(map(str, visit.shapes)), str(visit.output)])
        cost = [f"{human(visit.params)} params · {human(visit.macs)} MACs"] if visit.params else []
        is_whole = bool(visit.levels) and visit.levels[-1].path == visit.path  # its frame has the id then
        graph.node(
            self._name(visit.path),
            style.label([title([visit]), str(visit.output)]),
            id="" if is_whole else self._name(visit.path),
            fillcolor=ground,
            color=border,
            tooltip=style.label([visit.path, flow, *cost]),
        )

    def _frame(self, level: Level, above: Level | None) -> dict[str, str]:
        """The frame of a stage, in the colour of its blocks, or of a block, with its path within the frame above."""
        if level.block is None:
            stage = self.stages.get(level.path)
            heading = f"{stage.op} x {len(stage.layers)}" if stage is not None else level.name
            ground, border = self.colors[stage.op] if stage is not None else style.NEUTRAL
            font, size = style.BOLD, "12"
        else:
            own = level.path.removeprefix(f"{above.path}.") if above is not None else level.path
            heading = own if own.split(".")[-1] == level.name else f"{own}: {level.name}"
            ground, border, font, size = "white", style.LINE, style.FONT, "9"
        return {
            "name": f"cluster_{self._name(level.path)}.{style.name(level.name)}",
            "id": "" if above is not None and above.path == level.path else self._name(level.path),
            "label": style.label([heading]),
            "tooltip": style.label([level.path, level.name]),
            "style": "rounded,filled",
            "fillcolor": ground,
            "color": border,
            "penwidth": "1",
            "fontname": font,
            "fontsize": size,
            "labeljust": "l",
            "margin": "8",
        }

    def _arrange(self) -> None:
        """Each row's layers side by side, and below the row before: what leads from layer to layer places nothing."""
        rows: dict[str, dict[str, list[Visit]]] = {}
        for visit in self.visits:
            row = visit.levels[0].path if visit.levels else visit.path
            rows.setdefault(row, {}).setdefault(self.layers[visit.path], []).append(visit)
        bottoms: list[str] = []
        for layers in rows.values():
            tops = [self._name(visits[0].path) for visits in layers.values()]
            style.side_by_side(self.column, tops)
            for bottom in bottoms:
                self.column.edge(bottom, tops[0], style="invis")
            bottoms = [self._name(visits[-1].path) for visits in layers.values()]


def _layer(visit: Visit) -> str:
    """The layer of the table that an operator belongs to; the stem and the head are one layer each."""
    is_in_table = bool(visit.levels) and visit.levels[0].path.startswith("stages.")
    levels = visit.levels[: 2 if is_in_table else 1]
    return levels[-1].path if levels else visit.path
