"""How diagrams look and how text gets into them: fonts, colours, and texts that cannot break out of their place."""

from __future__ import annotations

import math
import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from typing import NamedTuple, TypeVar

import graphviz

from archdsl.backends.diagram.options import Layout, Options
from archdsl.diagnostics import Diagnostic, DiagnosticError
from archdsl.diagnostics.codes import TOO_LARGE
from archdsl.ir.base import Scalar, Size
from archdsl.ir.walk import Level
from archdsl.limits import limits, raising

Item = TypeVar("Item")

# Graphviz knows the widths of Helvetica's letters; `rendering` names fonts of the same widths where it can.
FONT = "Helvetica"
BOLD = "Helvetica-Bold"

INK = "#1f2933"
SOFT = "#52606d"
LINE = "#7b8794"
ACCENT = "#0072b2"


class Colors(NamedTuple):
    """A pale ground that dark text reads well on, in print too, and a border strong enough to tell boxes apart."""

    ground: str
    border: str


# After Okabe & Ito (2008), whose hues stay apart for colour-blind readers; the grounds are tints of them.
PALETTE = (
    Colors("#dcebf7", "#0072b2"),
    Colors("#fdebd0", "#c46a00"),
    Colors("#d8f0e4", "#00795c"),
    Colors("#f4e1ec", "#a8487f"),
    Colors("#faf4c8", "#8f8000"),
    Colors("#f9ddd3", "#b84a00"),
    Colors("#e2e4f6", "#4f5bb5"),
)
NEUTRAL = Colors("#f3f4f6", "#7b8794")
WHITE = Colors("#ffffff", "#52606d")

# One colour for each family of operators, which are the files of `archdsl.ir.operators`.
FAMILIES = {
    "convolution": PALETTE[0],
    "linear": PALETTE[3],
    "pooling": PALETTE[2],
    "arrangement": PALETTE[4],
    "block": PALETTE[1],
    "combine": WHITE,
}


def palette(kinds: Iterable[str]) -> dict[str, Colors]:
    """A colour for each kind, in the order in which they come up first."""
    distinct = dict.fromkeys(kinds)
    return {kind: PALETTE[index % len(PALETTE)] for index, kind in enumerate(distinct)}


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


# Texts ---------------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Text without what has no place in a label: control and bidi characters, half characters, runs of white space."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept = (" " if character.isspace() else character for character in text)
    return " ".join("".join(c for c in kept if not unicodedata.category(c).startswith("C")).split())


def first_line(doc: str) -> str:
    """What a doc comment says in short."""
    return next(iter(doc.strip().splitlines()), "")


def wrapped(text: str, width: int, lines: int = 2) -> list[str]:
    """Text in at most so many lines, with an ellipsis where something was left out."""
    return list(_wrapped(text, width, lines))


@lru_cache(maxsize=64)
def _wrapped(text: str, width: int, lines: int) -> tuple[str, ...]:
    """All variants of a model have its text."""
    return tuple(textwrap.wrap(plain(text), width, max_lines=lines, placeholder=" …", break_on_hyphens=False))


def label(lines: Iterable[str]) -> str:
    """Lines as a DOT label or tooltip that shows exactly them: nothing in them is an escape, an entity or HTML."""
    texts = (graphviz.escape(plain(line).replace("&", "&amp;")) for line in lines)
    shown: str = graphviz.nohtml(r"\n".join(texts))
    return shown


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


# Numbers -------------------------------------------------------------------------------------------------------------


def number(value: float) -> str:
    """A number without needless digits."""
    is_whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1e6)
    return str(int(value)) if is_whole else f"{value:.4g}"


def value(argument: Scalar) -> str:
    """An argument as the language writes it."""
    if isinstance(argument, Size):
        return str(argument)
    if argument is None or isinstance(argument, bool):
        return str(argument).lower()
    return argument if isinstance(argument, str) else number(argument)


def filled(facts: Iterable[str], letters: int) -> list[str]:
    """Facts on as few lines as they fit."""
    lines: list[str] = []
    for fact in facts:
        if lines and len(lines[-1]) + len(fact) + 3 <= letters:
            lines[-1] += f" · {fact}"
        else:
            lines.append(fact)
    return lines


def spread(values: Iterable[float]) -> str:
    """What a figure says of a number that differs from place to place: `3`, `3 / 5`, `16–320`."""
    distinct = sorted(set(values))
    if len(distinct) <= 2:
        return " / ".join(map(number, distinct))
    return f"{number(distinct[0])}–{number(distinct[-1])}"


def bound_networks(count: int, things: str = "networks") -> None:
    """Refuse more columns than Graphviz, whose time grows with their square, places in a second or two."""
    bound(count, "drawn_networks", things, "draw one with `--variant`")


def bound(count: int, name: str, things: str, way_out: str) -> None:
    """Refuse to draw more than Graphviz lays out within a minute, or than anyone could read: the limit `name`."""
    most: int = getattr(limits(), name)
    if count > most:
        message = f"{count:,} {things} are too many for a diagram (at most {most:,})"
        raise DiagnosticError([Diagnostic(TOO_LARGE, message, None, help=raising(name, count, way_out))])


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
    items: Iterable[tuple[tuple[Level, ...], Item]],
    draw: Callable[[graphviz.Digraph, Item], None],
    frame: Callable[[Level, Level | None], dict[str, str]],
    above: Level | None = None,
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
