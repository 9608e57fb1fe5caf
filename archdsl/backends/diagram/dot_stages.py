"""The stage level in DOT: the figure that a paper prints, one box for each row; a family stands side by side."""

from __future__ import annotations

import graphviz

from archdsl.backends.diagram import dot
from archdsl.backends.diagram.dot_lanes import draw_lanes
from archdsl.backends.diagram.figure import Edge, Figure, Node, Panel
from archdsl.backends.diagram.options import Options
from archdsl.backends.diagram.style import SOFT
from archdsl.ir.base import Shape


def draw_stages(figure: Figure, options: Options) -> graphviz.Digraph:
    """One column of boxes for each panel, or lanes of them."""
    if figure.has_lanes:
        return draw_lanes(figure, options)
    drawing = dot.canvas(figure.name, options, {"ranksep": "0.28", "nodesep": "0.3"})
    if figure.heading:
        drawing.attr(label=dot.label(figure.heading), labelloc="t", fontsize="14")
    panels = figure.panels
    width = "1" if options.layout == "lr" else "2.15" if len(panels) > 1 else "2.7"
    for panel in options.ordered(panels):
        with drawing.subgraph(name=f"cluster_{dot.name(panel.key)}") as column:
            _Column(panel, column, width, options).draw()
    dot.side_by_side(drawing, [dot.name(panel.key, "about") for panel in panels], options)
    return drawing


def node_name(panel: Panel, node: Node) -> str:
    """The name of a node in DOT."""
    return dot.name(panel.key, node.path)


class _Column:
    def __init__(self, panel: Panel, column: graphviz.Digraph, width: str, options: Options):
        self.panel, self.column, self.width, self.options = panel, column, width, options
        self.nodes = {node.key: node for node in panel.nodes}

    def draw(self) -> None:
        panel = self.panel
        tooltip = dot.label(panel.tooltip)
        self.column.attr(**dot.HEADING, label=dot.heading(panel.title), tooltip=tooltip)
        top = dot.name(panel.key, "about")
        self.column.node(top, dot.label(panel.about), shape="plaintext", style="", fontcolor=SOFT)
        into = {edge.head: edge for edge in panel.edges}
        for node in panel.nodes:
            self._draw_node(node)
            if node.key in into:
                self._draw_edge(into[node.key])
            else:
                self.column.edge(top, node_name(panel, node), style="invis")

    def _draw_edge(self, edge: Edge) -> None:
        tail, head = self.nodes[edge.tail], self.nodes[edge.head]
        clipped = {"lhead": self._cluster(head)} if head.kind == "row" else {}
        clipped |= {"label": self._edge_label(edge.shape)} if edge.shape is not None else {}
        clipped |= {"ltail": self._cluster(tail)} if tail.kind == "row" else {}
        self.column.edge(node_name(self.panel, tail), node_name(self.panel, head), **clipped)

    def _cluster(self, node: Node) -> str:
        return f"cluster_{node_name(self.panel, node)}"

    def _edge_label(self, shape: Shape) -> str:
        """Beside an arrow down; above an arrow to the right, and as narrow as it can be."""
        if self.options.layout == "tb":
            return f"  {dot.label([str(shape)])}"
        return dot.label([f"{shape.channels} x", shape.positions])

    def _draw_node(self, node: Node) -> None:
        name, tooltip = node_name(self.panel, node), dot.label(node.tooltip)
        if node.kind == "end":
            self.column.node(name, dot.label(node.lines), tooltip=tooltip, margin="0.15,0.03")
            return
        # A row is a cluster, for its heading in bold, around a node with the rest.
        with self.column.subgraph(name=self._cluster(node)) as drawn:
            drawn.attr(
                id=name,
                label=dot.heading(node.heading or ""),
                fontsize="12",
                style="rounded,filled",
                fillcolor=node.colors.ground,
                color=node.colors.border,
                penwidth="1.2",
                margin="3",
                tooltip=tooltip,
            )
            look = {"shape": "plaintext", "style": "", "width": self.width, "margin": "0.05,0.02"}
            drawn.node(name, dot.label([*node.lines, *node.cost]), tooltip=tooltip, **look)
