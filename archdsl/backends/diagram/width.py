"""How wide a picture is on paper or on a screen."""

from __future__ import annotations

import re
from typing import NamedTuple

# Points of typography, of which an inch has 72; pixels are those of CSS, of which it has 96.
UNITS = {"in": 72.0, "cm": 72 / 2.54, "mm": 72 / 25.4, "pt": 1.0, "px": 0.75}
# The largest page of a PDF, in inches.
MOST = 200
# Print at this many dots per inch is sharp; journals ask for as many.
DOTS_PER_INCH = 300
# Smaller letters than this are hard to read on paper; journals ask for 5 to 8 points.
READABLE = 5.0


class Width(NamedTuple):
    number: float
    unit: str

    @property
    def points(self) -> float:
        return self.number * UNITS[self.unit]

    @property
    def pixels(self) -> float:
        """The pixels of a PNG: as many as were asked for, else what is sharp in print."""
        return self.number if self.unit == "px" else self.points / UNITS["in"] * DOTS_PER_INCH

    def __str__(self) -> str:
        return f"{self.number:g}{self.unit}"


def width(text: str) -> Width | None:
    """A width as `3.3in`, `84mm` or `800px`; None for other texts and for what no page is as wide as."""
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})\s*(in|cm|mm|pt|px)", text.strip(), re.ASCII)
    if found is None:
        return None
    one = Width(float(found[1]), found[2])
    return one if 1 <= one.points <= MOST * UNITS["in"] else None
