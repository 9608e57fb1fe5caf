"""Stages and blocks as flowcharts of Mermaid, which GitHub draws where a page has one in a code block.

Every text goes through `_text`, which writes as numbers whatever Mermaid, Markdown or HTML could take for more than a
letter; names of nodes are our own. So no text of a program ends its label, links anywhere or becomes an element.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from archdsl.backends.diagram import style
from archdsl.backends.diagram.block import about, figures, said
from archdsl.backends.diagram.options import Options
from archdsl.backends.diagram.parts import colors, flows
from archdsl.backends.diagram.style import Colors
from archdsl.backends.diagram.table import Look, Table, family_doc
from archdsl.diagnostics import Diagnostic, DiagnosticError
from archdsl.diagnostics.codes import TOO_LARGE, WRONG_USAGE
from archdsl.ir.architecture import Architecture

# What Mermaid draws unless a page says otherwise, which one on GitHub cannot.
MAX_CHARACTERS, MAX_EDGES = 50_000, 500

# Letters and digits of ASCII, `_` and `-` between two of them, `.` between two digits, and signs of our own texts.
_PLAIN = re.compile(r"[A-Za-z0-9 ,()·→×–…÷]|(?<=[A-Za-z0-9])[_-](?=[A-Za-z0-9])|(?<=\d)\.(?=\d)", re.ASCII)


def mermaid_stages(architectures: Sequence[Architecture], options: Options) -> str:
    """A column of boxes for each architecture, as the figure of stages has them."""
    chart = _Chart(options)
    look = Look.of(architectures, options)
    doc = family_doc(architectures)
    for number, architecture in enumerate(architectures):
        table = Table(architecture, look)
        with_doc = [*doc, *table.about()] if number == 0 else table.about()
        chart.group(f"n{number}", [architecture.name])
        chart.note(f"n{number}_about", with_doc)
        before = f"n{number}_input"
        chart.box(before, [table.end("input", architecture.input)], style.WHITE)
        chart.edge(f"n{number}_about", before, is_hidden=True)
        for index, box in enumerate(table.boxes()):
            node = f"n{number}_{index}"
            chart.box(node, [box.heading, *box.lines, *box.cost], box.colors)
            chart.edge(before, node, "" if index == 0 else str(box.input))
            before = node
        chart.box(f"n{number}_output", [table.end("output", architecture.output)], style.WHITE)
        chart.edge(before, f"n{number}_output")
        chart.end()
    return chart.text()


def mermaid_blocks(architectures: Sequence[Architecture], options: Options) -> str:
    """A figure for each kind of block of each model."""
    models: dict[str, list[Architecture]] = {}
    for architecture in architectures:
        models.setdefault(architecture.model, []).append(architecture)
    chart = _Chart(options)
    found = [figure for variants in models.values() for figure in figures(variants)]
    style.bound(sum(len(figure.parts) for figure in found), "drawn_blocks", "boxes", "draw the stages instead")
    for number, figure in enumerate(found):
        chart.group(f"b{number}", [figure.name])
        chart.note(f"b{number}_about", about(figure))
        copies = figure.copies()
        names: dict[str, str] = {}
        for index, part in enumerate(figure.parts):
            name = f"b{number}_{index}"
            names |= {member.path: name for member in part.members}
            repeated = [f"repeated x {copies[level.path]}" for level in part.first.levels if copies[level.path] != "1"]
            chart.box(name, [*said(figure.columns(part)), *repeated], colors(part.first))
        chart.edge(f"b{number}_about", f"b{number}_0", is_hidden=True)
        for tensor, visit, _ in flows(figure.visits[0]):
            if names[tensor.path] != names[visit.path]:
                chart.edge(names[tensor.path], names[visit.path])
        chart.end()
    return chart.text()


def mermaid_operators(architectures: Sequence[Architecture], options: Options) -> str:
    """Raises DiagnosticError: Mermaid places what is in a frame by itself, and cannot be made to keep rows
    of layers.
    """
    message = "Mermaid cannot draw the operators of a network: it keeps no rows of layers in their order"
    help = "`--level stage` and `--level block` are drawn, and operators as svg, pdf, png or dot"
    raise DiagnosticError([Diagnostic(WRONG_USAGE, message, None, help=help)])


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
                message = f"a flowchart of {count:,} {things} is more than Mermaid draws (at most {most:,})"
                raise DiagnosticError([Diagnostic(TOO_LARGE, message, None, help="draw one variant, or write an SVG")])
        return text

    def _styles(self) -> Iterator[str]:
        yield f"  classDef note fill:none,stroke:none,color:{style.SOFT}"
        for look, kind in self.classes.items():
            yield f"  classDef {kind} fill:{look.ground},stroke:{look.border},color:{style.INK}"


def _label(lines: Iterable[str]) -> str:
    shown = "<br/>".join(text for line in lines if (text := _text(line)))
    return f'"{shown or " "}"'


def _text(line: str) -> str:
    """A line that shows exactly itself."""
    plain = style.plain(line)
    found = {match.start() for match in _PLAIN.finditer(plain)}
    return "".join(one if place in found else f"#{ord(one)};" for place, one in enumerate(plain))
