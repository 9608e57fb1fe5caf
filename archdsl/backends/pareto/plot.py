"""Networks as points in the plane of two measures, with the front that no other is beyond."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from textwrap import fill, shorten
from typing import Any

from archdsl.backends.pareto.errors import NothingToPlot
from archdsl.backends.pareto.front import front
from archdsl.backends.pareto.labels import label
from archdsl.backends.pareto.measures import Measure
from archdsl.backends.pareto.rows import NetworkRow
from archdsl.backends.plotting import saved, styled

# Colours that the colour-blind can distinguish (Okabe and Ito), and shapes that differ in grey, too. Their numbers
# have no common factor, so that pairs repeat after 63 families, and then with points that are hollow.
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_SHAPES = ("o", "s", "^", "D", "v", "P", "X", "<", "*")
# Inches: a picture, one of many networks, and a column of its legend.
_SIZE, _LARGE, _COLUMN = (8.0, 5.5), (12.0, 9.0), 1.8
_MANY = 40
# Points, of which those at one place are rings.
_MARKER, _RING, _RINGS, _OPACITY = 7.0, 4.0, 4, 0.35
# The front, of which each network has a ring: of one alone there is no line.
_FRONT: dict[str, Any] = {
    "color": "#52606d",
    "linewidth": 1.2,
    "marker": "o",
    "markersize": 13,
    "markerfacecolor": "none",
    "markeredgewidth": 0.9,
    "zorder": 2,
}
# A scale that spans more than this is logarithmic, and of a wider one every power of ten is marked.
_WIDE, _VERY_WIDE = 8.0, 300.0
_LEGEND_ROWS, _LEGEND_LETTERS = 30, 40
# Characters of a line beside an axis.
_LINE = 70


def plot(
    rows: Sequence[tuple[str, NetworkRow]], x: Measure, y: Measure, format: str, how: Mapping[str, str] | None = None
) -> bytes:
    """The picture of rows, each with the family that it is of, as `svg` or `png`.

    `how` says of measures, by their key, what the numbers are of; their axes say so, too.

    Raises DiagnosticError when matplotlib is not installed, and when no network has both measures.
    """
    known = [(family, row) for family, row in rows if x.key in row.values and y.key in row.values]
    if not known:
        raise NothingToPlot(x.key, y.key).error()
    with styled() as figure_of:
        from matplotlib.ticker import LogLocator

        families = list(dict.fromkeys(family for family, _ in known))
        width, height = _LARGE if len(known) > _MANY else _SIZE
        figure = figure_of(figsize=(width + _COLUMN * _columns(len(families) + 1), height), layout="constrained")
        axes = figure.add_subplot()
        best = front([row for _, row in known], x, y)
        (line,) = axes.step(
            [row.values[x.key] for row in best],
            [row.values[y.key] for row in best],
            where="post" if x.is_lower_better else "pre",
            **_FRONT,
        )
        for measure, name in ((x, "x"), (y, "y")):
            values = [row.values[measure.key] for _, row in known]
            title = f"{measure.label}: {how[measure.key]}" if how and measure.key in how else measure.label
            _axis(axes, name, measure, title, (min(values), max(values)), LogLocator)
        axes.grid(visible=True, color="#e4e7eb", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.margins(0.12)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        points = [(row.name, row.values[x.key], row.values[y.key]) for _, row in known]
        looks = dict(zip(families, map(look, range(len(families))), strict=True))
        drawn = [axes.plot([], [], **looks[family], linestyle="none")[0] for family in families]
        entries = [*zip(drawn, families, strict=True)] if len(families) > 1 else []
        _legend(figure, [*entries, (line, "Pareto front")])
        for (family, _), (_, *place), size in zip(known, points, _sizes(points), strict=True):
            # The smaller ones above, so that those at one place are rings around each other.
            axes.plot(*place, **looks[family] | {"markersize": size}, linestyle="none", zorder=3 + 1 / size)
        left_out = label(figure, axes, points, {row.name for row in best}, line.get_path())
        if left_out:
            names = "name" if len(left_out) == 1 else "names"
            axes.set_title(f"no room for {len(left_out)} {names}", fontsize=7, color="#52606d", loc="right")
        return saved(figure, format)


def look(number: int) -> dict[str, Any]:
    """How the points of a family look, which is as those of no other."""
    color = _COLORS[number % len(_COLORS)]
    is_hollow = number // (len(_COLORS) * len(_SHAPES)) % 2 == 1
    return {
        "marker": _SHAPES[number % len(_SHAPES)],
        # What lies below one shows through it.
        "markerfacecolor": "none" if is_hollow else (color, _OPACITY),
        "markeredgecolor": color,
        "markeredgewidth": 1.2,
        "markersize": _MARKER,
    }


def _sizes(points: Sequence[tuple[str, float, float]]) -> list[float]:
    """How large each point is: those at one place are larger the later they come, up to a bound."""
    counts = Counter[tuple[float, float]]()
    sizes = []
    for _, *place in points:
        at = (float(f"{place[0]:.3g}"), float(f"{place[1]:.3g}"))
        sizes.append(_MARKER + _RING * min(counts[at], _RINGS))
        counts[at] += 1
    return sizes


def _columns(entries: int) -> int:
    """Columns of the legend."""
    return 1 + (entries - 1) // _LEGEND_ROWS


def _legend(figure: Any, entries: Sequence[tuple[Any, str]]) -> None:
    """The families and the front beside the picture; of one family alone, the names of its networks say it."""
    # A name that begins with an underscore would be left out, and one with dollars read as a formula.
    legend = figure.legend(
        [drawn for drawn, _ in entries],
        ["x"] * len(entries),
        loc="outside right upper",
        fontsize=8,
        frameon=False,
        ncols=_columns(len(entries)),
    )
    for text, (_, family) in zip(legend.get_texts(), entries, strict=True):
        text.set_parse_math(False)
        text.set_text(shorten(family, _LEGEND_LETTERS, placeholder="…"))


def _axis(axes: Any, name: str, measure: Measure, title: str, ends: tuple[float, float], log_locator: Any) -> None:
    least, most = ends
    axis = axes.xaxis if name == "x" else axes.yaxis
    if least > 0 and most / least > _WIDE:
        getattr(axes, f"set_{name}scale")("log")
        axis.set_major_locator(log_locator(subs=(1.0, 2.0, 5.0) if most / least < _VERY_WIDE else (1.0,)))
    axis.set_major_formatter(lambda value, _: measure.text(value))
    axis.set_minor_formatter(lambda *_: "")
    axis.set_label_text(fill(title, _LINE), parse_math=False)
