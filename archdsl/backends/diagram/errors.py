"""Problems with figures: what a format cannot draw, and what it takes to draw it."""

from __future__ import annotations

from archdsl.diagnostics import Problem, codes
from archdsl.limits import limits, raising


class NoOperators(Problem):
    """Formats that draw stages and blocks alone."""

    code = codes.WRONG_USAGE
    help = "`--level stage` and `--level block` are drawn, and operators as svg, pdf, png or dot"


class NoOperatorsInMermaid(NoOperators):
    message = "Mermaid cannot draw the operators of a network: it keeps no rows of layers in their order"


class NoOperatorsInTikz(NoOperators):
    message = "TikZ figures have stages or blocks, not every operator of a network"


class TooLargeForMermaid(Problem):
    """`things` are characters, or arrows."""

    code = codes.TOO_LARGE
    message = "a flowchart of {count:,} {things} is more than Mermaid draws (at most {most:,})"
    help = "draw one variant, or write an SVG"
    count: int
    things: str
    most: int


class TooManyDrawn(Problem):
    """`bound` is the field of `Limits` for these `things`, and `instead` what to do other than to raise it."""

    code = codes.TOO_LARGE
    message = "{count:,} {things} are too many for a diagram (at most {most:,})"
    help = "{raising}"
    count: int
    things: str
    bound: str
    instead: str

    @property
    def most(self) -> int:
        value: int = getattr(limits(), self.bound)
        return value

    @property
    def raising(self) -> str:
        return raising(self.bound, self.count, self.instead)


class GraphvizFails(Problem):
    """`reason` is in Graphviz's words."""

    code = codes.TOO_LARGE
    message = "Graphviz cannot lay out this diagram: {reason}"
    help = "draw stages or blocks instead"
    reason: str


class NoFont(Problem):
    code = codes.MISSING_TOOL
    message = "there is no font on this machine to write the text of the PNG with"
    help = "`pip install fontpkg-arimo`, or write an SVG"


class NoTypst(Problem):
    code = codes.MISSING_TOOL
    message = "a PDF needs the package `typst`, which is not installed"
    help = "`pip install typst`, or write an SVG, which needs nothing more"


class PdfFails(Problem):
    """`reason` is in Typst's words."""

    code = codes.CANNOT_WRITE
    message = "the PDF could not be written: {reason}"
    help = "write an SVG instead"
    reason: str
