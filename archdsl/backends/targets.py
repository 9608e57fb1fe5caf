"""What an architecture can become: each target with its name, its suffix, and the function that makes it.

`TARGETS` is the only list: `archdsl build`, `watch`, `diagram` and the Python interface take their choices from it.
What a target cannot express it refuses, by name, with a diagnostic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from archdsl.backends.diagram.options import Level, Options
from archdsl.backends.diagram.width import Width
from archdsl.digests import with_digest
from archdsl.ir.architecture import Architecture

if TYPE_CHECKING:
    from archdsl.backends.diagram.rendering import Format
    from archdsl.backends.estimate import Estimate


class Request(Struct, frozen=True, dict=True):
    """What is to be made: of which networks, from which file (its name), and how a figure of them is drawn."""

    architectures: Sequence[Architecture]
    source: str = ""
    level: Level = "stage"
    options: Options = Options()
    width: Width | None = None

    @cached_property
    def estimates(self) -> list[Estimate]:
        from archdsl.backends.estimate import estimates

        return estimates(self.architectures)


class Made(NamedTuple):
    """The bytes of an artefact; `letters` is the size of the smallest ones, in points, where a width was asked for."""

    data: bytes
    letters: float | None = None


class Target(Struct, frozen=True):
    """One kind of artefact.

    `emit` raises DiagnosticError for what it cannot express. `suffixes` are those that say so, the first of them ours.
    `comment` is a line, with the digest in the place of `{}`, that goes before the second line of a file; a file with
    none is replaced without asking. Figures that are text go into a `.txt`, too, and are as wide as whoever lays them
    out decides, unless they are `sized`.
    """

    name: str
    suffixes: tuple[str, ...]
    emit: Callable[[Request], Made]
    comment: str | None = None
    has_digest: bool = False
    is_figure: bool = False
    is_text: bool = True
    sized: bool = False
    media_type: str | None = None

    @property
    def suffix(self) -> str:
        return self.suffixes[0]

    @property
    def keeps_edits(self) -> bool:
        """Whether a file of it shows that somebody has edited it."""
        return self.has_digest or self.comment is not None

    def as_file(self, data: bytes) -> bytes:
        """An artefact as it is written to a file, with its digest where there is room for one."""
        if self.comment is None:
            return data
        return with_digest(data.decode("utf-8"), self.comment, at=1).encode("utf-8")


# Source and data ------------------------------------------------------------------------------------------------------


def _pytorch(request: Request) -> Made:
    from archdsl.backends.pytorch import emit

    return Made(emit(request.architectures, request.source).encode("utf-8"))


def _estimates(request: Request) -> Made:
    from archdsl.backends.estimate_text import as_json

    return Made(as_json(request.estimates).encode("utf-8"))


def _ir(request: Request) -> Made:
    """An object, or a list of several."""
    texts = [architecture.to_json() for architecture in request.architectures]
    return Made((texts[0] if len(texts) == 1 else "[\n" + ",\n".join(texts) + "\n]").encode("utf-8"))


# Figures --------------------------------------------------------------------------------------------------------------


def _dot(request: Request) -> Made:
    from archdsl.backends.diagram import draw

    return Made(draw(request.architectures, request.level, request.options).encode("utf-8"))


def _mermaid(request: Request) -> Made:
    from archdsl.backends.diagram import mermaid

    return Made(mermaid(request.architectures, request.level, request.options).encode("utf-8"))


def _tikz(request: Request) -> Made:
    from archdsl.backends.diagram import tikz

    drawn = tikz(request.architectures, request.level, request.options, request.width)
    return Made(drawn.text.encode("utf-8"), drawn.letters)


def _picture(format: Format) -> Callable[[Request], Made]:
    def emit(request: Request) -> Made:
        from archdsl.backends.diagram import draw
        from archdsl.backends.diagram.rendering import convert, layout, smallest_text

        svg = layout(draw(request.architectures, request.level, request.options))
        letters = smallest_text(svg, request.width) if request.width is not None else None
        return Made(convert(svg, format, request.width), letters)

    return emit


PYTORCH = Target("pytorch", (".py",), _pytorch, has_digest=True)
ESTIMATES = Target("estimates", (".json",), _estimates, comment='  "digest": "{}",\n')
IR = Target("ir", (".ir.json",), _ir)
SVG = Target(
    "svg", (".svg",), _picture("svg"), "<!-- {} as drawn -->\n",
    is_figure=True, is_text=False, sized=True, media_type="image/svg+xml",
)  # fmt: skip
PDF = Target("pdf", (".pdf",), _picture("pdf"), is_figure=True, is_text=False, sized=True, media_type="application/pdf")
PNG = Target("png", (".png",), _picture("png"), is_figure=True, is_text=False, sized=True, media_type="image/png")
DOT = Target("dot", (".dot", ".gv"), _dot, "// {} as drawn\n", is_figure=True)
MERMAID = Target("mermaid", (".mmd", ".mermaid"), _mermaid, "%% {} as drawn\n", is_figure=True)
TIKZ = Target("tikz", (".tex", ".tikz"), _tikz, "% {} as drawn\n", is_figure=True, sized=True)

TARGETS: tuple[Target, ...] = (PYTORCH, ESTIMATES, IR, SVG, PDF, PNG, DOT, MERMAID, TIKZ)
FIGURES: tuple[Target, ...] = tuple(target for target in TARGETS if target.is_figure)

# What `archdsl build` writes by default, in this order.
BUILT: tuple[Target, ...] = (PYTORCH, SVG, ESTIMATES)


def named(name: str) -> Target:
    """The target of a name. Raises KeyError where there is none."""
    return {target.name: target for target in TARGETS}[name]
