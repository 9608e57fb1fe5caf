"""The model that is a part of another: how much of it is there, what it is in the IR, and where its mistakes are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from archdsl.diagnostics import Diagnostic, Note
from archdsl.diagnostics.codes import OPEN_CHOICE
from archdsl.elaborate.evaluate.describe import describe
from archdsl.elaborate.evaluate.expressions import evaluate
from archdsl.elaborate.evaluate.values import Outputs, Scope, Value
from archdsl.elaborate.instantiate.errors import PartUnread
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.errors import PartIsSpace
from archdsl.elaborate.resolve.graph import Graph
from archdsl.elaborate.resolve.merge import Variant
from archdsl.elaborate.resolve.parts import LAST, Part
from archdsl.ir.base import Shape
from archdsl.ir.description import Part as MadePart
from archdsl.ir.names import part_name


def network_of(part: Part) -> Variant:
    """The network that the part is by itself, but for what is given to its parameters."""
    return Variant(part.model, None, None, part.environment)


def stages_read(part: Part, graph: Graph | None, names: Mapping[str, str]) -> int | None:
    """How many of its stages are there: up to the last one that is read; None where the last one of all is.

    `names` are those by which the head, `graph`, reads maps. Raises ElaborationError where it reads none.
    """
    if graph is None or graph.reads_last:
        return None
    maps = [names[name] for name in graph.reads if name in names]
    if not maps:
        raise ElaborationError(PartUnread(part.name).at(part.binding.name.span))
    return None if LAST in maps else max(part.row(map) for map in maps)


def given(part: Part, scope: Scope) -> dict[str, Value]:
    """What a model gives to parameters of its part; `scope` has the names of the model."""
    arguments = part.reference.arguments
    return {argument.name.text: evaluate(argument.value, scope) for argument in arguments if argument.name is not None}


def described(part: Part, settings: Mapping[str, Value]) -> MadePart:
    """What the IR says of a part."""
    return MadePart.made(
        name=part_name(part.name),
        model=part.base.name,
        variant=part.reference.variant.text if part.reference.variant is not None else None,
        doc=part.base.model.doc,
        settings={name: describe(settings[name]) for name in ("norm", "act", "padding")},
    )


def claimed(part: Part, shapes: list[Shape]) -> Outputs:
    """What claims can speak of: the maps that are there, of the stem and the first stages."""
    return Outputs({map: shapes[part.row(map)] for map in part.maps if part.row(map) < len(shapes)}, part.name)


def told(problems: Iterable[Diagnostic], part: Part) -> Iterator[Diagnostic]:
    """The mistakes of a part, with where it is one; of a choice that is left open, that a part has none."""
    note = Note(f"in the part `{part.name}`", part.reference.span)
    for problem in problems:
        if problem.code is OPEN_CHOICE:
            here = Note("this choice", problem.span)
            yield PartIsSpace(part.base.name).at(part.reference.span, notes=(here,))
        else:
            yield replace(problem, notes=(*problem.notes, note))
