"""Graphviz's language: texts that cannot break out of their place, and parts that all drawings have."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from typing import TypeVar

import graphviz

from archdsl.backends.diagram.figure import Frame
from archdsl.backends.diagram.options import Layout, Options
from archdsl.backends.diagram.style import ACCENT, INK, LINE, SOFT, plain

Item = TypeVar("Item")
Around = TypeVar("Around")

# Graphviz knows the widths of Helvetica's letters; `rendering` names fonts of the same widths where it can.
FONT = "Helvetica"
BOLD = "Helvetica-Bold"

# A cluster that is there for its heading only.
HEADING = {"fontname": BOLD, "fontsize": "14", "penwidth": "0"}

# Edges: the way through stays straight, and what skips ahead bends around it.
THROUGH = {"weight": "8"}
SKIP = {"weight": "0", "color": ACCENT, "penwidth": "1.4"}
# In the figure of a block it would run along the frame, or over it: pulled in a little, and from top to bottom with
# room beside it as for a label, it does not.
SKIP_IN_FRAME: dict[Layout, dict[str, str]] = {
    "tb": SKIP | {"weight": "1", "label": "   "},
    "lr": SKIP | {"weight": "1"},
}
HIDDEN = {"style": "invis"}
# Keeps what stands below another in its column.
BELOW = HIDDEN | {"weight": "30"}
# Keeps it below, and pulls nothing down to it.
APART = HIDDEN | {"weight": "0"}


def label(lines: Iterable[str]) -> str:
    """Lines as a DOT label or tooltip that shows exactly them: nothing in them is an escape, an entity or HTML."""
    texts = (graphviz.escape(plain(line).replace("&", "&amp;")) for line in lines)
    shown: str = graphviz.nohtml(r"\n".join(texts))
    return shown


def sign(text: str) -> dict[str, str]:
    """Which operand an edge leads to, beside it."""
    return {"label": f"  {label([text])}  "} if text else {}


def heading(text: str) -> str:
    """A label in bold, with spaces around it, which `rendering` takes out of an SVG again.

    Graphviz here has no fonts, and takes bold letters to be as narrow as those of Times: on average they are an eighth
    of their size wider, which is half a space.
    """
    spaces = " " * math.ceil(len(plain(text)) / 4)
    return f"{spaces}{label([text])}{spaces}"


def name(*parts: str | int) -> str:
    """The name of a node in DOT, the same for the same path, of characters that need no care."""
    return re.sub(r"[^\w.-]", "_", ".".join(map(str, parts)))


# Parts of a drawing --------------------------------------------------------------------------------------------------


def canvas(title: str, options: Options, graph: Mapping[str, str]) -> graphviz.Digraph:
    """An empty drawing on white."""
    return graphviz.Digraph(
        name=name(title),
        graph_attr={
            "bgcolor": "white",
            "fontname": FONT,
            "fontcolor": INK,
            "compound": "true",
            "newrank": "true",
            "pad": "0.25",
            **({"rankdir": "LR"} if options.layout == "lr" else {}),
            **graph,
        },
        node_attr={
            "shape": "box",
            "style": "rounded,filled",
            "fontname": FONT,
            "fontsize": "10",
            "fontcolor": INK,
            "fillcolor": "white",
            "color": LINE,
            "height": "0.3",
            "margin": "0.12,0.06",
        },
        edge_attr={
            "fontname": FONT,
            "fontsize": "9",
            "fontcolor": SOFT,
            "color": SOFT,
            "arrowsize": "0.6",
        },
    )


def side_by_side(graph: graphviz.Digraph, nodes: Sequence[str], options: Options) -> None:
    """Place nodes at one height from left to right, or below each other where a drawing goes from left to right.

    Left alone, Graphviz may turn the columns below them around.
    """
    with graph.subgraph(graph_attr={"rank": "same"}) as row:
        for node in nodes:
            row.node(node)
        for left, right in pairwise(options.ordered(nodes)):
            row.edge(left, right, **HIDDEN)


def nested(
    graph: graphviz.Digraph,
    items: Iterable[tuple[tuple[Around, ...], Item]],
    draw: Callable[[graphviz.Digraph, Item], None],
    frame: Callable[[Around, Around | None], dict[str, str]],
    above: Around | None = None,
) -> None:
    """Draw items, those of one level in a frame of its own. `frame` gives the name and the attributes of the cluster
    for a level, knowing the level above."""
    for level, group in groupby(items, lambda item: item[0][0] if item[0] else None):
        if level is None:
            for _, item in group:
                draw(graph, item)
        else:
            attributes = frame(level, above)
            with graph.subgraph(name=attributes.pop("name"), graph_attr=attributes) as inner:
                nested(inner, [(levels[1:], item) for levels, item in group], draw, frame, level)


def framed(name: str, frame: Frame) -> dict[str, str]:
    """The cluster of a frame."""
    look = {"fontsize": "10", "style": "rounded,dashed", "color": SOFT, "labeljust": "r", "margin": "8"}
    tooltip = label([frame.text])
    return {
        "name": name,
        "id": "",
        "label": heading(frame.text) if frame.shared else tooltip,
        "tooltip": tooltip,
        **look,
    }
