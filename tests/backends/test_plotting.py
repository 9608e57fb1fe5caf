"""Plots: one style, the same bytes each time, and nothing left behind for what plots beside them."""

from __future__ import annotations

import sys
from typing import Any

import matplotlib
import pytest

from archdsl.backends.plotting import saved, styled
from archdsl.diagnostics import DiagnosticError


def drawn(format: str, **style: Any) -> bytes:
    with styled(**style) as figure_of:
        figure = figure_of(figsize=(2, 1))
        figure.subplots().plot([0, 1], [0, 1], label="a line")
        figure.suptitle("a title")
        return saved(figure, format)


@pytest.mark.parametrize(("format", "begin"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_a_plot_is_the_same_each_time(format: str, begin: bytes) -> None:
    once = drawn(format)
    assert once.startswith(begin)
    assert drawn(format) == once


def test_text_stays_text_and_no_date_is_in_it() -> None:
    text = drawn("svg").decode()
    assert ">a title</text>" in text
    assert "<dc:date>" not in text


def test_a_style_of_one_plot_is_its_own() -> None:
    before = dict(matplotlib.rcParams)
    assert b"stroke-width: 7.5" in drawn("svg", **{"lines.linewidth": 7.5})
    assert dict(matplotlib.rcParams) == before
    assert b"stroke-width: 7.5" not in drawn("svg")


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(DiagnosticError) as caught:
        drawn("svg")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.problem == "NoMatplotlib"
    assert "archdsl[plots]" in str(diagnostic.help)
