"""Search spaces from texts, and single networks of them back to texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from archdsl.compiler import compile_source
from archdsl.diagnostics import DiagnosticError, Source
from archdsl.elaborate.evaluate.values import Value
from archdsl.file_errors import InvalidTarget
from archdsl.search_space.errors import NetworkNotSpace, NoSpace, SeveralSpaces
from archdsl.search_space.frozen import frozen
from archdsl.search_space.networks import Sample
from archdsl.search_space.space import Space
from archdsl.sources import ON_DISK, Files
from archdsl.writing import canonical


def open_space(
    source: Source,
    name: str | None = None,
    *,
    resolution: int | tuple[int, int] | None = None,
    parameters: Mapping[str, Value] | None = None,
    files: Files = ON_DISK,
) -> Space:
    """The search space of a text that is called `name`; it may be left out where there is one.

    Raises DiagnosticError for mistakes in the text, and when there is no such space.
    """
    compiled = compile_source(
        source, variant=name, resolution=resolution, parameters=parameters, claims=False, files=files
    )
    if compiled.problems:
        raise DiagnosticError(compiled.problems)
    if len(compiled.spaces) == 1:
        return Space(source, compiled.spaces[0])
    if compiled.spaces:
        names = [space.variant.label or space.name for space in compiled.spaces]
        raise DiagnosticError([SeveralSpaces(source.name, names).at(None)])
    if name is not None and compiled.architectures:
        raise DiagnosticError([NetworkNotSpace(compiled.architectures[0].name).at(None)])
    raise DiagnosticError([NoSpace(source.name).at(None)])


def freeze(space: Space, sample: Sample, target: Path, lineage: Sequence[str] = ()) -> str:
    """The text of a file `target`, which need not be there, with the choices made of one network; in canonical form,
    and `archdsl check` finds nothing in it. Lines of `lineage` end the model's doc comment.

    Raises DiagnosticError where a choice stands in another file than the space, whose text would have to change.
    """
    text, problems = canonical(Source(str(target), frozen(space, sample, target, lineage)))
    if problems:
        help = "write it beside the file of the space"
        raise DiagnosticError([InvalidTarget(str(target), problems[0].message).at(None, help=help)])
    return text
