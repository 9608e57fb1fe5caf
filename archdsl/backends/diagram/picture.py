"""A drawing that a notebook shows."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any, cast, get_args

from archdsl.backends.diagram import Format, Layout, Level, Options, draw, mermaid, render
from archdsl.backends.diagram.width import MOST, UNITS
from archdsl.backends.diagram.width import width as read_width
from archdsl.ir.architecture import Architecture

_TYPES = {"svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf"}


class Picture(bytes):
    """The bytes of a drawing, which are shown as a picture where they are the result of a notebook's cell."""

    format: str

    def __new__(cls, data: bytes, format: str) -> Picture:
        picture = super().__new__(cls, data)
        picture.format = format
        return picture

    @classmethod
    def of(
        cls, architecture: Architecture, level: str, format: str, *, layout: str, width: str | None, costs: bool
    ) -> Picture:
        """The drawing of a network. Raises ValueError for an option that is none, DiagnosticError for too much
        to draw.
        """
        _one_of("level", level, get_args(Level))
        _one_of("format", format, (*get_args(Format), "mermaid"))
        _one_of("layout", layout, get_args(Layout))
        wide = None if width is None else read_width(width) if isinstance(width, str) else None
        if width is not None and format in ("dot", "mermaid"):
            raise ValueError(f"`width` is for svg, pdf and png, not {format}")
        if width is not None and wide is None:
            raise ValueError(f"`width` is a text from 1pt to {MOST}in with a unit, {', '.join(UNITS)}, not {width!r}")
        options = Options(cast(Layout, layout), costs)
        if format == "mermaid":
            return cls(mermaid([architecture], cast(Level, level), options).encode(), format)
        return cls(render(draw([architecture], cast(Level, level), options), cast(Format, format), wide), format)

    def __getnewargs__(self) -> tuple[bytes, str]:  # type: ignore[override]
        return bytes(self), self.format

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """IPython asks for what it may show, and takes of it what it can."""
        if self.format not in _TYPES:
            return {}
        # Text is sent as it is, and anything else in Base64.
        return {_TYPES[self.format]: self.decode() if self.format == "svg" else b64encode(self).decode("ascii")}

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython prints in a terminal, where all of the bytes would be pages of them."""
        printer.text(self.decode() if self.format in ("dot", "mermaid") else f"<{self.format}, {len(self):,} bytes>")


def _one_of(name: str, given: object, known: Sequence[str]) -> None:
    if given not in known:
        raise ValueError(f"`{name}` is one of {', '.join(known)}, not {given!r}")
