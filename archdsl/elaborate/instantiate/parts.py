"""The model that is a part of another: its stem and its stages, on the images of that one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from archdsl.diagnostics import Diagnostic, Note, Problems
from archdsl.diagnostics.codes import OPEN_CHOICE
from archdsl.elaborate.evaluate.describe import describe
from archdsl.elaborate.evaluate.expressions import evaluate
from archdsl.elaborate.evaluate.values import Value
from archdsl.elaborate.instantiate.errors import PartUnread
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.errors import PartIsSpace
from archdsl.elaborate.resolve.merge import Variant
from archdsl.elaborate.resolve.parts import LAST, Part
from archdsl.ir.description import Part as MadePart
from archdsl.ir.names import part_name

if TYPE_CHECKING:
    from archdsl.elaborate.instantiate.models import ModelElaborator, Trunk


def trunk_of_part(outer: ModelElaborator, part: Part) -> tuple[Trunk | None, MadePart]:
    """The stem and the stages of a part, and what it is; None with the mistakes in `outer.problems`.

    Stages after the last one that something reads are left off, as its head is. Raises ElaborationError.
    """
    from archdsl.elaborate.instantiate.models import ModelElaborator  # which imports this one where a model has a part

    count = _read(outer, part)
    found = Problems()
    variant = Variant(part.model, None, None, part.environment)
    given = _given(outer, part)
    inner = ModelElaborator(variant, found, outer.effort, None, given, outer.decisions, outer.image)
    trunk = None
    try:
        inner.bind()
        inner.check()
        inner.applier.instances = outer.applier.instances
        planned = inner.stage_builder().plan()
        if not found:
            trunk = inner.trunk(inner.applier, planned, count)
    except ElaborationError as problem:
        found.add(problem.diagnostic)
    outer.problems.add(*_told(found.sorted(), part))
    settings = {name: describe(inner.settings[name]) for name in ("norm", "act", "padding")}
    made = MadePart.made(
        name=part_name(part.name),
        model=part.base.name,
        variant=part.reference.variant.text if part.reference.variant is not None else None,
        doc=part.base.model.doc,
        settings=settings,
    )
    return trunk, made


def _read(outer: ModelElaborator, part: Part) -> int | None:
    """How many of its stages are there: up to the last one that is read; None where the last one of all is."""
    graph = outer.graph
    if graph is None or graph.reads_last:
        return None
    maps = [outer.read_maps[name] for name in graph.reads if name in outer.read_maps]
    if not maps:
        raise ElaborationError(PartUnread(part.name).at(part.binding.name.span))
    if LAST in maps:
        return None
    rows = [part.maps[map] for map in maps]
    return max(row.number if row is not None else 0 for row in rows)


def _given(outer: ModelElaborator, part: Part) -> dict[str, Value]:
    """What the model gives to parameters of its part, in its own names."""
    scope = outer.scope(part.environment)
    return {
        argument.name.text: evaluate(argument.value, scope)
        for argument in part.reference.arguments
        if argument.name is not None
    }


def _told(problems: Iterable[Diagnostic], part: Part) -> Iterable[Diagnostic]:
    """The mistakes of a part, with where it is one; of a choice that is left open, that a part has none."""
    note = Note(f"in the part `{part.name}`", part.reference.span)
    for problem in problems:
        if problem.code is OPEN_CHOICE:
            here = Note("this choice", problem.span)
            problem = PartIsSpace(part.base.name).at(part.reference.span, notes=(here,))
            yield problem
        else:
            yield replace(problem, notes=(*problem.notes, note))
