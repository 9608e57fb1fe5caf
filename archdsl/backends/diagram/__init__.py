"""Diagrams: an architecture as DOT at three levels of detail, and DOT as SVG, PNG or PDF;
or as a flowchart of Mermaid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from archdsl.backends.diagram.options import Layout, Options
from archdsl.backends.diagram.rendering import Format, render
from archdsl.ir.architecture import Architecture

Level = Literal["stage", "block", "operator"]
_DEFAULT = Options()


def draw(architectures: Sequence[Architecture], level: Level = "stage", options: Options = _DEFAULT) -> str:
    """At least one architecture, or several side by side, as DOT text: their tables, their blocks, or every operator.

    Raises DiagnosticError where there is too much to draw at that level.
    """
    from archdsl.backends.diagram.block import draw_blocks
    from archdsl.backends.diagram.operator import draw_operators
    from archdsl.backends.diagram.stage import draw_stages

    drawers = {"stage": draw_stages, "block": draw_blocks, "operator": draw_operators}
    return str(drawers[level](_told_apart(architectures), options).source)


def mermaid(architectures: Sequence[Architecture], level: Level = "stage", options: Options = _DEFAULT) -> str:
    """The same as a flowchart of Mermaid, which pages of GitHub and GitLab show: of stages or of blocks.

    Raises DiagnosticError for operators, and where there is more than those pages show.
    """
    from archdsl.backends.diagram.flowchart import mermaid_blocks, mermaid_operators, mermaid_stages

    drawers = {"stage": mermaid_stages, "block": mermaid_blocks, "operator": mermaid_operators}
    return drawers[level](_told_apart(architectures), options)


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


__all__ = ["Format", "Layout", "Level", "Options", "draw", "mermaid", "render"]
