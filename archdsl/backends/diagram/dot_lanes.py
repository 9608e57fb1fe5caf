"""The stage level in DOT where networks have lanes: every box and every arrow in its place, which Graphviz draws."""

from __future__ import annotations

import graphviz

from archdsl.backends.diagram import dot
from archdsl.backends.diagram.figure import Edge, Figure, Node, Panel
from archdsl.backends.diagram.options import Options
from archdsl.backends.diagram.placement import Placed, Rectangle, placed
from archdsl.backends.diagram.routes import Route, routes
from archdsl.backends.diagram.style import SOFT

# Between two networks.
_APART = 40.0
# Points of an inch.
_INCH = 72.0


def draw_lanes(figure: Figure, options: Options) -> graphviz.Digraph:
    """The panels side by side, or below each other where each goes from left to right."""
    # Everything has its place already.
    drawing = dot.canvas(figure.name, options, {"layout": "nop2"})
    if figure.heading:
        drawing.attr(label=dot.label(figure.heading), labelloc="t", fontsize="14")
    x = y = 0.0
    for panel in figure.panels:
        found = placed(panel, options)
        with drawing.subgraph(name=f"cluster_{dot.name(panel.key)}") as graph:
            _Panel(panel, found, graph, options, x, y).draw()
        x, y = (x + found.width + _APART, y) if options.layout == "tb" else (x, y + found.height + _APART)
    return drawing


def node_name(panel: Panel, node: Node) -> str:
    """The name of a node in DOT."""
    return dot.name(panel.key, node.key)


def frame_name(panel: Panel, path: str) -> str:
    """The name of the cluster of a frame."""
    return f"cluster_{dot.name(panel.key, path)}"


class _Panel:
    """One panel, whose left upper corner is at `x` and `y`."""

    def __init__(self, panel: Panel, found: Placed, graph: graphviz.Digraph, options: Options, x: float, y: float):
        self.panel, self.found, self.graph, self.options = panel, found, graph, options
        self.x, self.y = x, y
        self.nodes = {node.key: node for node in panel.nodes}

    def draw(self) -> None:
        panel, found = self.panel, self.found
        whole = Rectangle(found.width / 2, found.height / 2, found.width, found.height)
        title = self._cluster(whole, found.title)
        self.graph.attr(**dot.HEADING, label=dot.heading(panel.title), tooltip=dot.label(panel.tooltip), **title)
        about = dot.name(panel.key, "about")
        look = {"shape": "plaintext", "style": "", "fontcolor": SOFT}
        self.graph.node(about, dot.label(panel.about), **look, **self._place(found.about))
        dot.nested(
            self.graph,
            [(node.frames, node) for node in panel.nodes],
            self._node,
            lambda frame, _: dot.framed(frame_name(panel, frame.path), frame) | self._frame(found.frames[frame]),
        )
        ways = routes(panel, found, is_upright=self.options.layout == "tb")
        for edge, way in zip(panel.edges, ways, strict=True):
            self._edge(edge, way)

    def _node(self, graph: graphviz.Digraph, node: Node) -> None:
        name, place, tooltip = node_name(self.panel, node), self.found.nodes[node.key], dot.label(node.tooltip)
        if node.kind == "end":
            graph.node(name, dot.label(node.lines), tooltip=tooltip, margin="0.1,0.03", **self._place(place))
            return
        # As without lanes, a cluster for the heading in bold; the node in it is as large, with a line left free.
        heading = Rectangle(place.x, place.y - place.height / 2 + 11, place.width, 14)
        with graph.subgraph(name=f"cluster_{name}") as drawn:
            drawn.attr(
                id=dot.name(self.panel.key, node.path),
                label=dot.heading(node.heading or ""),
                fontname=dot.BOLD,
                fontsize="12",
                style="rounded,filled",
                fillcolor=node.colors.ground,
                color=node.colors.border,
                penwidth="1.2",
                tooltip=tooltip,
                **self._cluster(place, heading),
            )
            look = {"shape": "plaintext", "style": "", "margin": "0"}
            lines = dot.label([*node.lines, *node.cost])
            drawn.node(name, rf" \n{lines}", tooltip=tooltip, **look, **self._place(place))

    def _edge(self, edge: Edge, way: Route) -> None:
        tail, head = (node_name(self.panel, self.nodes[key]) for key in (edge.tail, edge.head))
        points = " ".join(self._point(*point) for point in way.points)
        self.graph.edge(tail, head, pos=f"e,{self._point(*way.tip)} {points}", **(dot.SKIP if edge.skips else {}))

    # Places, as Graphviz has them: y upwards --------------------------------------------------------------------------

    def _place(self, one: Rectangle) -> dict[str, str]:
        """Of a node."""
        size = {"width": f"{one.width / _INCH:.4f}", "height": f"{one.height / _INCH:.4f}", "fixedsize": "true"}
        return {"pos": self._point(one.x, one.y), **size}

    def _cluster(self, one: Rectangle, label: Rectangle) -> dict[str, str]:
        """Of a cluster and of its label."""
        low = self._point(one.x - one.width / 2, one.y + one.height / 2)
        high = self._point(one.x + one.width / 2, one.y - one.height / 2)
        size = {"lwidth": f"{label.width / _INCH:.4f}", "lheight": f"{label.height / _INCH:.4f}"}
        return {"bb": f"{low},{high}", "lp": self._point(label.x, label.y), **size}

    def _frame(self, one: Rectangle) -> dict[str, str]:
        """Of a frame, whose caption stands in its right upper corner."""
        caption = Rectangle(one.right - 24, one.y - one.height / 2 + 9, 30, 12)
        return self._cluster(one, caption) | {"penwidth": "1"}

    def _point(self, x: float, y: float) -> str:
        return f"{self.x + x:.2f},{-(self.y + y):.2f}"
