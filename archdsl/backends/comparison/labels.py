"""Names beside points, where they cover neither each other nor other points."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

# Where a name stands, as steps from its point in points of typography, and which of its sides is there; best first.
_PLACES = (
    (6, 4, "left", "bottom"), (6, -4, "left", "top"), (-6, 4, "right", "bottom"), (-6, -4, "right", "top"),
    (0, 8, "center", "bottom"), (0, -8, "center", "top"), (8, 0, "left", "center"), (-8, 0, "right", "center"),
    (6, 14, "left", "bottom"), (6, -14, "left", "top"), (-6, 14, "right", "bottom"), (-6, -14, "right", "top"),
    (0, 20, "center", "bottom"), (0, -20, "center", "top"),
)  # fmt: skip
# Half the width of a point, in pixels.
_RADIUS = 5.0

Box = tuple[float, float, float, float]


def label(figure: Any, axes: Any, points: Sequence[tuple[str, float, float]], important: Collection[str]) -> None:
    """Writes the name of each point beside it, at the first of several places where there is room.

    Where there is none, an important name stands where it covers least, and another one is left out.
    """
    figure.draw_without_rendering()
    places = [tuple(axes.transData.transform((x, y))) for _, x, y in points]
    taken: list[Box] = [(x - _RADIUS, y - _RADIUS, x + _RADIUS, y + _RADIUS) for x, y in places]
    for name, x, y in sorted(points, key=lambda point: point[0] not in important):
        text = axes.annotate(
            name, (x, y), xytext=(0, 0), textcoords="offset points", fontsize=8, parse_math=False, in_layout=False
        )
        found = []
        for number, (right, up, horizontal, vertical) in enumerate(_PLACES):
            _move(text, right, up, horizontal, vertical)
            extents = text.get_window_extent()
            box = (extents.x0, extents.y0, extents.x1, extents.y1)
            covered = sum(_common(box, other) for other in taken)
            # To the right and above there is nothing but the edge of the picture.
            covered += _outside(box, (axes.bbox.x0, axes.bbox.y0, figure.bbox.width, figure.bbox.height))
            found.append((covered, number, box))
        covered, number, box = min(found)
        if covered > 0 and name not in important:
            text.remove()
            continue
        _move(text, *_PLACES[number])
        taken.append(box)


def _move(text: Any, right: float, up: float, horizontal: str, vertical: str) -> None:
    text.set_position((right, up))
    text.set_horizontalalignment(horizontal)
    text.set_verticalalignment(vertical)


def _common(one: Box, other: Box) -> float:
    """The area that two boxes share."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)


def _outside(box: Box, whole: Box) -> float:
    """The area of a box that is not within another."""
    return (box[2] - box[0]) * (box[3] - box[1]) - _common(box, whole)
