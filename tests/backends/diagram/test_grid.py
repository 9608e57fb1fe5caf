"""The rows of a panel of lanes."""

from __future__ import annotations

from archdsl.backends.diagram.figure import Edge, Frame, Node, Panel
from archdsl.backends.diagram.grid import grid
from archdsl.backends.diagram.style import NEUTRAL


def rows(nodes: dict[str, tuple[int, Frame | None]], edges: list[str], ends: str = "") -> list[str]:
    """The keys of each row, from lane to lane, `-` between them."""
    drawn = tuple(_node(key, lane, frame, is_end=key in ends) for key, (lane, frame) in nodes.items())
    panel = Panel("p", "p", (), (), drawn, tuple(Edge(*edge) for edge in edges))
    return ["-".join("".join(node.key for node in place) for place in row) for row in grid(panel)]


def _node(key: str, lane: int, frame: Frame | None, *, is_end: bool) -> Node:
    frames = (frame,) if frame is not None else ()
    return Node(key, key, "end" if is_end else "row", (key,), NEUTRAL, (), frames=frames, lane=lane)


def test_each_stands_below_what_it_reads() -> None:
    nodes = {"a": (0, None), "b": (0, None), "c": (1, None), "d": (0, None)}
    assert rows(nodes, ["ab", "ac", "bd", "cd"]) == ["a-", "b-c", "d-"]


def test_outputs_stand_together_at_the_end() -> None:
    """And so does what goes on to outputs alone; `b` is read by `c` as well."""
    nodes = {"i": 0, "b": 0, "c": 1, "x": 0, "y": 1, "1": 0, "2": 0, "3": 0}
    edges = ["ib", "bc", "bx", "cy", "x1", "y2", "b3"]
    assert rows({key: (lane, None) for key, lane in nodes.items()}, edges, "i123") == ["i-", "b-", "-c", "x-y", "123-"]


def test_nothing_stands_within_a_frame() -> None:
    frame = Frame("f", "3")
    nodes = {"i": (0, None), "a": (0, frame), "x": (1, None), "c": (2, frame), "z": (0, None)}
    assert rows(nodes, ["ia", "ix", "ic", "az", "cz"]) == ["i--", "a--c", "z-x-"]


def test_a_frame_begins_below_all_that_it_reads() -> None:
    frame = Frame("f", "2")
    nodes = {"i": (0, None), "j": (1, None), "a": (0, frame), "b": (1, frame), "c": (0, frame)}
    assert rows(nodes, ["ij", "ia", "jb", "ac", "bc"]) == ["i-", "-j", "a-b", "c-"]
