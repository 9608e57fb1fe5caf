"""Elements of HTML and SVG. All text in them is escaped by whoever writes them, so that none can be forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, tostring

from archdsl.diagnostics.render import printable_lines

# Runs nothing and loads nothing, whatever may be in the page.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

# What stands in an element: text, elements, and more of both.
Content = str | Element | Iterable["Content"]


def tag(name: str, /, *content: Content, **attributes: object) -> Element:
    """An element. Of attributes, `class_` is `class` and `stroke_width` is `stroke-width`; None leaves one out."""
    made = Element(name)
    for key, value in attributes.items():
        if value is not None:
            made.set(key.rstrip("_").replace("_", "-"), printable_lines(_short(value)))
    _add(made, content)
    return made


def table(header: Sequence[Content], rows: Iterable[Element], *, caption: Content | None = None) -> Element:
    """A table in a box of its own, which scrolls where it is wider than the page."""
    head = tag("thead", tag("tr", *(tag("th", cell, scope="col") for cell in header)))
    parts = [head, tag("tbody", *rows)]
    if caption is not None:
        parts.insert(0, tag("caption", caption))
    return tag("div", tag("table", *parts), class_="scroll", tabindex="0")


def row(cells: Iterable[Content], numbers: int = 0, *, class_: str | None = None) -> Element:
    """A row of a table; its first cell is its heading, and its last `numbers` cells are flush right."""
    first, *rest = cells
    sides = [None] * (len(rest) - numbers) + ["number"] * numbers
    made = (tag("td", cell, class_=side) for cell, side in zip(rest, sides, strict=True))
    return tag("tr", tag("th", first, scope="row"), *made, class_=class_)


def page(title: str, style: str, body: Iterable[Content]) -> str:
    """A whole page."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", style),
    )
    whole = tag("html", head, tag("body", tag("main", *body)), lang="en")
    return f"<!DOCTYPE html>\n{tostring(whole, encoding='unicode', method='html')}\n"


def _add(made: Element, content: Content) -> None:
    if isinstance(content, str):
        text = printable_lines(content)
        if len(made):
            made[-1].tail = (made[-1].tail or "") + text
        else:
            made.text = (made.text or "") + text
    elif isinstance(content, Element):
        made.append(content)
    else:
        for part in content:
            _add(made, part)


def _short(value: object) -> str:
    """A coordinate with a tenth of a pixel; anything else as it is."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
