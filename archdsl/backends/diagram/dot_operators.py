"""The operator level: every operator of the network, in the frames of its stage, its block and the blocks inside.

A network of a thousand operators in one line would be a strip of paper a hundred times as long as wide. So each stage
is a row of its layers, which run from top to bottom, and the rows stand below each other. What comes into a layer is a
dot at its top: arrows lead from layer to layer and not from the bottom of one, across it, to the top of the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import graphviz

from archdsl.backends.diagram import dot, style
from archdsl.backends.diagram.options import Options
from archdsl.backends.diagram.parts import colors, flows, stage_heading, title
from archdsl.backends.units import human
from archdsl.ir.architecture import Architecture
from archdsl.ir.walk import Level, Tensor, Visit, in_stages, walk


def draw_operators(architectures: Sequence[Architecture], options: Options) -> graphviz.Digraph:
    """The operators of each architecture, side by side."""
    drawing = dot.canvas(architectures[0].model, options, {"ranksep": "0.25", "nodesep": "0.25"})
    found: list[tuple[Architecture, list[Visit]]] = []
    count = 0
    for architecture in architectures:
        found.append((architecture, walk(architecture)))
        count += len(found[-1][1])
        style.bound(count, "drawn_operators", "operators", "draw one variant, or the stages, or the blocks")
    for architecture, visits in options.ordered(found):
        with drawing.subgraph(name=f"cluster_{dot.name(architecture.name)}") as column:
            column.attr(**dot.HEADING, label=dot.heading(architecture.name))
            _Network(architecture, visits, column, options).draw()
    dot.side_by_side(
        drawing, [dot.name(architecture.name, architecture.first) for architecture in architectures], options
    )
    return drawing


class _Entry(NamedTuple):
    """Where a tensor comes into a layer that has a frame: a dot, from which it goes to those that read it."""

    layer: str
    tensor: Tensor


class _Network:
    def __init__(self, architecture: Architecture, visits: Sequence[Visit], column: graphviz.Digraph, options: Options):
        self.architecture, self.visits, self.column, self.options = architecture, visits, column, options
        self.stages = {architecture.path(stage): stage for stage in architecture.stages}
        self.colors = style.palette(stage.op for stage in architecture.stages)
        self.layer_of = {visit.path: _layer(visit) for visit in visits}
        self.layers: dict[str, list[Visit]] = {}
        for visit in visits:
            self.layers.setdefault(self.layer_of[visit.path], []).append(visit)
        self.frames = {layer: _frames(visits[0]) for layer, visits in self.layers.items()}
        self.entries = {
            layer: _Entry(layer, visits[0].inputs[0])
            for layer, visits in self.layers.items()
            if self.frames[layer] and visits[0].inputs
        }
        self.levels = {visit.path: visit.levels for visit in visits}
        self.depths = self._depths()
        self.tops: dict[Level, int] = {}
        for visit in visits:
            for level in visit.levels:
                self.tops[level] = min(self.tops.get(level, len(visits)), self.depths[visit.path])

    def draw(self) -> None:
        items: list[tuple[tuple[Level, ...], Visit | _Entry]] = []
        for layer, visits in self.options.ordered(self.layers.items()):
            items += [(self.frames[layer], self.entries[layer])] if layer in self.entries else []
            items += [(visit.levels, visit) for visit in visits]
        dot.nested(self.column, items, self._draw_node, self._frame)
        for tensor, visit, skips, sign in flows(self.visits):
            layer, look = self.layer_of[visit.path], dot.SKIP if skips else dot.THROUGH
            if self.layer_of[tensor.path] == layer:
                tail, levels = self._name(tensor.path), self.levels[tensor.path]
            elif layer in self.entries and self.entries[layer].tensor.path == tensor.path:
                tail, levels = self._entry_name(layer), self.frames[layer]
                look = look if skips else {"weight": "40"}  # the dot stands above what reads it
            elif layer in self.entries:
                tail, levels, look = self._name(tensor.path), (), {"constraint": "false", "penwidth": "1.4"}
            else:  # it leads to this layer, which is one operator
                continue
            into = self._into(visit, levels)
            look = look | into | dot.sign(sign)
            self.column.edge(tail, self._name(visit.path), tooltip=dot.label([str(tensor.shape)]), **look)
        self._arrange()

    def _into(self, visit: Visit, outside: tuple[Level, ...]) -> dict[str, str]:
        """An arrow from outside a frame to what stands first in it ends at the frame, or it would cross its heading."""
        entered = next((level for level in visit.levels if level not in outside), None)
        is_first = entered is not None and self.tops[entered] == self.depths[visit.path]
        return {"lhead": self._cluster(entered)} if entered is not None and is_first else {}

    def _entry_name(self, layer: str) -> str:
        """The node that stands where a layer begins."""
        return self._name(f"{layer}:in") if layer in self.entries else self._name(self.layers[layer][0].path)

    def _cluster(self, level: Level) -> str:
        return f"cluster_{self._name(level.path)}.{dot.name(level.name)}"

    def _name(self, path: str) -> str:
        return dot.name(self.architecture.name, path)

    def _draw_node(self, graph: graphviz.Digraph, visit: Visit | _Entry) -> None:
        if isinstance(visit, _Entry):
            tooltip = dot.label([visit.layer, str(visit.tensor.shape)])
            look = {"shape": "point", "width": "0.06", "height": "0.06", "color": style.SOFT, "fillcolor": style.SOFT}
            graph.node(self._entry_name(visit.layer), "", tooltip=tooltip, **look)
            return
        ground, border = colors(visit)
        flow = " → ".join([*dict.fromkeys(map(str, visit.shapes)), str(visit.output)])
        cost = (
            [f"{human(visit.params)} params · {human(visit.macs)} MACs"] if visit.params and self.options.costs else []
        )
        is_whole = bool(visit.levels) and visit.levels[-1].path == visit.path  # its frame has the id then
        graph.node(
            self._name(visit.path),
            dot.label([title([visit]), str(visit.output)]),
            id="" if is_whole else self._name(visit.path),
            fillcolor=ground,
            color=border,
            tooltip=dot.label([visit.path, flow, *cost]),
        )

    def _frame(self, level: Level, above: Level | None) -> dict[str, str]:
        """The frame of a stage, in the colour of its blocks, or of a block, with its path within the frame above."""
        if level.block is None:
            stage = self.stages.get(level.path)
            heading = stage_heading(self.architecture, stage) if stage is not None else level.name
            ground, border = self.colors[stage.op] if stage is not None else style.NEUTRAL
            font, size = dot.BOLD, "12"
        else:
            own = level.path.removeprefix(f"{above.path}.") if above is not None else level.path
            heading = own if own.split(".")[-1] == level.name else f"{own}: {level.name}"
            ground, border, font, size = "white", style.LINE, dot.FONT, "9"
        return {
            "name": self._cluster(level),
            "id": "" if above is not None and above.path == level.path else self._name(level.path),
            "label": dot.heading(heading) if level.block is None else dot.label([heading]),
            "tooltip": dot.label([level.path, level.name]),
            "style": "rounded,filled",
            "fillcolor": ground,
            "color": border,
            "penwidth": "1",
            "fontname": font,
            "fontsize": size,
            # Where no arrow from layer to layer passes.
            "labeljust": "r" if self.options.layout == "lr" and level.block is not None else "l",
            "margin": "8",
        }

    def _arrange(self) -> None:
        """Each row's layers side by side, with an arrow from one to the next, and below the row before.

        Rows are held apart by one edge, from the last layer to the first below. With an edge from each layer, Graphviz
        would have fewer crossings with the layers in another order, and would give them that.
        """
        rows: dict[str, list[str]] = {}
        for layer, visits in self.layers.items():
            row = visits[0].levels[0].path if visits[0].levels else layer if visits[0].inputs else "input"
            rows.setdefault(row, []).append(layer)
        above: list[str] = []
        for layers in rows.values():
            if above:
                self._below(above, layers[0])
            with self.column.subgraph(graph_attr={"rank": "same"}) as ranked:
                for layer in self.options.ordered(layers):
                    ranked.node(self._entry_name(layer))
                for left, right in pairwise(layers):
                    self._beside(ranked, left, right)
            above = layers

    def _beside(self, row: graphviz.Digraph, left: str, right: str) -> None:
        read = [tensor for tensor in self.layers[right][0].inputs[:1] if self.layer_of[tensor.path] == left]
        frame = self.frames[left]
        look = {"tooltip": dot.label([str(read[0].shape)])} if read else dot.HIDDEN
        ends = self.options.ordered([self._entry_name(left), self._entry_name(right)])
        side, back = ("ltail", {}) if self.options.layout == "tb" else ("lhead", {"dir": "back"})
        clipped = {side: self._cluster(frame[-1])} if frame else {}
        row.edge(*ends, weight="0", **clipped, **back, **look)

    def _below(self, above: Sequence[str], first: str) -> None:
        tensor = self.layers[first][0].inputs[0]
        deepest = max(self.depths[visit.path] for layer in above for visit in self.layers[layer])
        least = {"minlen": str(1 + deepest - self.depths[tensor.path])}
        frame = self.frames[first]
        head = {"lhead": self._cluster(frame[0])} if frame else {}
        tooltip = dot.label([str(tensor.shape)])
        self.column.edge(self._name(tensor.path), self._entry_name(first), tooltip=tooltip, **least, **head)

    def _depths(self) -> dict[str, int]:
        """How many operators of its layer stand above each one."""
        depths: dict[str, int] = {}
        for visit in self.visits:
            own = [tensor.path for tensor in visit.inputs if self.layer_of[tensor.path] == self.layer_of[visit.path]]
            depths[visit.path] = max((depths[path] + 1 for path in own), default=0)
        return depths


def _frames(first: Visit) -> tuple[Level, ...]:
    """The frames around a layer, the last one its own."""
    layer = _layer(first)
    around = next((number for number, level in enumerate(first.levels, 1) if level.path == layer), 0)
    return first.levels[:around]


def _layer(visit: Visit) -> str:
    """The layer of the table that an operator belongs to; the stem and the head are one layer each."""
    is_in_table = bool(visit.levels) and in_stages(visit.levels[0].path)
    levels = visit.levels[: 2 if is_in_table else 1]
    return levels[-1].path if levels else visit.path
