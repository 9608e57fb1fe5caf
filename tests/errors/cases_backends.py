"""What a backend, a measurement or the Python interface refuses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType

import pytest

import archdsl
from archdsl.backends.diagram import flowchart, rendering
from archdsl.backends.estimate import estimates
from archdsl.backends.pytorch import grouping
from tests.errors.cases_cli import without
from tests.errors.showing import NET, Case, command, with_bounds

TWO = NET + NET.replace("net", "other")
BLOCKS = "model net {\n input = 3 x 16 x 16\n stem = conv(8) -> conv(8) -> conv(8)\n}\n"


def network(text: str = NET) -> archdsl.Network:
    return archdsl.loads(text)


def too_many_listed() -> object:
    made = [network(BLOCKS).architecture] * 2
    return with_bounds(lambda: estimates(made, level="operator"), steps=5)


def without_fonts(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(rendering, "_fonts", list)
    monkeypatch.setattr(rendering, "_has_system_fonts", lambda: False)
    return command("diagram net.arch --out net.png")()


def few_arrows(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(flowchart, "MAX_CHARACTERS", 3)
    return command("diagram net.arch --format mermaid")()


def failing_typst(monkeypatch: pytest.MonkeyPatch) -> object:
    typst = pytest.importorskip("typst")

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(typst, "compile", refuse)
    return command("diagram net.arch --out net.pdf")()


def failing_matplotlib(monkeypatch: pytest.MonkeyPatch) -> object:
    """What is there does not have what the plots take of it, as a library whose code cannot be loaded does."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", ModuleType("matplotlib.figure"))
    return command("compare net.arch --plot a.svg")()


CASES: dict[str, Case] = {
    "TooManyListed": too_many_listed,
    "TooManyProblems": lambda: with_bounds(command("check a.arch", a_arch=f"{NET}stem\nhead\nbody\n" * 9), problems=1),
    "TooManySteps": lambda: with_bounds(lambda: network(BLOCKS).memory(), steps=1),
    "TooManyClasses": lambda: with_bounds(lambda: grouping._check_count(9), classes=3),
    "TooManyDrawn": lambda: with_bounds(command("diagram two.arch", two_arch=TWO), drawn_networks=1),
    "NoOperatorsInMermaid": command("diagram net.arch --level operator --format mermaid"),
    "NoOperatorsInTikz": command("diagram net.arch --level operator --format tikz"),
    "GraphvizFails": lambda: rendering.render("digraph {", "svg"),
    "NoSuchDevice": command("estimate net.arch --device a1000"),
    "NotProfile": command("estimate net.arch --device a.json", a_json="{}"),
    "NotBatch": lambda: network().latency("v100", batch=0),
    "TypeNotInProfile": command("estimate net.arch --device v100 --dtype bfloat16"),
    "ProfileDoesNotTrain": command("estimate net.arch --device epyc_onnxruntime --training"),
    "NothingToPlot": command(
        "compare two.arch --plot a.svg --data a.csv --x top1 --y top5",
        two_arch=TWO,
        a_csv="name,top1,top5\nnet,3,\nother,,3\n",
    ),
    "NoSuchModel": lambda: archdsl.create_model("resnte50"),
    "NoCuda": command("compare net.arch --measure --on cuda"),
}
PATCHED: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "NoMatplotlib": without("matplotlib", "compare net.arch --plot a.svg"),
    "MatplotlibFails": failing_matplotlib,
    "NoTypst": without("typst", "diagram net.arch --out net.pdf"),
    "NoFont": without_fonts,
    "PdfFails": failing_typst,
    "TooLargeForMermaid": few_arrows,
}
