"""TikZ figures hold what the other figures hold, and LaTeX compiles them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

import archdsl
from archdsl.backends.diagram import Layout, Level, Options, draw, tikz
from archdsl.backends.diagram.block_figure import block_figure
from archdsl.backends.diagram.places import Places
from archdsl.backends.diagram.stage_figure import stage_figure
from archdsl.backends.diagram.tex import escape
from archdsl.backends.diagram.width import width
from archdsl.backends.targets import FIGURES, TARGETS, Request
from archdsl.cli.main import main
from archdsl.diagnostics import DiagnosticError
from tests.injection.test_tex import TEX, compile_tex

ROOT = Path(__file__).parents[3]
V2_L = archdsl.load(ROOT / "specs" / "v2_l.arch").architecture
RESNETS = [network.architecture for network in archdsl.load_all(ROOT / "specs" / "resnet.arch", variant="50").values()]
INCEPTION = archdsl.load(ROOT / "examples" / "inception.arch", "inception_v3").architecture
LEVELS: tuple[Level, ...] = ("stage", "block")


@pytest.mark.parametrize("layout", get_args(Layout))
def test_stages_hold_every_row(layout: Layout) -> None:
    document = tikz([V2_L], "stage", Options(layout)).text
    (panel,) = stage_figure([V2_L], Options(layout)).panels
    assert document.count(r"\node[arch row") == len(V2_L.stages) + 2
    assert document.count(r"\draw[arch flow]") == len(panel.edges) == len(V2_L.stages) + 3
    for node in panel.nodes:
        assert f"(n0-{node.key})" in document
        for line in (*node.lines, *node.cost):
            assert escape(line) in document


@pytest.mark.parametrize("layout", get_args(Layout))
def test_blocks_hold_every_box(layout: Layout) -> None:
    for architectures in (RESNETS, [INCEPTION]):
        document = tikz(architectures, "block", Options(layout)).text
        panels = block_figure(architectures, Options(layout)).panels
        assert document.count(r"\draw[arch frame]") == len(panels)
        for number, panel in enumerate(panels):
            assert len(re.findall(rf"\(b{number}-\d+\) at ", document)) == len(panel.nodes)
        arrows = re.findall(r"\\draw\[arch (?:flow|skip)\]", document)
        assert len(arrows) == sum(len(panel.edges) for panel in panels)


def test_no_box_covers_another() -> None:
    """Places are those of Graphviz, which keeps nodes apart."""
    places = Places(draw([INCEPTION], "block"))
    boxes = list(places.nodes.values())
    for index, one in enumerate(boxes):
        for other in boxes[index + 1 :]:
            apart = abs(one.x - other.x) * 2 >= one.width + other.width - 0.1
            assert apart or abs(one.y - other.y) * 2 >= one.height + other.height - 0.1


def test_costs_can_be_left_out() -> None:
    assert "params" in tikz([V2_L]).text
    assert "params" not in tikz([V2_L], "stage", Options(costs=False)).text


@pytest.mark.parametrize(
    ("asked", "length"),
    [("3.3in", "3.3in"), ("84mm", "84mm"), ("8.4cm", "8.4cm"), ("240pt", "240.0000bp"), ("800px", "600.0000bp")],
)
def test_width(asked: str, length: str) -> None:
    drawn = tikz([V2_L], "stage", Options(), width(asked))
    assert f"\\resizebox{{{length}}}{{!}}{{%" in drawn.text
    wide = width(asked)
    assert wide is not None
    natural = Places(draw([V2_L])).whole.width
    assert drawn.letters == pytest.approx(9 * wide.points / natural)


def test_the_same_again() -> None:
    assert tikz(RESNETS, "block") == tikz(RESNETS, "block")


def test_operators_are_refused() -> None:
    with pytest.raises(DiagnosticError, match="TikZ figures have stages or blocks"):
        tikz([V2_L], "operator")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("50 % & #1_{x}", r"50 \% \& \#1\_\{x\}"),
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("a^b ~ $c$", r"a\textasciicircum{}b \textasciitilde{} \$c\$"),
        ("a--b ,, c", r"a-{}-b ,{}, c"),
        ("3 → 4 × 5", r"3 \ensuremath{\rightarrow} 4 \ensuremath{\times} 5"),
        ("é ï Å ş ß", r"\'{e} \"{\i} \r{A} \c{s} \ss{}"),
        ("中 Ж ħ", r"\archdslchar{4E2D} \archdslchar{0416} \archdslchar{0127}"),
        ("a\nb\u202ec", "a bc"),
    ],
)
def test_text_shows_itself(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    spec = str(ROOT / "specs" / "v2_l.arch")
    assert main(["diagram", spec, "--format", "tikz"]) == 0
    first = Path("v2_l.tex").read_text()
    assert re.match(r"\\documentclass\[.*\]\{standalone\}\n% sha256:[0-9a-f]{16} as drawn\n", first)
    assert main(["diagram", spec, "--out", "figure.tikz", "--width", "84mm"]) == 0
    Path("v2_l.tex").write_text(first.replace("stem", "the stem"))
    assert main(["diagram", spec, "--format", "tikz"]) == 2
    assert "ARC906" in capsys.readouterr().err
    assert main(["diagram", spec, "--format", "tikz", "--out", "-"]) == 0
    assert "sha256" not in capsys.readouterr().out


@pytest.mark.skipif(TEX is None, reason="there is no TeX on this machine")
@pytest.mark.parametrize("layout", get_args(Layout))
@pytest.mark.parametrize("level", LEVELS)
def test_it_compiles(level: Level, layout: Layout, tmp_path: Path) -> None:
    for number, architectures in enumerate(([V2_L], RESNETS, [INCEPTION])):
        file = tmp_path / f"{number}.tex"
        file.write_text(tikz(architectures, level, Options(layout), width("6in")).text)
        assert "Overfull" not in compile_tex(file)


# Targets --------------------------------------------------------------------------------------------------------------


def test_no_two_targets_have_a_name_or_suffix() -> None:
    for found in ([target.name for target in TARGETS], [suffix for target in TARGETS for suffix in target.suffixes]):
        assert len(found) == len(set(found))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_target_makes_something(target: object) -> None:
    architecture = archdsl.find("mobilenetv2_050").architecture
    made = target.emit(Request([architecture], "x.arch"))  # type: ignore[attr-defined]
    assert made.data
    assert made.letters is None
    assert target.as_file(made.data).startswith(made.data.split(b"\n")[0])  # type: ignore[attr-defined]


def test_every_figure_is_offered(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagram", "--help"]) == 0
    shown = capsys.readouterr().out
    assert all(figure.name in shown for figure in FIGURES)
    network = archdsl.find("mobilenetv2_050")
    for figure in FIGURES:
        assert network.diagram(format=figure.name)
