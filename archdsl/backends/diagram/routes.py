"""How arrows go between the boxes of a panel of lanes: straight, or around boxes that stand in the way.

What finds the shortest way around all boxes takes the cube of their number. Here a few curves are tried, and between
two lanes there is always a way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import ceil, hypot
from typing import NamedTuple

from archdsl.backends.diagram.figure import Panel
from archdsl.backends.diagram.placement import Placed, Point, Rectangle

# How long the head of an arrow is, how far arrows keep away from boxes, and in how much room they turn aside.
_HEAD, _AWAY, _TURN = 6.0, 3.0, 13.0
# In how long steps a curve is followed at most: none is over a box, of which the lowest are 20 high.
_STEP = 20.0
# Where arrows go along a gutter, which is 26 wide: in its middle, or so far beside it.
_TRACKS = (0.0, 5.0, -5.0, 10.0, -10.0)


class Route(NamedTuple):
    """Cubic curves, as a first point and three for each curve, and where the head of the arrow ends."""

    points: list[Point]
    tip: Point


def routes(panel: Panel, found: Placed, *, is_upright: bool) -> list[Route]:
    """The way of each edge of a panel. Where it is not upright, rows stand beside each other."""

    def turned(point: Point) -> Point:
        return point if is_upright else Point(point.y, point.x)

    boxes = {key: one if is_upright else one.turned() for key, one in found.nodes.items()}
    bottoms: defaultdict[float, float] = defaultdict(float)
    for one in boxes.values():
        bottoms[one.y] = max(bottoms[one.y], one.bottom)
    gutters = _Gutters()
    ways: list[Route] = []
    for edge in panel.edges:
        tail, head = boxes[edge.tail], boxes[edge.head]
        start, tip = Point(tail.x, tail.bottom), Point(head.x, head.top)
        others = [one for key, one in boxes.items() if key not in (edge.tail, edge.head)]
        others = [one for one in others if one.bottom > start.y and one.top < tip.y]
        way = next((way for way in _curves(start, tip) if not _is_blocked(way, others)), None)
        if way is None:
            # Below the row of the one, above the row of the other.
            below, above = bottoms[tail.y], 2 * head.y - bottoms[head.y]
            gutter = min(found.gutters, key=lambda x: abs(x - start.x) + abs(x - tip.x))
            way = _aside(start, tip, gutters.track(gutter, edge.tail, below, above), below, above)
        ways.append(way)
    return [Route([turned(point) for point in way.points], turned(way.tip)) for way in ways]


class _Gutters:
    """Which arrows go along the gutters. Those of one tensor lie upon each other, those of others beside them."""

    def __init__(self) -> None:
        self.taken: defaultdict[float, list[tuple[float, str, float, float]]] = defaultdict(list)

    def track(self, gutter: float, tail: str, top: float, bottom: float) -> float:
        """Where an arrow of `tail` goes along a gutter from `top` to `bottom`; in the middle where it is full."""
        others = self.taken[gutter]
        beside = {track for track, other, high, low in others if other != tail and high < bottom and top < low}
        own = [track for track, other, _, _ in others if other == tail]
        found = next((track for track in (*own, *_TRACKS) if track not in beside), 0.0)
        others.append((found, tail, top, bottom))
        return gutter + found


def _curves(start: Point, tip: Point) -> Iterator[Route]:
    """A straight way, and others that turn late, turn early or bend aside, the more the later they come."""
    across, down = tip.x - start.x, tip.y - start.y
    yield _curve(start, _between(start, tip, 1 / 3), _between(start, tip, 2 / 3), tip)
    for part in (0.4, 0.7, 1.0):
        late = Point(start.x + across * (1 - part) / 3, start.y + down * (1 + part) / 3)
        yield _curve(start, late, Point(start.x + across * (2 - part) / 3, tip.y - down * (1 - part) / 3 - _TURN), tip)
        early = Point(tip.x - across * (1 - part) / 3, tip.y - down * (1 + part) / 3)
        yield _curve(start, Point(tip.x - across * (2 - part) / 3, start.y + down * (1 - part) / 3 + _TURN), early, tip)
    for aside in (60.0, 120.0, 180.0):
        for bend in (aside, -aside):
            yield _curve(start, Point(start.x + bend, start.y + down / 4), Point(tip.x + bend, tip.y - down / 4), tip)


def _curve(start: Point, first: Point, second: Point, tip: Point) -> Route:
    """One curve to a tip, into which it goes from its second control point."""
    length = ((tip.x - second.x) ** 2 + (tip.y - second.y) ** 2) ** 0.5 or 1.0
    return Route([start, first, second, _between(tip, second, min(_HEAD / length, 0.9))], tip)


def _aside(start: Point, tip: Point, gutter: float, below: float, above: float) -> Route:
    """Down to where the row ends, aside to the gutter, along it, and back aside."""
    end = Point(tip.x, tip.y - _HEAD)
    knots = [
        start,
        Point(start.x, below),
        Point(gutter, below + _TURN),
        Point(gutter, above - _TURN - _HEAD),
        Point(tip.x, above - _HEAD),
        end,
    ]
    points = [start]
    for one, other in pairwise(knots):
        middle = (one.y + other.y) / 2  # upright at both ends
        points += [Point(one.x, middle), Point(other.x, middle), other]
    return Route(points, tip)


def _between(one: Point, other: Point, part: float) -> Point:
    return Point(one.x + (other.x - one.x) * part, one.y + (other.y - one.y) * part)


def _is_blocked(way: Route, boxes: Iterable[Rectangle]) -> bool:
    """Whether a box stands in the way of a single curve."""
    points = way.points
    # No point of a cubic curve moves faster than three times its longest leg.
    steps = ceil(3 * max(hypot(two.x - one.x, two.y - one.y) for one, two in pairwise(points)) / _STEP)
    found = [_at(points, step / steps) for step in range(steps + 1)]
    xs, ys = [point.x for point in points], [point.y for point in points]
    for box in boxes:
        left, right, top, bottom = box.left - _AWAY, box.right + _AWAY, box.top - _AWAY, box.bottom + _AWAY
        # A curve stays between its control points.
        if left >= max(xs) or right <= min(xs) or top >= max(ys) or bottom <= min(ys):
            continue
        if any(left < point.x < right and top < point.y < bottom for point in found):
            return True
    return False


def _at(points: Sequence[Point], part: float) -> Point:
    """A point of a cubic curve."""
    weights = ((1 - part) ** 3, 3 * part * (1 - part) ** 2, 3 * part**2 * (1 - part), part**3)
    x = sum(weight * point.x for weight, point in zip(weights, points, strict=True))
    return Point(x, sum(weight * point.y for weight, point in zip(weights, points, strict=True)))
