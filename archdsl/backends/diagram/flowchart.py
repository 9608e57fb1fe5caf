"""Stages and blocks as flowcharts of Mermaid, which GitHub draws where a page has one in a code block.

Every text goes through `_text`, which writes as numbers whatever Mermaid, Markdown or HTML could take for more than a
letter; names of nodes are our own. So no text of a program ends its label, links anywhere or becomes an element.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from archdsl.backends.diagram import style
from archdsl.backends.diagram.errors import NoOperatorsInMermaid, TooLargeForMermaid
from archdsl.backends.diagram.figure import Edge, Figure, Frame
from archdsl.backends.diagram.options import Options
from archdsl.backends.diagram.style import Colors

# What Mermaid draws unless a page says otherwise, which one on GitHub cannot.
MAX_CHARACTERS, MAX_EDGES = 50_000, 500

# Letters and digits of ASCII, `_` and `-` between two of them, `.` between two digits, and signs of our own texts.
_PLAIN = re.compile(r"[A-Za-z0-9 ,()·→×–…÷]|(?<=[A-Za-z0-9])[_-](?=[A-Za-z0-9])|(?<=\d)\.(?=\d)", re.ASCII)


def mermaid_stages(figure: Figure, options: Options) -> str:
    """The boxes of each network, as the figure of stages has them; those of lanes say how large they are."""
    chart = _Chart(options)
    for number, panel in enumerate(figure.panels):
        about = [*figure.heading, *panel.about] if number == 0 else panel.about
        chart.group(f"n{number}", [panel.title])
        chart.note(f"n{number}_about", about)
        into: defaultdict[str, list[Edge]] = defaultdict(list)
        for edge in panel.edges:
            into[edge.head].append(edge)
        for node in panel.nodes:
            lines = [node.heading or "", *node.lines, *node.cost, *map(_framed, node.frames)]
            chart.box(f"n{number}_{node.key}", lines, node.colors)
            if not into[node.key]:
                chart.edge(f"n{number}_about", f"n{number}_{node.key}", is_hidden=True)
            for edge in into[node.key]:
                shape = "" if edge.shape is None else str(edge.shape)
                chart.edge(f"n{number}_{edge.tail}", f"n{number}_{edge.head}", shape)
        chart.end()
    return chart.text()


def mermaid_blocks(figure: Figure, options: Options) -> str:
    """A figure for each kind of block of each model."""
    chart = _Chart(options)
    panels = figure.panels
    style.bound(sum(len(panel.nodes) for panel in panels), "drawn_blocks", "boxes", "draw the stages instead")
    for number, panel in enumerate(panels):
        chart.group(f"b{number}", [panel.title])
        chart.note(f"b{number}_about", panel.about)
        for node in panel.nodes:
            chart.box(f"b{number}_{node.key}", [*node.lines, *map(_framed, node.frames)], node.colors)
        chart.edge(f"b{number}_about", f"b{number}_0", is_hidden=True)
        for edge in panel.edges:
            chart.edge(f"b{number}_{edge.tail}", f"b{number}_{edge.head}", edge.sign)
        chart.end()
    return chart.text()


def refuse_operators() -> None:
    """Raises DiagnosticError: Mermaid places what is in a frame by itself, and cannot be made to keep rows of
    layers."""
    raise NoOperatorsInMermaid().error()


class _Chart:
    """The lines of a flowchart."""

    def __init__(self, options: Options):
        self.direction = options.layout.upper()
        self.lines = [f"flowchart {self.direction}"]
        self.classes: dict[Colors, str] = {}
        self.edges = 0

    def group(self, name: str, title: Iterable[str]) -> None:
        self.lines += [f"  subgraph {name}[{_label(title)}]", f"    direction {self.direction}"]

    def end(self) -> None:
        self.lines.append("  end")

    def box(self, name: str, lines: Iterable[str], colors: Colors) -> None:
        kind = self.classes.setdefault(colors, f"c{len(self.classes)}")
        self.lines.append(f"    {name}({_label(lines)}):::{kind}")

    def note(self, name: str, lines: Iterable[str]) -> None:
        """Text without a box."""
        self.lines.append(f"    {name}[{_label(lines)}]:::note")

    def edge(self, tail: str, head: str, text: str = "", *, is_hidden: bool = False) -> None:
        self.edges += 1
        shown = f"|{_label([text])}|" if text else ""
        self.lines.append(f"    {tail} {'~~~' if is_hidden else '-->'}{shown} {head}")

    def text(self) -> str:
        """The flowchart. Raises DiagnosticError where it is more than pages show."""
        text = "\n".join([*self.lines, *self._styles()]) + "\n"
        for count, most, things in ((len(text), MAX_CHARACTERS, "characters"), (self.edges, MAX_EDGES, "arrows")):
            if count > most:
                raise TooLargeForMermaid(count, things, most).error()
        return text

    def _styles(self) -> Iterator[str]:
        yield f"  classDef note fill:none,stroke:none,color:{style.SOFT}"
        for look, kind in self.classes.items():
            yield f"  classDef {kind} fill:{look.ground},stroke:{look.border},color:{style.INK}"


def _framed(frame: Frame) -> str:
    """What a frame says, in a box: a frame of its own could not stand across others."""
    return f"repeated {frame.text}" if frame.copies else frame.text


def _label(lines: Iterable[str]) -> str:
    shown = "<br/>".join(text for line in lines if (text := _text(line)))
    return f'"{shown or " "}"'


def _text(line: str) -> str:
    """A line that shows exactly itself."""
    plain = style.plain(line)
    found = {match.start() for match in _PLAIN.finditer(plain)}
    return "".join(one if place in found else f"#{ord(one)};" for place, one in enumerate(plain))
