"""How large the boxes of a panel of lanes are, and where they stand: lanes side by side, rows below each other.

Graphviz has no lanes, so it is told where everything is. Points, y downwards, from the left upper
corner of a panel.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from archdsl.backends.diagram.figure import Frame, Node, Panel
from archdsl.backends.diagram.grid import Grid, grid
from archdsl.backends.diagram.options import Options

# Letters of Helvetica, in parts of their size: these, and all others of ASCII. Others again may be as wide as high.
_NARROW, _WIDE = set("fijlrtI.,:;'|()[]!/ "), set("mwMW@%")
# Text of a box and its heading, that of an end, and what is above a panel.
_TEXT, _HEADING, _TITLE = 10.0, 12.0, 14.0
_LINE, _MARGIN, _BETWEEN = 1.2, 8.0, 5.0
# Between lanes, and between rows: more where arrows go far aside.
_LANES, _ROWS, _ASIDE = 26.0, 26.0, 0.12
# Around what a frame holds, and its caption.
_FRAME, _CAPTION = 10.0, 14.0


class Point(NamedTuple):
    x: float
    y: float


class Rectangle(NamedTuple):
    """By its centre and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2

    def turned(self) -> Rectangle:
        """What is down becomes right."""
        return Rectangle(self.y, self.x, self.height, self.width)

    def moved(self, x: float, y: float) -> Rectangle:
        return self._replace(x=self.x + x, y=self.y + y)


class Placed(NamedTuple):
    """The places of a panel's nodes, by their keys; of its frames; of its title and of what stands below that.

    `gutters` are between and beside the lanes: where none of their boxes is.
    """

    nodes: dict[str, Rectangle]
    frames: dict[Frame, Rectangle]
    title: Rectangle
    about: Rectangle
    width: float
    height: float
    gutters: list[float]


def placed(panel: Panel, options: Options) -> Placed:
    """Where everything in a panel stands."""
    is_upright = options.layout == "tb"
    places = grid(panel)
    sizes = _sizes(panel)
    across, along = (0, 1) if is_upright else (1, 0)
    title = Rectangle(0, 0, _width([panel.title], _TITLE, bold=True), _TITLE * _LINE)
    about = Rectangle(0, 0, _width(panel.about, _TEXT), len(panel.about) * _TEXT * _LINE)
    top = title.height + _BETWEEN + about.height + 2 * _BETWEEN

    slots = {key: size[across] for key, size in sizes.items()}
    ends = {node.key for node in panel.nodes if node.kind == "end"}
    for edge in panel.edges:  # what comes out stands below what puts it out
        if edge.head in ends:
            slots[edge.head] = max(slots[edge.tail], slots[edge.head])

    def extent(nodes: Iterable[Node]) -> float:
        """How far the nodes of a place go across."""
        found = [slots[node.key] for node in nodes]
        return sum(found) + _LANES / 2 * (len(found) - 1) if found else 0.0

    lanes = [max(map(extent, nodes)) for nodes in zip(*places, strict=True)]
    rows = [max(sizes[node.key][along] for nodes in row for node in nodes) for row in places]
    starts = _starts(lanes, [_LANES] * len(lanes))
    tops = _starts(rows, _gaps(panel, places, starts))
    found: dict[str, Rectangle] = {}
    for row, nodes_of in enumerate(places):
        for lane, nodes in enumerate(nodes_of):
            at = starts[lane] + (lanes[lane] - extent(nodes)) / 2
            for node in nodes:
                centre = (at + slots[node.key] / 2, tops[row] + rows[row] / 2)
                found[node.key] = Rectangle(*(centre if is_upright else centre[::-1]), *sizes[node.key])
                at += slots[node.key] + _LANES / 2
    width = max([one.right for one in found.values()] + [title.width, about.width]) + _FRAME
    shift = (width - max(one.right for one in found.values())) / 2 if is_upright else 0.0
    found = {key: one.moved(shift, top) for key, one in found.items()}
    frames = _frames(panel, found)
    middle = width / 2 if is_upright else max(title.width, about.width) / 2
    bottom = max(one.bottom for one in [*found.values(), *frames.values()])
    title = title.moved(middle, title.height / 2)
    about = about.moved(middle, title.height + _BETWEEN + about.height / 2)
    beside = [start - _LANES / 2 for start in starts] + [starts[-1] + lanes[-1] + _LANES / 2]
    gutters = [one + (shift if is_upright else top) for one in beside]
    return Placed(found, frames, title, about, width, bottom, gutters)


def _starts(lengths: list[float], gaps: list[float]) -> list[float]:
    """Where each of some lengths begins, one behind the other with a gap before each."""
    found = [gaps[0]]
    for length, gap in zip(lengths, gaps[1:], strict=False):
        found.append(found[-1] + length + gap)
    return found


def _gaps(panel: Panel, places: Grid, starts: list[float]) -> list[float]:
    """What is free above each row."""
    at = {
        node.key: (row, lane) for row, lanes in enumerate(places) for lane, nodes in enumerate(lanes) for node in nodes
    }
    gaps = [_FRAME, *[_ROWS] * (len(places) - 1)]
    for edge in panel.edges:
        (_, left), (row, right) = at[edge.tail], at[edge.head]
        gaps[row] = max(gaps[row], _ROWS + _ASIDE * abs(starts[left] - starts[right]))
    frames: dict[Frame, list[int]] = {}
    for node in panel.nodes:
        for frame in node.frames:
            frames.setdefault(frame, []).append(at[node.key][0])
    for rows in frames.values():
        gaps[min(rows)] += _FRAME + _CAPTION
        if max(rows) + 1 < len(gaps):
            gaps[max(rows) + 1] += _FRAME
    return gaps


def _frames(panel: Panel, found: dict[str, Rectangle]) -> dict[Frame, Rectangle]:
    inside: dict[Frame, list[Rectangle]] = {}
    for node in panel.nodes:
        for frame in node.frames:
            inside.setdefault(frame, []).append(found[node.key])
    frames = {}
    for frame, boxes in inside.items():
        left, right = min(one.left for one in boxes) - _FRAME, max(one.right for one in boxes) + _FRAME
        top = min(one.top for one in boxes) - _CAPTION - _FRAME / 2
        bottom = max(one.bottom for one in boxes) + _FRAME
        frames[frame] = Rectangle((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
    return frames


def _sizes(panel: Panel) -> dict[str, tuple[float, float]]:
    """The width and height of each box: rows are equally wide."""
    found = {node.key: _size(node) for node in panel.nodes}
    widest = max((found[node.key][0] for node in panel.nodes if node.kind == "row"), default=0.0)
    return found | {node.key: (widest, found[node.key][1]) for node in panel.nodes if node.kind == "row"}


def _size(node: Node) -> tuple[float, float]:
    """The width and height that the text of a box takes."""
    lines = [*node.lines, *node.cost]
    width, height = _width(lines, _TEXT), len(lines) * _TEXT * _LINE
    if node.heading is not None:
        width = max(width, _width([node.heading], _HEADING, bold=True))
        height += _HEADING * _LINE + 2 * _BETWEEN
    return width + 2 * _MARGIN, height + _MARGIN


def _width(lines: Iterable[str], size: float, *, bold: bool = False) -> float:
    """About how wide the widest line is."""
    widest = max((sum(map(_letter, line)) for line in lines), default=0.0)
    return widest * size * (1.1 if bold else 1.0)


def _letter(letter: str) -> float:
    if not letter.isascii():
        return 0.6 if letter in "·→×–…÷" else 1.0
    return 0.3 if letter in _NARROW else 0.87 if letter in _WIDE else 0.7 if letter.isupper() else 0.56
