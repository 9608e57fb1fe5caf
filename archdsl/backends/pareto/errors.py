"""Problems with plots of a comparison."""

from __future__ import annotations

from archdsl.diagnostics import Problem, codes


class NothingToPlot(Problem):
    """`x` and `y` are columns."""

    code = codes.WRONG_USAGE
    message = "no network has both `{x}` and `{y}`"
    help = "`--x` and `--y` name columns of the table"
    x: str
    y: str
