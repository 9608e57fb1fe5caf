"""A drawing that a notebook shows."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

_TYPES = {"svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf"}


class Picture(bytes):
    """The bytes of a drawing, which are shown as a picture where they are the result of a notebook's cell."""

    format: str

    def __new__(cls, data: bytes, format: str) -> Picture:
        picture = super().__new__(cls, data)
        picture.format = format
        return picture

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
        printer.text(self.decode() if self.format == "dot" else f"<{self.format}, {len(self):,} bytes>")
