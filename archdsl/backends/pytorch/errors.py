"""Problems with the emitted PyTorch source."""

from __future__ import annotations

from archdsl.diagnostics import OverBound


class TooManyClasses(OverBound):
    message = "the source would have {needed:,} classes, more than the bound of {most:,}"
    bound = "classes"
    instead = "build one variant"
    needed: int
