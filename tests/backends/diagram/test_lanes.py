"""Figures of networks whose heads read maps by name: what stands in which lane, what reads what, and what is folded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from pydantic import BaseModel, ValidationError

import archdsl
from archdsl.backends.diagram import Layout, Options, draw, mermaid, render, tikz
from archdsl.backends.diagram.block_figure import block_figure
from archdsl.backends.diagram.figure import Node, Panel
from archdsl.backends.diagram.places import Box, Places
from archdsl.backends.diagram.stage_figure import stage_figure
from archdsl.backends.diagram.tensors import HeadTensors
from archdsl.compiler import compile_file, compile_source
from archdsl.diagnostics import DiagnosticError, Source
from archdsl.ir.architecture import Architecture
from archdsl.limits import Limits
from tests.backends.diagram.test_diagram import ELEMENTS, HOSTILE, LINE, SVG, frames, parsed, shown, texts
from tests.golden import assert_golden
from tests.injection.test_tex import TEX, compile_tex

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"
GOLDEN = Path(__file__).parent / "golden"
# All examples with such heads.
FILES = ("hrnet", "yolov8", "unet", "fpn", "ssdlite", "segmentation", "siamese")


@cache
def networks(file: str) -> tuple[Architecture, ...]:
    return tuple(network.architecture for network in archdsl.load_all(EXAMPLES / f"{file}.arch").values())


def network(file: str, name: str) -> Architecture:
    (found,) = (one for one in networks(file) if one.name == name)
    return found


def panel(file: str, name: str) -> Panel:
    (found,) = stage_figure([network(file, name)], Options()).panels
    return found


def called(panel: Panel, key: str) -> str:
    """What a box is called: its heading, or what an end says first."""
    (node,) = (node for node in panel.nodes if node.key == key)
    return (node.heading or node.lines[0]).split(" ")[0].rstrip(":,")


def lanes(panel: Panel) -> list[list[str]]:
    found: dict[int, list[str]] = {}
    for node in panel.nodes:
        assert node.lane is not None
        found.setdefault(node.lane, []).append(called(panel, node.key))
    return [found[lane] for lane in sorted(found)]


def arrows(panel: Panel) -> set[str]:
    """`=>` where a tensor is read beside another one."""
    return {
        f"{called(panel, edge.tail)} {'=>' if edge.skips else '->'} {called(panel, edge.head)}" for edge in panel.edges
    }


# What is drawn -------------------------------------------------------------------------------------------------------


def test_unet_is_a_u() -> None:
    found = panel("unet", "unet")
    assert lanes(found) == [
        ["input", "stem", "head", "output"],
        ["d2", "u2"],
        ["d3", "u3"],
        ["d4", "u4"],
        ["d5"],
    ]
    assert arrows(found) == {
        "input -> stem", "stem -> d2", "d2 -> d3", "d3 -> d4", "d4 -> d5", "d5 -> u4", "d4 => u4", "u4 -> u3",
        "d3 => u3", "u3 -> u2", "d2 => u2", "u2 -> head", "stem => head", "head -> output",
    }  # fmt: skip


def test_yolov8_has_a_lane_for_each_size_of_its_outputs() -> None:
    found = panel("yolov8", "yolov8_n")
    # Sizes of the trunk alone, 640, 320 and 160, are no lanes.
    assert lanes(found) == [
        ["input", "stem", "s2", "s3", "n3", "boxes3", "scores3", "boxes3", "scores3"],
        ["s4", "up4", "n4", "boxes4", "scores4", "boxes4", "scores4"],
        ["s5", "n5", "boxes5", "scores5", "boxes5", "scores5"],
    ]
    up, down = {"s5 -> up4", "s4 => up4", "up4 -> n3", "s3 => n3"}, {"n3 -> n4", "up4 => n4", "n4 -> n5", "s5 => n5"}
    assert up | down < arrows(found)


def test_rounds_of_hrnet_are_drawn_once() -> None:
    found = panel("hrnet", "hrnet_w18")
    framed = {node.heading: node.frames[0].text for node in found.nodes if node.frames}
    assert framed == {
        "a32 … a3": "x 3", "b32 … b3": "x 3", "c32 … c3": "x 3",
        "a42, a4": "x 2", "b42, b4": "x 2", "c42, c4": "x 2", "d42, d4": "x 2",
    }  # fmt: skip
    # All of stage 4 reads all of the round before it, which is drawn as one.
    into = {edge.tail for edge in found.edges if called(found, edge.head) == "a42"}
    assert [called(found, key) for key in sorted(into)] == ["a41", "b41", "c41", "d41"]
    costs = {node.heading: node.cost for node in found.nodes}
    assert costs["b32 … b3"] == ("3 x 102.5K params", "3 x 78.2M MACs")
    # The smaller network exchanges once, and nothing of it repeats.
    assert not any(node.frames for node in panel("hrnet", "hrnet_w18_small").nodes)


def test_uses_of_a_shared_layer_say_so() -> None:
    found = panel("fpn", "retinanet_resnet50")
    uses = [node for node in found.nodes if "shared: score" in node.lines]
    assert [node.heading for node in uses] == [f"scores{level}" for level in range(3, 8)]
    assert len({node.colors for node in uses}) == 1
    assert not any("shared: box" in node.lines for node in uses)
    # What it is stands once, where its parameters count.
    first, *others = uses
    assert first.lines == (
        "shared: score", "conv 3 x 3 · 256 channels", "relu · 4 times", "conv 3 x 3 · 256 → 819", "819 x 100 x 100"
    )  # fmt: skip
    assert all(len(node.lines) == 2 for node in others)
    assert first.cost == ("4.2M params · 42.5G MACs",)
    assert others[0].cost == ("0 params · 10.6G MACs",)


def test_a_figure_of_blocks_has_a_frame_around_each_use() -> None:
    """Each of its own: with the same module inside, they would be one."""
    drawing = draw([network("fpn", "retinanet_resnet50")], "block")
    found = texts(parsed(drawing))
    assert (found.count("shared: score"), found.count("shared: box"), found.count("x 4")) == (5, 5, 10)
    chart = shown(mermaid([network("fpn", "retinanet_resnet50")], "block"))
    # In each box of it.
    assert (chart.count("shared: score"), chart.count("repeated x 4")) == (10, 10)


def test_tensors_that_a_block_does_not_read_are_not_drawn() -> None:
    """`towards` reads the size of `like` where it makes something larger alone."""
    panels = block_figure([network("hrnet", "hrnet_w18")], Options()).panels
    found = [[node.lines[0] for node in one.nodes if node.kind == "end"] for one in panels if one.title == "towards"]
    assert sorted(found) == [["in", "like", "out"], ["in", "out"], ["in", "out"]]


def test_vectors_stand_in_the_lane_of_their_map() -> None:
    found = panel("segmentation", "lraspp_mobilenet_v3_large")
    (lane,) = (names for names in lanes(found) if "weight" in names)
    assert {"high", "weight", "narrow"} < set(lane)
    # What only says how large something is to be is not read.
    assert not any(arrow.startswith("input") and arrow.endswith("head") for arrow in arrows(found))


def test_tensors_of_a_list_are_told_apart() -> None:
    assert {"input -> images[0]", "images[0] -> one", "one -> head", "other => head"} < arrows(
        panel("siamese", "siamese")
    )


@pytest.mark.parametrize("file", FILES)
def test_boxes_cost_what_the_head_costs(file: str) -> None:
    for one in networks(file):
        assert one.head is not None
        whole, made = one.costs.section(one.head), HeadTensors.of(one).made
        assert sum(tensor.cost.params for tensor in made) == whole.params
        assert sum(tensor.cost.macs for tensor in made) == whole.macs


def test_networks_without_lanes_stay_as_they_are() -> None:
    (found,) = stage_figure(compile_file(ROOT / "specs" / "v2_l.arch").checked(), Options()).panels
    assert all(node.lane is None for node in found.nodes)
    # Beside one that has some, a network has one lane.
    plain, other = stage_figure(
        [archdsl.find("mobilenetv2_050").architecture, network("unet", "unet")], Options()
    ).panels
    assert {node.lane for node in plain.nodes} == {0}
    assert {node.lane for node in other.nodes} == {0, 1, 2, 3, 4}


@pytest.mark.parametrize(("file", "name"), [("hrnet", "hrnet_w18"), ("unet", "unet")])
def test_figure(file: str, name: str, pytestconfig: pytest.Config) -> None:
    found = panel(file, name)
    assert_golden("\n".join(written(found)) + "\n", GOLDEN / f"{name}.txt", pytestconfig)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Panel) == found


def written(panel: Panel) -> list[str]:
    """A figure to be read: each box with its lane, its texts and what it reads."""

    def line(node: Node) -> str:
        reads = [
            f"{called(panel, edge.tail)}{' (beside)' if edge.skips else ''}"
            for edge in panel.edges
            if edge.head == node.key
        ]
        parts = [node.heading or "", *node.lines, *node.cost, *(frame.text for frame in node.frames)]
        return f"lane {node.lane}: {' | '.join(filter(None, parts))} <- {', '.join(reads)}"

    return [panel.title, *panel.about, *map(line, panel.nodes)]


def test_too_many_tensors_are_refused() -> None:
    with Limits(drawn_stages=20), pytest.raises(DiagnosticError, match="34 stages are too many for a diagram"):
        draw([network("hrnet", "hrnet_w18")])


# How it is drawn -----------------------------------------------------------------------------------------------------


def boxes(architectures: tuple[Architecture, ...], options: Options) -> dict[str, Box]:
    return Places(draw(architectures, "stage", options)).nodes


@pytest.mark.parametrize("layout", get_args(Layout))
@pytest.mark.parametrize("file", FILES)
def test_lanes_are_straight_and_nothing_overlaps(file: str, layout: Layout) -> None:
    options = Options(layout)
    found = boxes(networks(file), options)
    for one, other in combinations(found.values(), 2):
        apart = abs(one.x - other.x) * 2 >= one.width + other.width - 0.1
        assert apart or abs(one.y - other.y) * 2 >= one.height + other.height - 0.1
    for drawn in stage_figure(networks(file), options).panels:
        spans: dict[int, list[float]] = {}
        for node in drawn.nodes:
            box = found[f"{drawn.key}.{node.key}"]
            # Lanes stand from left to right, or from top to bottom.
            spans.setdefault(node.lane or 0, []).append(box.x if layout == "tb" else -box.y)
        ends = [(min(places), max(places)) for _, places in sorted(spans.items())]
        assert all(last < first for (_, last), (first, _) in pairwise(ends))


@pytest.mark.parametrize("layout", get_args(Layout))
def test_arrows_go_through_no_box(layout: Layout) -> None:
    for file in FILES:
        places = Places(draw(networks(file), "stage", Options(layout)))
        for (tail, head), (curve, *_) in places.edges.items():
            for point in sampled(curve.points):
                for name, box in places.nodes.items():
                    inside = abs(point[0] - box.x) * 2 < box.width - 2 and abs(point[1] - box.y) * 2 < box.height - 2
                    assert not inside or name in (tail, head), (file, tail, head, name)


def sampled(points: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    found = []
    for start in range(0, len(points) - 3, 3):
        for step in range(21):
            t = step / 20
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            knots = points[start : start + 4]
            found.append(tuple(sum(w * k[axis] for w, k in zip(weights, knots, strict=True)) for axis in (0, 1)))
    return found  # type: ignore[return-value]


def test_graphviz_draws_every_text() -> None:
    root = parsed(draw(networks("hrnet")))
    found = texts(root)
    for drawn in stage_figure(networks("hrnet"), Options()).panels:
        for node in drawn.nodes:
            for text in (*([node.heading] if node.heading else []), *node.lines, *node.cost):
                assert " ".join(text.split()) in found, text
    assert {"x 3", "x 2"} <= set(found)
    edges = [group for group in root.iter(f"{SVG}g") if group.get("class") == "edge"]
    assert len(edges) == sum(len(drawn.edges) for drawn in stage_figure(networks("hrnet"), Options()).panels)
    assert "hrnet_w18.stages.c1" in frames(root)
    assert render(draw(networks("unet")), "pdf").startswith(b"%PDF")


def test_a_flowchart_has_every_arrow() -> None:
    chart = mermaid([network("hrnet", "hrnet_w18")])
    assert all(LINE.fullmatch(line) for line in chart.splitlines())
    assert chart.count(" --> ") == len(panel("hrnet", "hrnet_w18").edges)
    assert shown(chart).count("repeated x 3") == 3


@pytest.mark.parametrize("layout", get_args(Layout))
def test_tikz_has_every_box_and_frame(layout: Layout) -> None:
    document = tikz([network("hrnet", "hrnet_w18")], "stage", Options(layout)).text
    found = panel("hrnet", "hrnet_w18")
    assert document.count(r"\node[arch row") == sum(node.kind == "row" for node in found.nodes)
    assert len(re.findall(r"\\draw\[arch (?:flow|skip)\]", document)) == len(found.edges)
    assert document.count(r"\draw[arch copies]") == 2


@pytest.mark.skipif(TEX is None, reason="there is no TeX on this machine")
def test_it_compiles(tmp_path: Path) -> None:
    (tmp_path / "lanes.tex").write_text(tikz(networks("hrnet")).text)
    assert "Overfull" not in compile_tex(tmp_path / "lanes.tex")


# What cannot get into it ---------------------------------------------------------------------------------------------

TEXT = """
block up(skip, channels) {
  out = concat(in -> resize(like = skip), skip) -> conv(channels, 3)
}
model m {
  input = 3 x 32 x 32
  stem  = conv(8, 3)
  stages {
    | name | op   | channels | stride |
    | c2   | conv | 16       | 2      |
  }
  shared innocent_layer = conv(8, 3)
  innocent_tensor = c2 -> up(stem, 8)
  outputs {
    innocent_output = innocent_tensor -> innocent_layer
    another = innocent_tensor -> innocent_layer
  }
}
"""


def renamed(value: Any, texts: Mapping[str, str]) -> Any:
    """What an architecture is made of, with other strings in it: behind the back of the IR, which takes names alone."""
    if isinstance(value, BaseModel):
        return type(value).model_construct(**{name: renamed(inner, texts) for name, inner in value})
    if isinstance(value, dict):
        return {renamed(key, texts): renamed(inner, texts) for key, inner in value.items()}
    if isinstance(value, tuple):
        inner = [renamed(one, texts) for one in value]
        return type(value)(*inner) if hasattr(value, "_fields") else tuple(inner)
    for old, new in texts.items() if isinstance(value, str) else ():
        value = value.replace(old, new)
    return value


@pytest.mark.parametrize("text", [text for text in HOSTILE if len(text) < 100])
def test_names_that_are_none_stay_text(text: str) -> None:
    (architecture,) = compile_source(Source("m.arch", TEXT)).checked()
    names = ("innocent_tensor", "innocent_layer", "innocent_output")
    hostile = renamed(architecture, {name: f"{text}{name[-2:]}" for name in names})
    with pytest.raises(ValidationError):
        Architecture.from_json(hostile.to_json())
    root = parsed(draw([hostile]))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= ELEMENTS
    assert len([group for group in root.iter(f"{SVG}g") if group.get("class") == "edge"]) == 8
    chart = mermaid([hostile])
    assert all(LINE.fullmatch(line) for line in chart.splitlines())
    assert tikz([hostile]).text.isascii()
