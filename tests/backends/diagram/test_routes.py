"""Arrows of lanes keep away from the boxes that they do not lead to, however long they are."""

from __future__ import annotations

import pytest

from archdsl.backends.diagram.figure import Edge, Panel
from archdsl.backends.diagram.placement import Placed, Point, Rectangle
from archdsl.backends.diagram.routes import Route, routes

_PLACES = 2000


def _points(way: Route) -> list[Point]:
    """Places along the curves of a way, close to each other."""
    found: list[Point] = []
    for first in range(0, len(way.points) - 1, 3):
        a, b, c, d = way.points[first : first + 4]
        for step in range(_PLACES + 1):
            t = step / _PLACES
            weights = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
            x, y = (sum(w * point[axis] for w, point in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1))
            found.append(Point(x, y))
    return found


@pytest.mark.parametrize("length", [200.0, 1000.0, 1804.2, 3000.0, 9000.0])
@pytest.mark.parametrize("is_upright", [True, False])
def test_a_long_arrow_goes_around_the_box_before_its_end(length: float, is_upright: bool):
    """In one lane: from the first box to the last one, right before which a low box stands."""
    boxes = {
        "tail": Rectangle(100, 50, 160, 56),
        "between": Rectangle(100, 50 + length - 94, 160, 20),
        "head": Rectangle(100, 50 + length, 160, 80),
    }
    if not is_upright:
        boxes = {key: box.turned() for key, box in boxes.items()}
    panel = Panel("p", "net", (), (), (), (Edge("tail", "head"),))
    nowhere = Rectangle(0, 0, 0, 0)
    (way,) = routes(panel, Placed(boxes, {}, nowhere, nowhere, 400, length + 200, [10.0, 190.0]), is_upright=is_upright)
    between = boxes["between"]
    assert not [
        point
        for point in _points(way)
        if between.left < point.x < between.right and between.top < point.y < between.bottom
    ]


@pytest.mark.parametrize("is_upright", [True, False])
def test_arrows_of_other_tensors_go_beside_each_other(is_upright: bool):
    """Wide boxes below each other. Along the gutter, what `a` puts out is one line, and `b`'s runs beside it."""
    boxes = {key: Rectangle(300, 50 + 100 * row, 500, 40) for row, key in enumerate("abcdefg")}
    if not is_upright:
        boxes = {key: box.turned() for key, box in boxes.items()}
    edges = (Edge("a", "c"), Edge("a", "d"), Edge("b", "e"), Edge("e", "g"))
    panel = Panel("p", "net", (), (), (), edges)
    nowhere = Rectangle(0, 0, 0, 0)
    ways = routes(panel, Placed(boxes, {}, nowhere, nowhere, 600, 800, [37.0, 563.0]), is_upright=is_upright)
    outermost = [min(point.x if is_upright else point.y for point in _points(way)) for way in ways]
    assert outermost == pytest.approx([37.0, 37.0, 42.0, 37.0])
