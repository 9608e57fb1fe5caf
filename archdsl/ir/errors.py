"""Problems with architectures as a whole: too large to be followed operator by operator."""

from __future__ import annotations

from archdsl.diagnostics import OverBound


class TooManySteps(OverBound):
    message = "`{name}` unfolds to more than {most:,} steps"
    bound = "steps"
    instead = "look at its stages or its blocks instead"
    name: str
