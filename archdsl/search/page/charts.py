"""Charts as SVG: points, steps and bars.

They are drawn here and not by matplotlib, for three things that its pictures do not have: a tooltip on each point, the
colours of the page, which may be light or dark, and no package that has to be there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from archdsl.search.page.markup import tag
from archdsl.search.page.scales import Axis, Scale

_WIDTH, _HEIGHT = 640, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 18, 18, 52
# So many points have a tooltip each; more of them are one shape, for the page stays small and quick.
_MOST_POINTS = 1500
_RADIUS = 3.0
# The size of a label of a point: a letter's width, and its height.
_LETTER, _LINE = 7.5, 14.0
_BAR, _NAME_LETTERS = 24, 30


@dataclass(frozen=True)
class Point:
    """A trial in a chart. One with a `label` stands out."""

    x: float
    y: float
    tooltip: str
    label: str | None = None
    is_winner: bool = False


def chart(
    description: str, x: Axis, y: Axis, points: Sequence[Point], line: Sequence[tuple[float, float]] = (),
    *, is_history: bool = False, falls: bool = False,
) -> Element:  # fmt: skip
    """Points with a line of steps.

    Args:
        description: says what is to be seen, for those who cannot see it.
        line: the corners of the steps, from the left.
        is_history: whether `x` counts trials.
        falls: whether a step goes along before it goes up or down, as the best so far does.
    """
    across = Scale(x, _LEFT, _WIDTH - _RIGHT, is_counted=is_history)
    up = Scale(y, _HEIGHT - _BOTTOM, _TOP)
    places = [(across.at(point.x), up.at(point.y), point) for point in points]
    plain = [place for place in places if place[2].label is None]
    marked = [place for place in places if place[2].label is not None]
    return _picture(
        description,
        _HEIGHT,
        *_grid(across, up),
        *_crowd(plain),
        *([_steps([(across.at(a), up.at(b)) for a, b in line], falls)] if len(line) > 1 else []),
        *(_dot(*place, class_="winner" if place[2].is_winner else "front", radius=_RADIUS + 2) for place in marked),
        *_labels(marked),
    )


def bars(description: str, values: Sequence[tuple[str, float]]) -> Element:
    """A bar for each part of a whole, with its name on the left and its share on the right."""
    letters = min(_NAME_LETTERS, max(len(name) for name, _ in values))
    left, right = 10 + letters * _LETTER, 60
    size = (_WIDTH - left - right) / max(value for _, value in values)
    drawn = []
    for number, (name, value) in enumerate(values):
        middle = number * _BAR + _BAR / 2
        shown = name if len(name) <= _NAME_LETTERS else f"{name[: _NAME_LETTERS - 1]}…"
        drawn.append(
            tag(
                "g",
                tag("title", f"{name}: {value:.1%}"),
                tag("text", shown, x=left - 8, y=middle + 4, text_anchor="end"),
                tag("rect", x=left, y=middle - 7, width=max(1.0, value * size), height=14, class_="bar"),
                tag("text", f"{value:.1%}", x=left + value * size + 6, y=middle + 4),
            )
        )
    return _picture(description, _BAR * len(values), *drawn)


def _picture(description: str, height: float, *drawn: Element) -> Element:
    size = f"0 0 {_WIDTH} {height:g}"
    # Named by an attribute: a title would be a tooltip of everything in it.
    svg = tag("svg", *drawn, viewBox=size, role="img", aria_label=description, class_="chart")
    return tag("div", svg, class_="scroll", tabindex="0")


# Parts ----------------------------------------------------------------------------------------------------------------


def _grid(across: Scale, up: Scale) -> Iterator[Element]:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    last = -1e9
    for value, text in across.ticks:
        x = across.at(value)
        yield tag("line", x1=x, x2=x, y1=_TOP, y2=bottom, class_="grid")
        if x - last > len(text) * _LETTER + 8:  # texts of a logarithmic scale stand close together
            yield tag("text", text, x=x, y=bottom + 18, text_anchor="middle")
            last = x
    for value, text in up.ticks:
        y = up.at(value)
        yield tag("line", x1=_LEFT, x2=right, y1=y, y2=y, class_="grid")
        yield tag("text", text, x=_LEFT - 8, y=y + 4, text_anchor="end")
    yield tag("text", across.axis.title, x=(_LEFT + right) / 2, y=_HEIGHT - 10, text_anchor="middle", class_="title")
    middle = (_TOP + bottom) / 2
    yield tag(
        "text", up.axis.title,
        x=14, y=middle, text_anchor="middle", transform=f"rotate(-90 14 {middle:g})", class_="title",
    )  # fmt: skip


def _crowd(places: Sequence[tuple[float, float, Point]]) -> Iterator[Element]:
    if len(places) <= _MOST_POINTS:
        yield from (_dot(*place, class_="trial", radius=_RADIUS) for place in places)
        return
    # Points of length 0, with round ends: one for each place.
    corners = dict.fromkeys(f"M{round(x)} {round(y)}h0" for x, y, _ in places)
    yield tag("path", d="".join(corners), class_="trials")


def _dot(x: float, y: float, point: Point, *, class_: str, radius: float) -> Element:
    return tag("circle", tag("title", point.tooltip), cx=x, cy=y, r=radius, class_=class_)


def _steps(corners: Sequence[tuple[float, float]], falls: bool) -> Element:
    (x, y), *rest = corners
    path = f"M{x:.1f} {y:.1f}" + "".join(f"H{a:.1f}V{b:.1f}" if falls else f"V{b:.1f}H{a:.1f}" for a, b in rest)
    return tag("path", d=path, class_="line")


def _labels(places: Sequence[tuple[float, float, Point]]) -> Iterator[Element]:
    """The labels of points beside them, where they cover no other; the others are in tooltips and tables alone."""
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y, _ in places]
    for x, y, point in sorted(places, key=lambda place: not place[2].is_winner):
        label = point.label or ""
        width = len(label) * _LETTER
        for right, below, anchor in ((8, -6, "start"), (8, 14, "start"), (-8, -6, "end"), (-8, 14, "end")):
            left = x + right if anchor == "start" else x + right - width
            box = (left, y + below - _LINE + 3, left + width, y + below + 3)
            is_inside = box[0] >= _LEFT and box[2] <= _WIDTH and box[1] >= 0 and box[3] <= _HEIGHT - _BOTTOM
            if is_inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                yield tag("text", label, x=x + right, y=y + below, text_anchor=anchor, class_="label")
                break


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
