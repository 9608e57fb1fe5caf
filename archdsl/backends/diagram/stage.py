"""The stage level: the figure that a paper prints, one box for each row of the table; a family stands side by side."""

from __future__ import annotations

from collections.abc import Sequence

import graphviz

from archdsl.backends.diagram import style
from archdsl.backends.diagram.options import Options
from archdsl.backends.diagram.table import Box, Look, Table, family_doc
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape


def draw_stages(architectures: Sequence[Architecture], options: Options) -> graphviz.Digraph:
    """One column of boxes for each architecture; a kind of block has the same colour in all of them."""
    style.bound_networks(len(architectures))
    drawing = style.canvas(architectures[0].model, options, {"ranksep": "0.28", "nodesep": "0.3"})
    if doc := family_doc(architectures):
        drawing.attr(label=style.label(doc), labelloc="t", fontsize="14")
    look = Look.of(architectures, options)
    width = "1" if options.layout == "lr" else "2.15" if len(architectures) > 1 else "2.7"
    for architecture in options.ordered(architectures):
        with drawing.subgraph(name=f"cluster_{style.name(architecture.name)}") as column:
            _Column(Table(architecture, look), column, width).draw()
    style.side_by_side(drawing, [style.name(architecture.name, "about") for architecture in architectures], options)
    return drawing


class _Column:
    def __init__(self, table: Table, column: graphviz.Digraph, width: str):
        self.table, self.column, self.width = table, column, width
        self.architecture = table.architecture

    def draw(self) -> None:
        architecture = self.architecture
        tooltip = style.label([architecture.name, *style.wrapped(architecture.doc, 72, 12)])
        self.column.attr(**style.HEADING, label=style.heading(architecture.name), tooltip=tooltip)
        top = self._name("about")
        self.column.node(top, style.label(self.table.about()), shape="plaintext", style="", fontcolor=style.SOFT)
        before = self._end("input", architecture.input)
        self.column.edge(top, before, style="invis")
        tail: dict[str, str] = {}
        for box in self.table.boxes():
            node, cluster = self._draw_box(box)
            shown = {"label": self._edge_label(box.input)} if tail else {}
            self.column.edge(before, node, lhead=cluster, **shown, **tail)
            before, tail = node, {"ltail": cluster}
        self.column.edge(before, self._end("output", architecture.output), **tail)

    def _name(self, path: str) -> str:
        return style.name(self.architecture.name, path)

    def _edge_label(self, shape: Shape) -> str:
        """Beside an arrow down; above an arrow to the right, and as narrow as it can be."""
        if self.table.look.options.layout == "tb":
            return f"  {style.label([str(shape)])}"
        return style.label([f"{shape.channels} x", f"{shape.height} x {shape.width}"])

    def _end(self, path: str, shape: Shape) -> str:
        """The image that goes in, or what comes out."""
        text = style.label([self.table.end(path, shape)])
        self.column.node(self._name(path), text, tooltip=path, margin="0.15,0.03")
        return self._name(path)

    def _draw_box(self, box: Box) -> tuple[str, str]:
        """A box is a cluster, for its heading in bold, around a node with the rest: their names."""
        node = self._name(box.path)
        cluster = f"cluster_{node}"
        tooltip = style.label([*dict.fromkeys([box.path, box.heading]), f"{box.input} → {box.output}", *box.cost])
        with self.column.subgraph(name=cluster) as drawn:
            drawn.attr(
                id=node,
                label=style.heading(box.heading),
                fontsize="12",
                style="rounded,filled",
                fillcolor=box.colors.ground,
                color=box.colors.border,
                penwidth="1.2",
                margin="3",
                tooltip=tooltip,
            )
            look = {"shape": "plaintext", "style": "", "width": self.width, "margin": "0.05,0.02"}
            drawn.node(node, style.label([*box.lines, *box.cost]), tooltip=tooltip, **look)
        return node, cluster
