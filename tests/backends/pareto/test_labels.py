"""The names in a plot: read where they stand, by matplotlib itself."""

from __future__ import annotations

import math
from typing import Any

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import archdsl
from archdsl.backends.pareto.labels import label


def drawn(points: list[tuple[str, float, float]], important: set[str]) -> dict[str, Any]:
    """The boxes of the names in a picture of the points, by name."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([x for _, x, _ in points], [y for _, _, y in points], "o")
    label(figure, axes, points, important)
    figure.draw_without_rendering()
    boxes = {text.get_text(): Text.get_window_extent(text) for text in axes.texts}
    assert all(figure.bbox.count_contains(box.get_points()) == 2 for box in boxes.values())
    return boxes


def test_names_of_neighbours_cover_nothing() -> None:
    points = [(f"network_{number}", 1 + number / 12, 1 + number / 40) for number in range(5)] + [("at_the_edge", 2, 2)]
    boxes = list(drawn(points, set()).values())
    assert len(boxes) == 6
    assert not any(box.overlaps(other) for number, box in enumerate(boxes) for other in boxes[:number])


def distance(box: Any, x: float, y: float) -> float:
    return math.hypot(max(box.x0 - x, 0, x - box.x1), max(box.y0 - y, 0, y - box.y1))


CROWDED = {
    "mobilenets": [
        (network.architecture.name, float(network.macs), float(network.params))
        for file in ("mobilenetv2", "mnasnet")
        for network in archdsl.load_all(archdsl.specs_folder() / f"{file}.arch").values()
    ],
    "pairs": [
        (f"network_{side}_{number}", 1.0 + number + side / 60, 1.0 + number / 2)
        for number in range(5)
        for side in (0, 1)
    ],
    "one place": [(f"network_{number}", 1.0, 1.0) for number in range(4)] + [("far", 2.0, 2.0)],
    "a cloud": [(f"network_{number}", math.sin(number), math.cos(number * number)) for number in range(30)],
    "a steep line": [(f"network_{number}", 1 + number / 200, 1.0 + number) for number in range(12)] + [("far", 9, 1)],
}


@pytest.mark.parametrize("case", CROWDED)
def test_each_name_is_at_its_own_point(case: str) -> None:
    """It is nearer to it than to any other, or a line leads to it, which crosses no other name."""
    points = CROWDED[case]
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([x for _, x, _ in points], [y for _, _, y in points], "o")
    left_out = label(figure, axes, points, set())
    figure.draw_without_rendering()
    places = {name: axes.transData.transform((x, y)) for name, x, y in points}
    texts = {text.get_text(): text for text in axes.texts}
    assert {*texts, *left_out} == {*places}
    assert len(left_out) <= len(points) // 3
    boxes = {name: Text.get_window_extent(text) for name, text in texts.items()}
    for name, text in texts.items():
        own = distance(boxes[name], *places[name])
        if text.arrow_patch is None:
            assert own < min(distance(boxes[name], *place) for other, place in places.items() if other != name), name
            continue
        path = text.arrow_patch.get_path().transformed(text.arrow_patch.get_transform())
        ends = path.vertices[[0, -1]]
        assert min(math.hypot(*(end - places[name])) for end in ends) < 6, f"the line of {name} ends elsewhere"
        assert min(distance(boxes[name], *end) for end in ends) < 6, f"the line of {name} begins elsewhere"
        own, foreign = places[name], [place for other, place in places.items() if other != name]
        for place in (place for place in foreign if 0 < math.hypot(*(place - own)) < 10):
            along = (ends[0] + (ends[1] - ends[0]) * step / 50 for step in range(51))
            least = min(math.hypot(*(at - place)) for at in along)
            assert least > 0.85 * math.hypot(*(place - own)) - 1, f"the line of {name} passes over another point"
        for other, box in boxes.items():
            along = (ends[0] + (ends[1] - ends[0]) * step / 50 for step in range(1, 50))
            assert other == name or not any(box.contains(*place) for place in along), f"{name} crosses {other}"


def test_where_there_is_no_room_important_names_stay() -> None:
    points = [(f"network_{number}", 1 + number / 5000, 1.0) for number in range(100)] + [("far_away", 2, 2)]
    boxes = drawn(points, {"network_50", "network_51"})
    assert {"network_50", "network_51", "far_away"} <= set(boxes)
    assert len(boxes) < 30
