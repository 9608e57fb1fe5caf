"""Names beside points, where they cover nothing and a reader cannot take them for the names of other points.

matplotlib places no labels. Libraries that do push them apart until they cover little, which leaves a name at another's
point where it is crowded; here places are tried in their order, and in each everything must hold.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from math import cos, hypot, pi, sin
from typing import Any, NamedTuple

# Where a name stands, as steps from its point in points of typography, and which of its sides is there; best first.
_BESIDE = (
    (6, 4, "left", "bottom"), (6, -4, "left", "top"), (-6, 4, "right", "bottom"), (-6, -4, "right", "top"),
    (0, 8, "center", "bottom"), (0, -8, "center", "top"), (8, 0, "left", "center"), (-8, 0, "right", "center"),
)  # fmt: skip
# Farther away, at the end of a line that leads to its point.
_FAR = (18, 28, 40, 54, 70, 90, 115)
_DIRECTIONS = 16
# Half the width of a point, in pixels, and how many times as far as its own point any other must be.
_RADIUS = 5.0
_CLEARLY = 2.0
_LINE = "#7b8794"

Box = tuple[float, float, float, float]
Point = tuple[float, float]


class _Place(NamedTuple):
    right: float
    up: float
    horizontal: str
    vertical: str
    has_line: bool


class Line(NamedTuple):
    start: Point
    end: Point


def label(
    figure: Any,
    axes: Any,
    points: Sequence[tuple[str, float, float]],
    important: Collection[str],
    path: Any = None,
) -> list[str]:
    """Writes the name of each point beside it, or at the end of a line to it, at the first place where there is room.

    No name stands on `path`, a line in the picture. Where there is no room, an important name stands where it covers
    least. The other ones are left out and returned.
    """
    figure.draw_without_rendering()
    page = _Page(axes, figure, [tuple(axes.transData.transform((x, y))) for _, x, y in points])
    corners = [] if path is None else [tuple(corner) for corner in axes.transData.transform(path.vertices)]
    page.drawn = [Line(start, end) for start, end in pairwise(corners)]
    left_out = []
    order = sorted(range(len(points)), key=lambda number: points[number][0] not in important)
    for number in order:
        name, x, y = points[number]
        text = axes.annotate(
            name, (x, y), xytext=(0, 0), textcoords="offset points", fontsize=8, parse_math=False, in_layout=False
        )
        extents = text.get_window_extent()
        found = page.place(number, extents.width, extents.height, is_needed=name in important)
        text.remove()
        if found is None:
            left_out.append(name)
            continue
        place, box = found
        axes.annotate(
            name, (x, y), xytext=(place.right, place.up), textcoords="offset points", fontsize=8, parse_math=False,
            horizontalalignment=place.horizontal, verticalalignment=place.vertical, in_layout=False,
            arrowprops=_line(page.points[number], box) if place.has_line else None,
        )  # fmt: skip
    return left_out


class _Page:
    """What stands in the picture so far, in pixels."""

    def __init__(self, axes: Any, figure: Any, points: Sequence[Point]):
        self.points = points
        self.scale = figure.dpi / 72
        self.boxes: list[Box] = [(x - _RADIUS, y - _RADIUS, x + _RADIUS, y + _RADIUS) for x, y in points]
        self.lines: list[Line] = []
        self.drawn: list[Line] = []  # by others
        # Above the axes there is nothing but the edge of the picture; to the right there may be the legend.
        right = min([figure.bbox.width, *(legend.get_window_extent().x0 for legend in figure.legends)])
        self.whole = (axes.bbox.x0, axes.bbox.y0, right, figure.bbox.height)

    def place(self, number: int, width: float, height: float, *, is_needed: bool) -> tuple[_Place, Box] | None:
        """The first place where all holds for the name of a point; if it is needed, else the one with least harm."""
        harms = []
        for order, place in enumerate(_places()):
            box = self._box(self.points[number], place, width, height)
            line = Line(self.points[number], _nearest(box, self.points[number])) if place.has_line else None
            found = self._harms(number, box, line)
            harm = sum(found) if is_needed else next(filter(None, found), 0.0)
            harms.append((harm, order, place, box))
            if not harm:
                break
        harm, _, place, box = min(harms)
        if harm and not is_needed:
            return None
        if harm:  # a name that covers something needs a line, or nobody knows whose it is
            _, _, place, box = min(one for one in harms if one[2].has_line)
        self.boxes.append(box)
        if place.has_line:
            self.lines.append(Line(self.points[number], _nearest(box, self.points[number])))
        return place, box

    def _box(self, point: Point, place: _Place, width: float, height: float) -> Box:
        x, y = point[0] + place.right * self.scale, point[1] + place.up * self.scale
        left = x - {"left": 0.0, "center": 0.5, "right": 1.0}[place.horizontal] * width
        low = y - {"bottom": 0.0, "center": 0.5, "top": 1.0}[place.vertical] * height
        return left, low, left + width, low + height

    def _harms(self, number: int, box: Box, line: Line | None) -> Iterator[float]:
        """What is wrong with a place, one thing after another; what is larger than 0 is."""
        yield _outside(box, self.whole)
        for other in self.boxes:
            yield _common(box, other)
        for drawn in (*self.lines, *self.drawn):
            yield 100.0 * _meets(drawn, box)
        point = self.points[number]
        if line is None:
            own = _distance(box, point)
            for place, other_point in enumerate(self.points):
                yield 50.0 * (place != number and _distance(box, other_point) < own * _CLEARLY)
            return
        own_box = self.boxes[number]
        for place, other in enumerate(self.boxes):
            if place < len(self.points) and _common(other, own_box):
                # It lies over this one: a line from its side would seem to end at it.
                if place != number:
                    far = hypot(*_between(point, self.points[place]))
                    yield 30.0 * (_from(line, self.points[place]) < 0.9 * far)
            else:
                yield 30.0 * _meets(line, other)
        for drawn in self.lines:
            yield 30.0 * _cross(line, drawn)


def _places() -> Iterator[_Place]:
    for right, up, horizontal, vertical in _BESIDE:
        yield _Place(right, up, horizontal, vertical, has_line=False)
    for distance in _FAR:
        for step in range(1, _DIRECTIONS + 1):
            x, y = cos(2 * pi * step / _DIRECTIONS), sin(2 * pi * step / _DIRECTIONS)
            horizontal = "center" if abs(x) < 0.2 else "left" if x > 0 else "right"
            vertical = "center" if abs(y) < 0.2 else "bottom" if y > 0 else "top"
            yield _Place(round(x * distance, 3), round(y * distance, 3), horizontal, vertical, has_line=True)


def _line(point: Point, box: Box) -> dict[str, Any]:
    """How matplotlib draws a line from the side of a name that is nearest to its point."""
    x, y = _nearest(box, point)
    relative = ((x - box[0]) / (box[2] - box[0]), (y - box[1]) / (box[3] - box[1]))
    return {"arrowstyle": "-", "color": _LINE, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 2, "relpos": relative}


# Geometry ------------------------------------------------------------------------------------------------------------


def _nearest(box: Box, point: Point) -> Point:
    """What of a box is nearest to a point."""
    return min(max(point[0], box[0]), box[2]), min(max(point[1], box[1]), box[3])


def _distance(box: Box, point: Point) -> float:
    x, y = _nearest(box, point)
    return hypot(x - point[0], y - point[1])


def _between(one: Point, other: Point) -> Point:
    return other[0] - one[0], other[1] - one[1]


def _from(line: Line, point: Point) -> float:
    """How far a point is from the nearest one of a line."""
    (x, y), (right, up) = _between(line.start, line.end), _between(line.start, point)
    length = x * x + y * y
    along = min(max((right * x + up * y) / length, 0.0), 1.0) if length else 0.0
    return hypot(right - along * x, up - along * y)


def _common(one: Box, other: Box) -> float:
    """The area that two boxes share."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)


def _outside(box: Box, whole: Box) -> float:
    """The area of a box that is not within another."""
    return (box[2] - box[0]) * (box[3] - box[1]) - _common(box, whole)


def _cross(one: Line, other: Line) -> bool:
    def side(line: Line, point: Point) -> float:
        (ax, ay), (bx, by) = line
        return (bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax)

    return side(one, other.start) * side(one, other.end) < 0 and side(other, one.start) * side(other, one.end) < 0


def _meets(line: Line, box: Box) -> bool:
    """Whether a line goes through a box."""
    left, low, right, high = box
    (ax, ay), (bx, by) = line
    if max(ax, bx) < left or min(ax, bx) > right or max(ay, by) < low or min(ay, by) > high:
        return False
    if (left < ax < right and low < ay < high) or (left < bx < right and low < by < high):
        return True
    return _cross(line, Line((left, low), (right, high))) or _cross(line, Line((left, high), (right, low)))
