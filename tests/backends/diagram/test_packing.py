"""Figures of many panels have the shape of a page, whichever way they run; each panel stands once, and in a frame."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from archdsl.backends.diagram import Layout, Options, draw, rendering
from archdsl.backends.diagram.block_figure import block_figure
from archdsl.backends.diagram.packing import packed
from archdsl.catalogue import specs_folder
from archdsl.compiler import compile_file, compile_source
from archdsl.diagnostics import Source

MANY = "\n".join(
    f"block unit_{number}(channels) {{\n  out = in + (in -> conv(channels, {3 + 2 * number}) -> norm -> act"
    f"{' -> conv(channels, 3) -> norm -> act' * (number % 4)})\n}}\n"
    for number in range(14)
)
ROWS = "".join(f"    | unit_{number} | 8 |\n" for number in range(14))
MODEL = f"model many {{\n  input = 8 x 32 x 32\n  stages {{\n    | op | channels |\n{ROWS}  }}\n}}\n"
IDENTITY = """
block nothing(wide) {
  out = if wide then in -> conv(in.channels) else in
}

block unit(channels, wide = false) {
  out = in -> conv(channels, 3) -> nothing(wide) -> act
}

model m {
  input = 8 x 16 x 16
  stages {
    | op   | channels | wide  | name  |
    | unit | 8        | true  | -     |
    | unit | 8        | false | -     |
    | unit | 8        | false | third |
  }
}
"""


def boxes(svg: str) -> list[tuple[float, float, float, float]]:
    """The frames of panels: left, top, right and bottom."""
    found = []
    for body in re.findall(r'<g id="[^"]*" class="cluster">(.*?)</g>', svg, re.DOTALL):
        for path in re.findall(r'<path[^>]* d="([^"]*)"', body):
            numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path)]
            across, down = numbers[::2], numbers[1::2]
            found.append((min(across), min(down), max(across), max(down)))
    return found


@pytest.mark.parametrize("layout", ["tb", "lr"])
def test_many_panels_have_the_shape_of_a_page(layout: Layout) -> None:
    architectures = compile_source(Source("many.arch", MANY + MODEL)).checked()
    svg = rendering.layout(draw(architectures, "block", Options(layout))).decode()
    width, height = (float(number) for number in re.search(r'width="(\d+)" height="(\d+)"', svg).groups())  # type: ignore[union-attr]
    assert 0.4 < width / height < 3.5
    assert width < 3200
    panels = boxes(svg)
    assert len(panels) == 14
    for one, other in combinations(panels, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)


def test_panels_keep_their_order_down_the_columns() -> None:
    architectures = compile_source(Source("many.arch", MANY + MODEL)).checked()
    figure = block_figure(architectures, Options())
    ((found,),) = packed(figure.groups, is_upright=True)
    assert 1 < len(found.columns) < 14
    assert [panel for column in found.columns for panel in column] == list(figure.panels)


def test_few_panels_stand_in_one_row() -> None:
    (v2_l,) = compile_file(specs_folder() / "efficientnet.arch").checked()[:1]
    ((found,),) = packed(block_figure([v2_l], Options()).groups, is_upright=True)
    assert all(len(column) == 1 for column in found.columns)


def test_a_block_that_changes_nothing_has_no_panel_and_stages_count_from_one() -> None:
    figure = block_figure(compile_source(Source("m.arch", IDENTITY)).checked(), Options())
    assert all(len(panel.nodes) > 2 for panel in figure.panels)
    about = " ".join(panel.about[0] for panel in figure.panels)
    assert "in stage 1" in about
    assert "in stages 2, third" in about
    drawn = [node.lines for panel in figure.panels for node in panel.nodes if node.kind == "block"]
    assert drawn in ([], [("nothing",)])
