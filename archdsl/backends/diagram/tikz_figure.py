"""Figures of stages and of blocks as TikZ, for LaTeX: a document of its own, that a paper can also take in.

Boxes are nodes with names and styles, to be edited; Graphviz says where they stand. Every text goes through
`tex.escape`, and all names are our own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, NoReturn

from archdsl.backends.diagram import dot, dot_blocks, dot_lanes, dot_stages, style
from archdsl.backends.diagram.errors import NoOperatorsInTikz
from archdsl.backends.diagram.figure import Edge, Figure, Group, Node, Panel
from archdsl.backends.diagram.options import Options
from archdsl.backends.diagram.places import Box, Curve, Places, Point
from archdsl.backends.diagram.style import Colors
from archdsl.backends.diagram.tex import OTHER, escape
from archdsl.backends.diagram.width import Width
from archdsl.ir.base import Shape

# Of the smallest text, that beside arrows, in points.
_SMALLEST = 9.0

_STYLES = rf"""
  x=1bp, y=1bp, font=\archdslfont{{10}}, text=archdslink, inner sep=2bp, align=center,
  arch row/.style={{draw, rounded corners=4bp, line width=1.2bp}},
  arch layer/.style={{draw, rounded corners=4bp}},
  arch block/.style={{arch layer, double, double distance=1.5bp}},
  arch combine/.style={{arch layer}},
  arch symbol/.style={{draw, circle, inner sep=0bp, font=\archdslfont{{13}}}},
  arch end/.style={{}},
  arch title/.style={{font=\archdslfont{{14}}\bfseries}},
  arch heading/.style={{font=\archdslfont{{14}}}},
  arch name/.style={{font=\archdslfont{{12}}\bfseries}},
  arch about/.style={{text=archdslsoft}},
  arch shape/.style={{font=\archdslfont{{{_SMALLEST:g}}}, text=archdslsoft}},
  arch frame/.style={{draw=archdslline, rounded corners=4bp, line width=1bp}},
  arch copies/.style={{draw=archdslsoft, rounded corners=4bp, dashed}},
  arch flow/.style={{draw=archdslsoft, -{{Stealth[length=5bp]}}}},
  arch skip/.style={{arch flow, draw=archdslaccent, line width=1.4bp}},
""".strip()


class Drawn(NamedTuple):
    """The text of the document, and the size of its smallest letters, in points, where it has a width."""

    text: str
    letters: float | None


def draw_tikz(figure: Figure, options: Options, width: Width | None = None) -> Drawn:
    """A LaTeX document with the figure, as wide as `width` says. Raises DiagnosticError where there is too much to
    draw."""
    drawer = (_Stages if figure.level == "stage" else _Blocks)(figure, options)
    letters = _SMALLEST * width.points / drawer.places.whole.width if width is not None else None
    return Drawn(drawer.document(width), letters)


def refuse_operators() -> NoReturn:
    """Raises DiagnosticError: a figure of thousands of operators is nothing that a paper has, or anyone edits."""
    raise NoOperatorsInTikz().error()


class _Drawer:
    """What both levels have in common; `panels` writes what a panel holds."""

    def __init__(self, figure: Figure, options: Options):
        self.figure, self.options = figure, options
        self.places = Places(self.drawing())
        self.colors: dict[Colors, str] = {}

    def drawing(self) -> str:
        raise NotImplementedError

    def body(self) -> Iterator[str]:
        raise NotImplementedError

    def document(self, width: Width | None) -> str:
        body = list(self.body())
        whole = self.places.whole
        bounds = f"\\useasboundingbox (0,0) rectangle {_at(Point(whole.width, whole.height))};"
        picture = [f"\\begin{{tikzpicture}}[\n  {_STYLES}\n]", bounds, *body, r"\end{tikzpicture}%"]
        if width is not None:
            picture = [f"\\resizebox{{{_length(width)}}}{{!}}{{%", *picture, "}%"]
        return "\n".join([*self._preamble(), r"\begin{document}", *picture, r"\end{document}", ""])

    def _preamble(self) -> Iterator[str]:
        yield r"\documentclass[border=0bp]{standalone}"
        yield r"\usepackage[T1]{fontenc}"
        yield r"\usepackage{textcomp}"
        yield r"\usepackage{helvet}"
        yield r"\usepackage{tikz}"
        yield r"\usetikzlibrary{arrows.meta}"
        yield r"\providecommand{\archdslfont}[1]{\sffamily\fontsize{#1bp}{1.2\dimexpr#1bp\relax}\selectfont}"
        yield OTHER
        for name, color in (("ink", style.INK), ("soft", style.SOFT), ("line", style.LINE), ("accent", style.ACCENT)):
            yield _color(f"archdsl{name}", color)
        for colors, name in self.colors.items():
            yield _color(f"{name}ground", colors.ground)
            yield _color(f"{name}border", colors.border)

    # Parts ------------------------------------------------------------------------------------------------------------

    def look(self, colors: Colors) -> str:
        name = self.colors.setdefault(colors, f"archdsl{chr(ord('a') + len(self.colors))}")
        return f"fill={name}ground, draw={name}border"

    def node(self, node: Node, name: str, box: Box, text: str) -> str:
        kind = "symbol" if node.is_symbol else node.kind
        look = "" if node.kind == "end" else f", {self.look(node.colors)}"
        size = f"minimum width={box.width:.4g}bp, minimum height={box.height:.4g}bp"
        return f"\\node[arch {kind}{look}, {size}] ({name}) at {_at(box)} {{{text}}};"

    def frames(self, panel: Panel, name: Callable[[str], str]) -> Iterator[str]:
        """What is around layers that are repeated or shared; `name` is a frame's cluster, by its path."""
        for frame in dict.fromkeys(frame for node in panel.nodes for frame in node.frames):
            around = self.places.clusters[name(frame.path)]
            yield _rectangle("copies", around)
            yield from _label("about", around, [frame.text])

    def _shape(self, shape: Shape) -> list[str]:
        """Beside an arrow down on one line; above an arrow to the right as narrow as it can be."""
        if self.options.layout == "tb":
            return [str(shape)]
        return [f"{shape.channels} x", f"{shape.height} x {shape.width}"]

    def edge(self, edge: Edge, tail: str, head: str, curve: Curve) -> Iterator[str]:
        kind = "skip" if edge.skips else "flow"
        if curve.is_straight:
            yield f"\\draw[arch {kind}] ({tail}) -- ({head});"
        else:
            first, *points = curve.points
            bends = " ".join(
                f".. controls {_at(one)} and {_at(two)} .. {_at(end)}"
                for one, two, end in zip(points[::3], points[1::3], points[2::3], strict=True)
            )
            yield f"\\draw[arch {kind}] {_at(first)} {bends} -- {_at(curve.tip)};"
        if edge.shape is not None and curve.label is not None:
            yield _text("shape", curve.label, self._shape(edge.shape))
        if edge.sign and curve.label is not None:
            yield _text("shape", curve.label, [edge.sign])


class _Stages(_Drawer):
    def drawing(self) -> str:
        return str(dot_stages.draw_stages(self.figure, self.options).source)

    def body(self) -> Iterator[str]:
        if self.figure.heading and self.places.whole.label is not None:
            yield _text("heading", self.places.whole.label, self.figure.heading)
        for number, panel in enumerate(self.figure.panels):
            yield f"% Network {number + 1}."
            yield from self._panel(panel, f"n{number}")

    def _panel(self, panel: Panel, name: str) -> Iterator[str]:
        clusters, nodes = self.places.clusters, self.places.nodes
        yield from _label("title", clusters[f"cluster_{dot.name(panel.key)}"], [panel.title])
        if panel.about:
            yield _text("about", nodes[dot.name(panel.key, "about")], panel.about)
        yield from self.frames(panel, lambda path: dot_lanes.frame_name(panel, path))
        in_dot = dot_lanes.node_name if self.figure.has_lanes else dot_stages.node_name
        named = {node.key: in_dot(panel, node) for node in panel.nodes}
        for node in panel.nodes:
            box = clusters.get(f"cluster_{named[node.key]}", nodes[named[node.key]])
            text = _lines([*node.lines, *node.cost])
            if node.heading is not None:
                text = rf"{{\archdslfont{{12}}\bfseries {escape(node.heading)}}}\\{text}"
            yield self.node(node, f"{name}-{node.key}", box, text)
        for edge in panel.edges:
            (curve,) = self.places.edges[named[edge.tail], named[edge.head]]
            yield from self.edge(edge, f"{name}-{edge.tail}", f"{name}-{edge.head}", curve)


class _Blocks(_Drawer):
    def drawing(self) -> str:
        return str(dot_blocks.draw_blocks(self.figure, self.options).source)

    def body(self) -> Iterator[str]:
        number = 0
        for group in self.figure.groups:
            is_alone = len(self.figure.groups) == 1
            around = self.places.whole if is_alone else self.places.clusters[f"cluster_{dot.name(group.key)}"]
            yield from _label("title", around, [group.title])
            for panel in group.panels:
                yield f"% Block {number + 1}."
                yield from self._panel(group, panel, f"b{number}")
                number += 1

    def _panel(self, group: Group, panel: Panel, name: str) -> Iterator[str]:
        clusters, nodes, in_dot = self.places.clusters, self.places.nodes, dot_blocks.panel_name(group, panel)
        yield _rectangle("frame", clusters[f"cluster_{in_dot}"])
        yield from _label("name", clusters[f"cluster_{in_dot}"], [panel.title])
        yield _text("about, font=\\archdslfont{9}", nodes[f"{in_dot}.about"], panel.about)
        yield from self.frames(panel, lambda path: f"cluster_{dot.name(in_dot, path)}")
        for node in panel.nodes:
            yield self.node(node, f"{name}-{node.key}", nodes[f"{in_dot}.{node.key}"], _lines(node.lines))
        curves = {ends: iter(found) for ends, found in self.places.edges.items()}
        for edge in panel.edges:
            curve = next(curves[f"{in_dot}.{edge.tail}", f"{in_dot}.{edge.head}"])
            yield from self.edge(edge, f"{name}-{edge.tail}", f"{name}-{edge.head}", curve)


# Text of TikZ ---------------------------------------------------------------------------------------------------------


def _lines(lines: Iterable[str]) -> str:
    # A line that begins with `[` or `*` would be an argument of the break before it.
    return r"\\".join(f"{{}}{line}" if line[:1] in ("[", "*") else line for line in map(escape, lines) if line)


def _text(look: str, at: Point | Box, lines: Iterable[str]) -> str:
    return f"\\node[arch {look}] at {_at(at)} {{{_lines(lines)}}};"


def _label(look: str, box: Box, lines: Iterable[str]) -> Iterator[str]:
    if box.label is not None:
        yield _text(look, box.label, lines)


def _rectangle(look: str, box: Box) -> str:
    across, up = box.width / 2, box.height / 2
    low, high = Point(box.x - across, box.y - up), Point(box.x + across, box.y + up)
    return f"\\draw[arch {look}] {_at(low)} rectangle {_at(high)};"


def _at(point: Point | Box) -> str:
    return f"({point.x:.2f},{point.y:.2f})"


def _color(name: str, color: str) -> str:
    return f"\\definecolor{{{name}}}{{HTML}}{{{color.removeprefix('#').upper()}}}"


def _length(width: Width) -> str:
    """A width as TeX has it: its point is a 72.27th of an inch, and it has no pixels."""
    return f"{width.points:.4f}bp" if width.unit in ("pt", "px") else str(width)
