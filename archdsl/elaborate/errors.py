"""Problems of elaboration as a whole: too deep, too much work."""

from __future__ import annotations

from archdsl.diagnostics import OverBound, Problem, codes


class NestedTooDeeply(Problem):
    code = codes.TOO_LARGE
    message = "this is nested too deeply"
    help = "give inner parts names of their own"


class TooMuchWork(OverBound):
    message = "the networks of this file take more work than the bound of {most:,}"
    bound = "effort"
    instead = "split the file"
