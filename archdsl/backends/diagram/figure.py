"""A figure as data: panels of nodes and edges with their texts, which Graphviz, Mermaid and TikZ each draw.

Texts are plain: each renderer keeps them from being anything but text where it writes.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from archdsl.backends.diagram.style import Colors
from archdsl.ir.base import Shape

# What comes in or out; a row of the table, the stem or the head; an operator; a block; tensors that are combined.
Kind = Literal["end", "row", "layer", "block", "combine"]


class Frame(Struct, frozen=True):
    """A frame around what is repeated, `copies` says how often, or around a use of a `shared` layer, of that name."""

    path: str
    copies: str = ""
    shared: str = ""

    @property
    def text(self) -> str:
        return f"x {self.copies}" if self.copies else f"shared: {self.shared}"


class Node(Struct, frozen=True):
    """One box. `key` is its name in its panel, `path` where it stands in the network.

    `cost` are its parameters and MACs, none where costs are left out; `tooltip` is for those who point at it.
    `frames` are around it, the outermost first. `lane` is where it stands beside others, from the largest maps to the
    smallest, in a panel of lanes.
    """

    key: str
    path: str
    kind: Kind
    lines: tuple[str, ...]
    colors: Colors
    tooltip: tuple[str, ...]
    heading: str | None = None
    cost: tuple[str, ...] = ()
    frames: tuple[Frame, ...] = ()
    lane: int | None = None

    @property
    def is_symbol(self) -> bool:
        """Whether it is a sign of arithmetic, which is drawn in a circle."""
        return self.kind == "combine" and len(self.lines[0]) == 1


class Edge(Struct, frozen=True):
    """A tensor from one node of a panel to another, by their keys, with its shape where the figure shows it.

    `sign` is which operand it is, where that makes a difference: of `x - y` the one has `+`, the other `–`.
    """

    tail: str
    head: str
    shape: Shape | None = None
    skips: bool = False
    sign: str = ""


class Panel(Struct, frozen=True):
    """A network, or the inside of one kind of block: a part of a figure with a title, and lines about it below.

    In a panel of lanes every node has one: branches of maps that are equally large stand one behind the other.
    """

    key: str
    title: str
    about: tuple[str, ...]
    tooltip: tuple[str, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


class Group(Struct, frozen=True):
    """Panels side by side: of stages all networks, of blocks those of a model, whose variants are the title."""

    key: str
    title: str
    panels: tuple[Panel, ...]


class Figure(Struct, frozen=True):
    """A whole figure; `heading` is what all its networks say of themselves."""

    level: Literal["stage", "block"]
    name: str
    heading: tuple[str, ...]
    groups: tuple[Group, ...]

    @property
    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for group in self.groups for panel in group.panels)

    @property
    def has_lanes(self) -> bool:
        """Whether the nodes of its panels stand in lanes."""
        return any(node.lane is not None for panel in self.panels for node in panel.nodes)
