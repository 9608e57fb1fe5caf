"""Where Graphviz puts the parts of a drawing, for renderers that lay nothing out themselves."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any, NamedTuple

from archdsl.backends.diagram.rendering import laid_out

# Points of an inch, in which Graphviz counts the sizes of nodes.
_INCH = 72.0


class Point(NamedTuple):
    x: float
    y: float


class Box(NamedTuple):
    """A rectangle by its centre and size, in points; y grows upwards. `label` is the centre of its text."""

    x: float
    y: float
    width: float
    height: float
    label: Point | None = None


class Curve(NamedTuple):
    """Bezier curves, as a first point and three for each curve, to the tip of an arrow; and the centre of its label."""

    points: tuple[Point, ...]
    tip: Point
    label: Point | None

    @property
    def is_straight(self) -> bool:
        (first, last), slack = (self.points[0], self.tip), 0.5
        across = abs(last.x - first.x) <= slack or abs(last.y - first.y) <= slack
        inside = all(
            min(first.x, last.x) - slack <= point.x <= max(first.x, last.x) + slack
            and min(first.y, last.y) - slack <= point.y <= max(first.y, last.y) + slack
            for point in self.points
        )
        return across and inside


class Places:
    """A drawing in DOT, laid out: its parts by their names there. Raises DiagnosticError where Graphviz cannot."""

    def __init__(self, dot: str):
        read: dict[str, Any] = json.loads(laid_out(dot, "json0"))
        self.whole = _cluster(read)
        things = {thing["_gvid"]: thing for thing in read.get("objects", [])}
        self.nodes = {thing["name"]: _node(thing) for thing in things.values() if "pos" in thing}
        self.clusters = {thing["name"]: _cluster(thing) for thing in things.values() if "bb" in thing}
        # Between two nodes there may be several.
        self.edges: defaultdict[tuple[str, str], list[Curve]] = defaultdict(list)
        for edge in read.get("edges", []):
            if edge.get("style") != "invis":
                self.edges[things[edge["tail"]]["name"], things[edge["head"]]["name"]].append(_curve(edge))


def _point(text: str) -> Point:
    x, y = text.split(",")[-2:]
    return Point(float(x), float(y))


def _node(thing: dict[str, Any]) -> Box:
    centre = _point(thing["pos"])
    return Box(*centre, float(thing["width"]) * _INCH, float(thing["height"]) * _INCH)


def _cluster(thing: dict[str, Any]) -> Box:
    left, bottom, right, top = map(float, thing["bb"].split(","))
    label = _point(thing["lp"]) if "lp" in thing else None
    return Box((left + right) / 2, (bottom + top) / 2, right - left, top - bottom, label)


def _curve(edge: dict[str, Any]) -> Curve:
    # `e,x,y` is the tip of the arrow, before the points of the curve.
    tip, *points = edge["pos"].split(" ")
    return Curve(tuple(map(_point, points)), _point(tip), _point(edge["lp"]) if "lp" in edge else None)
