"""The names in a plot: read where they stand, by matplotlib itself."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from archdsl.backends.comparison.labels import label


def drawn(points: list[tuple[str, float, float]], important: set[str]) -> dict[str, Any]:
    """The boxes of the names in a picture of the points, by name."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([x for _, x, _ in points], [y for _, _, y in points], "o")
    label(figure, axes, points, important)
    figure.draw_without_rendering()
    boxes = {text.get_text(): text.get_window_extent() for text in axes.texts}
    assert all(figure.bbox.count_contains(box.get_points()) == 2 for box in boxes.values())
    return boxes


def test_names_of_neighbours_cover_nothing() -> None:
    points = [(f"network_{number}", 1 + number / 12, 1 + number / 40) for number in range(5)] + [("at_the_edge", 2, 2)]
    boxes = list(drawn(points, set()).values())
    assert len(boxes) == 6
    assert not any(box.overlaps(other) for number, box in enumerate(boxes) for other in boxes[:number])


def test_where_there_is_no_room_important_names_stay() -> None:
    points = [(f"network_{number}", 1 + number / 5000, 1.0) for number in range(100)] + [("far_away", 2, 2)]
    boxes = drawn(points, {"network_50", "network_51"})
    assert {"network_50", "network_51", "far_away"} <= set(boxes)
    assert len(boxes) < 30
