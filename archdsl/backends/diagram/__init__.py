"""Diagrams: an architecture as a figure, and a figure as DOT, which becomes SVG, PNG or PDF; as a flowchart of Mermaid;
as TikZ. Every operator of a network is drawn in DOT alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from archdsl.backends.diagram.options import Layout, Level, Options
from archdsl.backends.diagram.rendering import Format, render
from archdsl.ir.architecture import Architecture

if TYPE_CHECKING:
    from archdsl.backends.diagram.figure import Figure
    from archdsl.backends.diagram.tikz_figure import Drawn
    from archdsl.backends.diagram.width import Width

_DEFAULT = Options()


def draw(architectures: Sequence[Architecture], level: Level = "stage", options: Options = _DEFAULT) -> str:
    """At least one architecture, or several side by side, as DOT text: their tables, their blocks, or every operator.

    Raises DiagnosticError where there is too much to draw at that level.
    """
    from archdsl.backends.diagram import style
    from archdsl.backends.diagram.dot_blocks import draw_blocks
    from archdsl.backends.diagram.dot_operators import draw_operators
    from archdsl.backends.diagram.dot_stages import draw_stages

    architectures = _told_apart(architectures)
    if level == "operator":
        style.bound_networks(len(architectures))
        return str(draw_operators(architectures, options).source)
    drawer = draw_blocks if level == "block" else draw_stages
    return str(drawer(_figure(architectures, level, options), options).source)


def mermaid(architectures: Sequence[Architecture], level: Level = "stage", options: Options = _DEFAULT) -> str:
    """The same as a flowchart of Mermaid, which pages of GitHub and GitLab show: of stages or of blocks.

    Raises DiagnosticError for operators, and where there is more than those pages show.
    """
    from archdsl.backends.diagram.block_figure import block_figure
    from archdsl.backends.diagram.flowchart import mermaid_blocks, mermaid_stages, refuse_operators
    from archdsl.backends.diagram.stage_figure import stage_figure

    architectures = _told_apart(architectures)
    if level == "operator":
        refuse_operators()
    if level == "block":
        return mermaid_blocks(block_figure(architectures, options), options)
    return mermaid_stages(stage_figure(architectures, options), options)


def tikz(
    architectures: Sequence[Architecture],
    level: Level = "stage",
    options: Options = _DEFAULT,
    width: Width | None = None,
) -> Drawn:
    """The same as a LaTeX document with a TikZ figure: of stages or of blocks.

    Raises DiagnosticError for operators, and where there is too much to draw.
    """
    from archdsl.backends.diagram.tikz_figure import draw_tikz, refuse_operators

    architectures = _told_apart(architectures)
    if level == "operator":
        refuse_operators()
    return draw_tikz(_figure(architectures, level, options), options, width)


def _figure(architectures: Sequence[Architecture], level: Literal["stage", "block"], options: Options) -> Figure:
    """The figure of stages or of blocks that DOT is drawn from, where there is not too much for Graphviz."""
    from archdsl.backends.diagram import style
    from archdsl.backends.diagram.block_figure import block_figure
    from archdsl.backends.diagram.stage_figure import stage_figure

    if level == "block":
        style.bound_networks(len({architecture.model for architecture in architectures}), "models")
        return block_figure(architectures, options)
    style.bound_networks(len(architectures))
    return stage_figure(architectures, options)


def _told_apart(architectures: Sequence[Architecture]) -> list[Architecture]:
    """The architectures, those of a name that came before with a number: nodes are known by these names."""
    counts = Counter[str]()
    apart = []
    for architecture in architectures:
        counts[architecture.name] += 1
        count = counts[architecture.name]
        name = architecture.name if count == 1 else f"{architecture.name} ({count})"
        apart.append(architecture.model_copy(update={"name": name}))
    return apart


__all__ = ["Format", "Layout", "Level", "Options", "draw", "mermaid", "render", "tikz"]
