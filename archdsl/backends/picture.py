"""A drawing that a notebook shows."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any, cast, get_args

from archdsl.backends.diagram.options import Layout, Level, Options
from archdsl.backends.diagram.width import MOST, UNITS
from archdsl.backends.diagram.width import width as read_width
from archdsl.backends.targets import FIGURES, Request, named
from archdsl.ir.architecture import Architecture


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
        """The drawing of a network. Raises ValueError for an option that is none, DiagnosticError for too much to
        draw."""
        _one_of("level", level, get_args(Level))
        figures = {figure.name: figure for figure in FIGURES}
        _one_of("format", format, tuple(figures))
        _one_of("layout", layout, get_args(Layout))
        wide = None if width is None else read_width(width) if isinstance(width, str) else None
        if width is not None and not figures[format].sized:
            *some, last = (name for name, figure in figures.items() if figure.sized)
            raise ValueError(f"`width` is for {', '.join(some)} and {last}, not {format}")
        if width is not None and wide is None:
            raise ValueError(f"`width` is a text from 1pt to {MOST}in with a unit, {', '.join(UNITS)}, not {width!r}")
        options = Options(cast(Layout, layout), costs)
        return cls(figures[format].emit(Request([architecture], "", cast(Level, level), options, wide)).data, format)

    def __getnewargs__(self) -> tuple[bytes, str]:  # type: ignore[override]
        return bytes(self), self.format

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """IPython asks for what it may show, and takes of it what it can."""
        media_type = named(self.format).media_type
        if media_type is None:
            return {}
        # Text is sent as it is, and anything else in Base64.
        return {media_type: self.decode() if self.format == "svg" else b64encode(self).decode("ascii")}

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython prints in a terminal, where all of the bytes would be pages of them."""
        printer.text(self.decode() if named(self.format).is_text else f"<{self.format}, {len(self):,} bytes>")


def _one_of(name: str, given: object, known: Sequence[str]) -> None:
    if given not in known:
        raise ValueError(f"`{name}` is one of {', '.join(known)}, not {given!r}")
