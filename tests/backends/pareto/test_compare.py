"""Networks side by side: the table, the front that no other is beyond, and the picture of both."""

from __future__ import annotations

import json
import re
import sys
from itertools import product
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archdsl
from archdsl.backends.pareto import NetworkRow, front, measure
from archdsl.backends.pareto.plot import _sizes, look, plot
from archdsl.cli.main import main
from archdsl.ir.base import Shape

SPECS = archdsl.specs_folder()


def row(name: str, **values: float) -> NetworkRow:
    return NetworkRow(name, Shape(3, 8, 8), values)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=20))
def test_the_front_is_what_nothing_is_better_than(points: list[tuple[int, int]]) -> None:
    rows = [row(str(number), macs=x, top1=y) for number, (x, y) in enumerate(points)]
    found = {one.name for one in front(rows, measure("macs"), measure("top1"))}

    def beats(one: tuple[int, int], other: tuple[int, int]) -> bool:
        return one[0] <= other[0] and one[1] >= other[1] and one != other

    expected = {str(n) for n, point in enumerate(points) if not any(beats(other, point) for other in points)}
    assert found == expected


def test_a_network_without_a_measure_is_on_no_front() -> None:
    rows = [row("a", macs=1.0), row("b", macs=2.0, top1=70.0)]
    assert [one.name for one in front(rows, measure("macs"), measure("top1"))] == ["b"]


def test_table(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    data = tmp_path / "top1.csv"
    data.write_text("name,top1\nefficientnet_b0,77.1\nresnet_50,76.1\nefficientnet_b1,\n")
    specs = [f"{SPECS}/efficientnet.arch", f"{SPECS}/resnet.arch:resnet_50"]
    assert main(["compare", *specs, "--data", str(data), "--column", "width"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["model", "input", "params", "MACs", "FLOPs", "activations", "width", "top1"]
    (b0,) = [line for line in lines if line.startswith("efficientnet_b0")]
    assert "385.8M" in b0
    assert b0.rstrip().endswith("*")
    (resnet,) = [line for line in lines if line.startswith("resnet_50")]
    assert resnet.rstrip().endswith("76.1")
    (b1,) = [line for line in lines if line.startswith("efficientnet_b1")]
    assert b1.rstrip().endswith("-")


def test_json_has_the_exact_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", f"{SPECS}/v2_s.arch", "--batch", "2", "--output-format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (network,) = document["networks"]
    known = archdsl.load(SPECS / "v2_s.arch")
    assert (network["params"], network["macs"]) == (known.params, 2 * known.macs)
    assert network["on_front"] is True


def test_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for suffix in ("svg", "png"):
        target = tmp_path / f"front.{suffix}"
        assert main(["compare", f"{SPECS}/efficientnet.arch", "--x", "macs", "--plot", str(target)]) == 0
        assert main(["compare", f"{SPECS}/efficientnet.arch", "--x", "macs", "--plot", f"{target}.again.{suffix}"]) == 0
        assert target.read_bytes() == Path(f"{target}.again.{suffix}").read_bytes()
    capsys.readouterr()
    texts = [element.text for element in ElementTree.parse(tmp_path / "front.svg").iter() if element.text]
    assert {"MACs", "params", *(f"efficientnet_b{n}" for n in range(8))} <= set(texts)
    assert (tmp_path / "front.png").read_bytes().startswith(b"\x89PNG")


def test_what_a_table_of_ones_own_says_is_text(tmp_path: Path) -> None:
    """Neither markup nor mathematics: a column may be called anything."""
    key = "<script>$\\frac{1}$"
    rows = [("m", row("a$b$&<i>", macs=1.0, **{key: 2.0})), ("m", row("c", macs=2.0, **{key: 3.0}))]
    tree = ElementTree.fromstring(plot(rows, measure("macs"), measure(key), "svg"))
    texts = {element.text for element in tree.iter() if element.text}
    assert {key, "a$b$&<i>"} <= texts
    assert not any(element.tag.endswith("script") for element in tree.iter())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the first line names the columns"),
        ("model,top1\n", "one of them is `name`"),
        ("name,top1\na,b\n", "line 2: `b` is not a number"),
        ("name,top1\na,1\na,2\n", "line 3: `a` has a row already"),
        ("name,top1\na,1,2\n", "line 2: 3 cells under 2 columns"),
        ("name,top1\na,nan\n", "`nan` is not a number"),
    ],
)
def test_a_wrong_table(text: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data.csv"
    data.write_text(text)
    assert main(["compare", f"{SPECS}/v2_s.arch", "--data", str(data)]) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--x", "mcs"], "did you mean `macs`"),
        (["--column", "nothing_like_it"], "no network has a number called"),
        (["--plot", "front.gif"], "an .svg or a .png file"),
        (["--data", "nowhere.csv"], "cannot read nowhere.csv"),
    ],
)
def test_wrong_options(arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", f"{SPECS}/v2_s.arch", *arguments]) == 2
    out, err = capsys.readouterr()
    assert reason in err
    assert out == ""


def test_a_mistake_in_one_file_leaves_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.arch"
    wrong.write_text("model m {\n  input = 3 x 8 x 8\n  head = cnv(8)\n}\n")
    assert main(["compare", str(wrong), f"{SPECS}/v2_s.arch"]) == 1
    out, err = capsys.readouterr()
    assert "efficientnetv2_s" in out
    assert "unknown block or function `cnv`" in err


def test_tables_do_without_matplotlib(capsys: pytest.CaptureFixture[str]) -> None:
    loaded = {name for name in sys.modules if name.startswith("matplotlib")}
    assert main(["compare", f"{SPECS}/v2_s.arch"]) == 0
    assert {name for name in sys.modules if name.startswith("matplotlib")} == loaded
    capsys.readouterr()


def test_axes_may_be_any_two_measures() -> None:
    rows = [row(f"{x}{y}", params=x, macs=y) for x, y in product((1, 2), (1, 2))]
    assert [one.name for one in front(rows, measure("params"), measure("macs"))] == ["11"]


def test_families_look_different_and_are_named() -> None:
    looks = [tuple(sorted(look(number).items())) for number in range(126)]
    assert len(set(looks)) == len(looks)
    # In grey, the shape alone distinguishes the first ones.
    assert len({look(number)["marker"] for number in range(9)}) == 9
    families = ["_hidden", "$x^2$", "<b>", "a & b"]
    rows = [(family, row(f"{family}_{number}", macs=number, params=1.0)) for number, family in enumerate(families)]
    texts = re.findall(r">([^<>]+)</text>", plot(rows, measure("macs"), measure("params"), "svg").decode())
    for family in families:
        assert texts.count(escape(family)) == 1, family
    alone = [("net", one) for _, one in rows]
    assert ">net</text>" not in plot(alone, measure("macs"), measure("params"), "svg").decode()


def test_names_without_room_are_counted() -> None:
    rows = [("net", row(f"network_{number}", macs=1 + number / 5000, params=1.0)) for number in range(100)]
    assert re.search(r">no room for \d+ names<", plot(rows, measure("macs"), measure("params"), "svg").decode())


def test_memory_is_a_column(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["compare", f"{SPECS}/v2_s.arch", "--batch", "2", "--output-format", "json"]
    known = archdsl.load(SPECS / "v2_s.arch")
    for more, training in (([], False), (["--training"], True)):
        assert main([*arguments, "--memory", *more, "--x", "memory"]) == 0
        (network,) = json.loads(capsys.readouterr().out)["networks"]
        assert network["memory"] == known.memory(2, training=training).peak.total
    assert main([*arguments, "--training"]) == 2
    assert "add `--memory`" in capsys.readouterr().err


def test_the_front_is_in_the_picture_and_in_the_legend() -> None:
    rows = [("net", row("a", macs=1.0, params=3.0)), ("net", row("b", macs=2.0, params=2.0))]
    rows += [("net", row("c", macs=3.0, params=9.0))]
    svg = plot(rows, measure("macs"), measure("params"), "svg").decode()
    assert svg.count(">Pareto front</text>") == 1
    # A ring for each network on it, and one in the legend: of a front of one network, too.
    ring = "stroke: #52606d; stroke-width: 0.9"
    uses = [line for line in svg.splitlines() if "<use" in line]
    assert sum(ring in line for line in uses) == 3
    alone = plot(rows[:1], measure("macs"), measure("params"), "svg").decode()
    assert sum(ring in line for line in alone.splitlines() if "<use" in line) == 2


def test_no_point_is_hidden() -> None:
    """What is below shows through what is above, and points at one place are rings of several sizes."""
    for number in range(126):
        face = look(number)["markerfacecolor"]
        assert face == "none" or face[1] < 0.5
    sizes = _sizes([("a", 1.0, 2.0), ("b", 1.0, 2.0), ("c", 5.0, 2.0), ("d", 1.0001, 2.0)])
    assert sizes[0] < sizes[1] < sizes[3]
    assert sizes[0] == sizes[2]


def test_networks_of_one_name_in_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, channels in (("old", 8), ("new", 16)):
        text = f"model net {{\n  input = 3 x 8 x 8\n  stem = conv({channels})\n}}\n"
        (tmp_path / f"{name}.arch").write_text(text)
    files = [str(tmp_path / f"{name}.arch") for name in ("old", "new")]
    assert main(["compare", *files, "--output-format", "json"]) == 0
    networks = json.loads(capsys.readouterr().out)["networks"]
    assert [(each["name"], each["params"]) for each in networks] == [
        (f"{file}:net", params) for file, params in zip(files, (24, 48), strict=True)
    ]
