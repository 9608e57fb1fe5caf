"""Problems with what all backends share: listings of the parts of networks, plots."""

from __future__ import annotations

from archdsl.diagnostics import OverBound, Problem, codes


class TooManyListed(OverBound):
    """Stages, blocks or operators, as the `level` says."""

    message = "the networks of this file have more than {most:,} {level}s"
    bound = "steps"
    instead = "look at one variant, or at whole stages"
    level: str


class NoMatplotlib(Problem):
    code = codes.MISSING_TOOL
    message = "plots need matplotlib"
    help = "pip install 'archdsl[plots]'"


class MatplotlibFails(Problem):
    code = codes.MISSING_TOOL
    message = "matplotlib is installed, and its import fails: {reason}"
    help = "install it again, or give the process more memory"
    reason: str
