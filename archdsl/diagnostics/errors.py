"""Problems with the problems: too many of them."""

from __future__ import annotations

from archdsl.diagnostics.problem import OverBound


class TooManyProblems(OverBound):
    message = "there are more problems than these {count}"
    bound = "problems"
    instead = "fix some and check again"
    count: int
