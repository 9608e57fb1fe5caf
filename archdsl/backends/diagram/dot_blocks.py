"""The block level in DOT: the inside of each kind of block, side by side."""

from __future__ import annotations

from contextlib import nullcontext

import graphviz

from archdsl.backends.diagram import dot, style
from archdsl.backends.diagram.figure import Edge, Figure, Frame, Group, Node, Panel
from archdsl.backends.diagram.options import Options


def draw_blocks(figure: Figure, options: Options) -> graphviz.Digraph:
    """The panels of each model, side by side. Raises DiagnosticError where there are too many boxes."""
    drawing = dot.canvas(figure.name, options, {"ranksep": "0.3", "nodesep": "0.3"})
    tops: list[str] = []
    for group in options.ordered(figure.groups):
        tallest = max((len(panel.about) for panel in group.panels), default=0)
        count = sum(len(panel.nodes) for panel in group.panels)
        style.bound(count, "drawn_blocks", "boxes", "draw the stages instead")
        is_alone = len(figure.groups) == 1
        around = nullcontext(drawing) if is_alone else drawing.subgraph(name=f"cluster_{dot.name(group.key)}")
        with around as row:
            row.attr(**dot.HEADING, label=dot.heading(group.title), labelloc="t")
            for panel in options.ordered(group.panels):
                _draw(row, panel, panel_name(group, panel), tallest if options.layout == "tb" else 0, options)
        tops += [f"{panel_name(group, panel)}.about" for panel in options.ordered(group.panels)]
    dot.side_by_side(drawing, options.ordered(tops), options)
    return drawing


def panel_name(group: Group, panel: Panel) -> str:
    """The name of a panel in DOT; its nodes are called after it."""
    return dot.name(group.key, panel.title, panel.key)


def node_name(group: Group, panel: Panel, node: Node) -> str:
    return f"{panel_name(group, panel)}.{node.key}"


def _draw(row: graphviz.Digraph, panel: Panel, name: str, tallest: int, options: Options) -> None:
    with row.subgraph(name=f"cluster_{name}") as drawn:
        drawn.attr(
            id=name,
            label=dot.heading(panel.title),
            fontname=dot.BOLD,
            fontsize="12",
            labeljust="c" if options.layout == "tb" else "l",  # where nothing that skips ahead bends over it
            style="rounded",
            color=style.LINE,
            penwidth="1",
            margin="24",
            tooltip=dot.label(panel.tooltip),
        )
        top, lines = f"{name}.about", [*panel.about]
        if len(lines) < tallest:  # panels side by side begin at one height; the last empty line does not count
            lines += [""] * (tallest - len(lines) + 1)
        drawn.node(top, dot.label(lines), shape="plaintext", style="", fontcolor=style.SOFT, fontsize="9")
        drawn.edge(top, f"{name}.{panel.nodes[0].key}", style="invis")
        dot.nested(
            drawn,
            [(node.frames, node) for node in panel.nodes],
            lambda graph, node: _box(graph, node, f"{name}.{node.key}"),
            lambda frame, _: _copies(f"cluster_{dot.name(name, frame.path)}", frame),
        )
        for edge in panel.edges:
            drawn.edge(f"{name}.{edge.tail}", f"{name}.{edge.head}", **_look(edge, options))


def _look(edge: Edge, options: Options) -> dict[str, str]:
    look = dot.SKIP_IN_FRAME[options.layout] if edge.skips else dot.THROUGH
    return look | dot.sign(edge.sign)


def _box(graph: graphviz.Digraph, node: Node, name: str) -> None:
    ground, border = node.colors
    shown, tooltip = dot.label(node.lines), dot.label(node.tooltip)
    if node.kind == "end":
        graph.node(name, shown, shape="plaintext", style="", margin="0.05,0.02", tooltip=tooltip)
    elif node.kind == "combine":
        look = {"shape": "circle", "width": "0.3", "fixedsize": "true", "margin": "0"} if node.is_symbol else {}
        size = {"fontsize": "13"} if node.is_symbol else {"margin": "0.1,0.03"}
        graph.node(name, shown, fillcolor=ground, color=border, tooltip=tooltip, **look, **size)
    else:
        more = {"peripheries": "2"} if node.kind == "block" else {}
        graph.node(name, shown, fillcolor=ground, color=border, tooltip=tooltip, **more)


def _copies(name: str, frame: Frame) -> dict[str, str]:
    """The frame around layers that are repeated."""
    label = dot.label([f"x {frame.copies}"])
    look = {"fontsize": "10", "style": "rounded,dashed", "color": style.SOFT, "labeljust": "r", "margin": "8"}
    return {"name": name, "id": "", "label": label, "tooltip": label, **look}
