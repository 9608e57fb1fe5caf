"""The block level in DOT: the inside of each kind of block, in columns as on a page."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import pairwise, zip_longest

import graphviz

from archdsl.backends.diagram import dot, style
from archdsl.backends.diagram.figure import Edge, Figure, Group, Node, Panel
from archdsl.backends.diagram.options import Options
from archdsl.backends.diagram.packing import Packed, packed


def draw_blocks(figure: Figure, options: Options) -> graphviz.Digraph:
    """The panels of each model in columns, and the models too. Raises DiagnosticError if there are too many boxes."""
    drawing = dot.canvas(figure.name, options, {"ranksep": "0.3", "nodesep": "0.3"})
    for group in figure.groups:
        count = sum(len(panel.nodes) for panel in group.panels)
        style.bound(count, "drawn_blocks", "boxes", "draw the stages instead")
    found = packed(figure.groups, is_upright=options.layout == "tb")
    for column in options.ordered(found):
        for one in column:
            _draw_group(drawing, one, options, is_alone=len(figure.groups) == 1)
    for column in found:
        for upper, lower in pairwise(column):
            # All tops are at one height; arrows that do not cross leave the order of the panels alone.
            tops = _tops(lower)
            for index, panels in enumerate(upper.columns):
                drawing.edge(_end(upper.group, panels[-1]), tops[min(index, len(tops) - 1)], **dot.APART)
    for row in zip_longest(*found):
        tops = [top for one in row if one is not None for top in _tops(one)]
        dot.side_by_side(drawing, options.ordered(tops), options)
    return drawing


def _draw_group(drawing: graphviz.Digraph, one: Packed, options: Options, *, is_alone: bool) -> None:
    group, heads = one.group, [panels[0] for panels in one.columns]
    tallest = max((len(panel.about) for panel in heads), default=0) if options.layout == "tb" else 0
    around = nullcontext(drawing) if is_alone else drawing.subgraph(name=f"cluster_{dot.name(group.key)}")
    with around as page:
        page.attr(**dot.HEADING, label=dot.heading(group.title), labelloc="t")
        for panel in (panel for panels in options.ordered(one.columns) for panel in panels):
            _draw(page, panel, panel_name(group, panel), tallest if panel in heads else 0, options)
    for panels in one.columns:
        for upper, lower in pairwise(panels):
            drawing.edge(_end(group, upper), _top(group, lower), **dot.BELOW)


def _tops(one: Packed) -> list[str]:
    return [_top(one.group, panels[0]) for panels in one.columns]


def _top(group: Group, panel: Panel) -> str:
    return f"{panel_name(group, panel)}.about"


def _end(group: Group, panel: Panel) -> str:
    return node_name(group, panel, panel.nodes[-1])


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
            lambda frame, _: dot.framed(f"cluster_{dot.name(name, frame.path)}", frame),
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
