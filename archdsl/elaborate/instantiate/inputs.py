"""The inputs of a model that has several: which one the stem and the stages read, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

from archdsl.diagnostics import Note, Span
from archdsl.diagnostics.wording import quoted
from archdsl.elaborate.evaluate.values import Value
from archdsl.elaborate.instantiate.errors import (
    InputsOfTwoKinds,
    InputUnread,
    ResolutionOfInputs,
    SourceUnsaid,
)
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.graph import Graph
from archdsl.elaborate.resolve.merge import Merged
from archdsl.elaborate.resolve.parts import Part
from archdsl.ir.base import Shape


def check_inputs(
    merged: Merged, names: Mapping[str, Value], graph: Graph | None, part: Part | None, *, is_resized: bool
) -> tuple[str, Shape]:
    """The input that the stem and the stages read, or the first one where there is neither, and its shape.

    `is_resized` says that a resolution was asked for. Raises ElaborationError.
    """
    shapes = {name: shape for name in merged.inputs if isinstance(shape := names[name], Shape)}
    first, *others = shapes
    if is_resized:
        raise ElaborationError(ResolutionOfInputs(merged.definition.name).at(_place(merged, first)))
    for name in others:
        if shapes[name].is_line is not shapes[first].is_line:
            notes = (Note("the first one", _place(merged, first)),)
            raise ElaborationError(InputsOfTwoKinds().at(_place(merged, name), notes=notes))
    source = merged.source if part is None else part.source
    reader = _reader(merged, graph, part)
    if reader is not None and source is None:
        what, place = reader
        raise ElaborationError(
            SourceUnsaid(what, quoted(shapes), first, part.reference.span.text if part else None).at(place)
        )
    by_name = graph.reads if graph is not None else ()
    read = {*by_name, source} if reader is not None else {*by_name}
    for name in shapes:
        if name not in read:
            raise ElaborationError(InputUnread(name).at(_place(merged, name)))
    source = source or first
    return source, shapes[source]


def _place(merged: Merged, name: str) -> Span:
    return merged.bindings[name][0].name.span


def _reader(merged: Merged, graph: Graph | None, part: Part | None) -> tuple[str, Span] | None:
    """What reads images without their name, and where it stands; None where nothing does."""
    if part is not None:
        return part.name, part.binding.span
    if "stem" in merged.bindings:
        return "stem", merged.bindings["stem"][0].span
    if "stem" in merged.parameters:
        return "stem", merged.parameters["stem"][0].span
    if merged.rows.rows:
        return "stages", merged.rows.rows[0].span
    if (graph is None or graph.reads_last) and "head" in merged.bindings:
        return "head", merged.bindings["head"][0].span
    return None
