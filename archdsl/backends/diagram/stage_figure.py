"""What figures of stages say: a panel for each network, and what a family has in common."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.backends.diagram import style
from archdsl.backends.diagram.figure import Figure, Group
from archdsl.backends.diagram.lanes import Lanes
from archdsl.backends.diagram.options import Options
from archdsl.backends.diagram.table import Look, Table
from archdsl.backends.diagram.tensors import HeadTensors
from archdsl.ir.architecture import Architecture


def stage_figure(architectures: Sequence[Architecture], options: Options) -> Figure:
    """One panel for each architecture; a kind of block has the same colour in all of them.

    Raises DiagnosticError where there are too many stages to draw.
    """
    doc, name = family_doc(architectures), architectures[0].model
    heads = [HeadTensors.of(one) if one.head is not None and one.head.reads_maps else None for one in architectures]
    in_heads = [made.kind for head in heads if head is not None for made in head.made]
    look = Look.of(architectures, in_heads, options, tells_doc=not doc)
    # Beside one with lanes, a network of a single lane.
    if any(heads):
        panels = [Lanes(one, head, look).panel() for one, head in zip(architectures, heads, strict=True)]
    else:
        panels = [Table(one, look).panel() for one in architectures]
    return Figure("stage", name, tuple(doc), (Group(name, "", tuple(panels)),))


def family_doc(architectures: Sequence[Architecture]) -> list[str]:
    """What the members of a family say of themselves, if all say the same."""
    docs = {style.first_line(architecture.doc) for architecture in architectures}
    is_family = len(architectures) > 1 and len(docs) == 1
    return style.wrapped(docs.pop(), 36 * len(architectures), 1) if is_family else []
