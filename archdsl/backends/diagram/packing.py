"""Panels of a figure in columns, as on a page: in their order down one column and then down the next.

Graphviz lays out what stands side by side and one below the other; how large a panel comes out is estimated here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from archdsl.backends.diagram.figure import Group, Node, Panel

# Points: panels that fit so far across stand in one row; what is more has the shape of a page that lies on its side.
ROW = 1400.0
_SHAPE = 1.4
# What Graphviz makes of letters, boxes, what is between two, and the frame of a panel with its title.
_LETTER, _LINE, _BOX, _APART, _FRAME, _HEAD = 5.4, 12.0, 20.0, 22.0, 60.0, 120.0


class Packed(NamedTuple):
    """A group of panels in columns, and about how far it goes across and along the way through it."""

    group: Group
    columns: list[list[Panel]]
    across: float
    along: float


def packed(groups: Sequence[Group], *, is_upright: bool) -> list[list[Packed]]:
    """The groups of each column, their panels in columns themselves. What is not upright runs from left to right, and
    its columns are rows."""
    found = []
    for group in groups:
        sizes = [_size(panel, is_upright=is_upright) for panel in group.panels]
        parts = _columns(sizes, is_upright=is_upright)
        size = _whole(sizes, parts)
        found.append(Packed(group, [[group.panels[index] for index in part] for part in parts], *size))
    parts = _columns([(one.across, one.along + _HEAD) for one in found], is_upright=is_upright)
    return [[found[index] for index in part] for part in parts]


def _columns(sizes: Sequence[tuple[float, float]], *, is_upright: bool) -> list[list[int]]:
    """Which of things of these sizes stand in each column: one row where that is no wider than a page, else as many
    columns as come nearest to its shape."""
    everything = [[index] for index in range(len(sizes))]
    if len(sizes) < 2 or (is_upright and sum(across for across, _ in sizes) <= ROW):
        return everything

    def distance(parts: list[list[int]]) -> float:
        across, along = _whole(sizes, parts)
        shape = across / along if is_upright else along / across
        return max(shape / _SHAPE, _SHAPE / shape)

    return min((_divided([along for _, along in sizes], count) for count in range(1, len(sizes) + 1)), key=distance)


def _whole(sizes: Sequence[tuple[float, float]], parts: Sequence[Sequence[int]]) -> tuple[float, float]:
    """How far columns go together."""
    across = sum(max(sizes[index][0] for index in part) for part in parts)
    return across, max((sum(sizes[index][1] for index in part) for part in parts), default=0.0)


def _divided(lengths: Sequence[float], count: int) -> list[list[int]]:
    """Numbers in at most so many runs, the longest of which is as short as can be."""
    low, high = max(lengths), sum(lengths)
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if len(_filled(lengths, middle)) <= count else (middle, high)
    return _filled(lengths, high)


def _filled(lengths: Sequence[float], most: float) -> list[list[int]]:
    runs: list[list[int]] = []
    room = 0.0
    for index, length in enumerate(lengths):
        if not runs or length > room:
            runs.append([])
            room = most
        runs[-1].append(index)
        room -= length
    return runs


def _size(panel: Panel, *, is_upright: bool) -> tuple[float, float]:
    """About how far a panel goes across and along the way through it."""
    depths: dict[str, int] = {}
    above = defaultdict(list)
    for edge in panel.edges:
        above[edge.head].append(edge.tail)
    for node in panel.nodes:  # each stands behind those that it reads
        depths[node.key] = max((depths.get(tail, 0) + 1 for tail in above[node.key]), default=0)
    rows: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for node in panel.nodes:
        rows[depths[node.key]].append(_box(node))
    turn = 0 if is_upright else 1
    across = max(sum(box[turn] + _APART for box in row) for row in rows.values())
    along = sum(max(box[1 - turn] for box in row) + _APART for row in rows.values())
    skips = sum(edge.skips for edge in panel.edges)
    return across + _FRAME + _APART * min(skips, 2), along + _HEAD


def _box(node: Node) -> tuple[float, float]:
    widest = max((len(line) for line in node.lines), default=0)
    return widest * _LETTER + _BOX, len(node.lines) * _LINE + _BOX / 2
