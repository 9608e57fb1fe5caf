"""What was found as text of the language: a model that extends the one it came from, with claims that hold."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from archdsl.diagnostics import DiagnosticError, Source
from archdsl.diagnostics.codes import TOO_LARGE
from archdsl.elaborate.evaluate.values import Scalar
from archdsl.elaborate.resolve.words import RESERVED
from archdsl.file_errors import InvalidTarget
from archdsl.fitting.errors import ModelInNoFile
from archdsl.fitting.family import Family, listed, shown
from archdsl.fitting.grid import Grid
from archdsl.fitting.largest import Largest
from archdsl.folders import shipped_name, specs_folder
from archdsl.language.literals import string
from archdsl.writing import canonical


def frozen(found: Largest | Grid, target: Path) -> str:
    """The text of a file `target`, which need not be there, in canonical form; `archdsl check` has no complaint.

    Raises DiagnosticError where the file could not `use` the one that the model stands in.
    """
    family = found.family
    if not Path(family.source.name).is_file():
        raise DiagnosticError([ModelInNoFile(family.source.name).at(None)])
    name = _name(family, target)
    model = _largest(found, name) if isinstance(found, Largest) else _grid(found, name)
    text = f"use {_path(family, target)}\n\n{model}"
    text, problems = canonical(Source(str(target), text))
    if problems:
        help = "write it beside the file of the model"
        if problems[0].code is TOO_LARGE:
            help = "keep fewer points, with a tighter `--constraint` or a budget"
        raise DiagnosticError([InvalidTarget(str(target), problems[0].message).at(None, help=help)])
    return text


def _largest(found: Largest, name: str) -> str:
    claims = " and ".join(limit.claim for limit in found.limits)
    return (
        f"## {found.family.name} with {claims}: {listed(found.values)}.\n"
        f"model {name} extends {found.family.reference}({_arguments(found.values)}) {{\n"
        f"  require params == {found.fit.cost.params}\n"
        f"  require macs == {found.fit.cost.macs}\n"
        "}\n"
    )


def _grid(found: Grid, name: str) -> str:
    """A model with a variant for each point, its counts in the table as those of a paper are."""
    constraint = f" with {' '.join(found.constraint.source.text.split())}" if found.constraint else ""
    given = f"({_arguments(found.fixed)})" if found.fixed else ""
    names = list(found.points[0].values)
    width = len(str(len(found.points)))
    rows = [["name", *names, "counted_params", "counted_macs"]]
    for index, point in enumerate(found.points, 1):
        label = f"p{index:0{width}}"
        rows.append([label, *map(shown, point.values.values()), str(point.cost.params), str(point.cost.macs)])
    table = "\n".join(f"  | {' | '.join(row)} |" for row in rows)
    return (
        f"## A grid of {found.family.name}{constraint}.\n"
        f"model {name}(counted_params = 0, counted_macs = 0) extends {found.family.reference}{given} {{\n"
        "  require params == counted_params\n"
        "  require macs == counted_macs\n"
        f"}}\nvariants {name} {{\n{table}\n}}\n"
    )


def _arguments(values: Mapping[str, Scalar]) -> str:
    return ", ".join(f"{name} = {shown(value)}" for name, value in values.items())


def _name(family: Family, target: Path) -> str:
    """The name of the model: that of its file, where it can be one that no other model or block has."""
    environment = family.variant.definition.environment
    taken = {*RESERVED, *environment.models, *environment.blocks}
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", target.stem) and target.stem not in taken:
        return target.stem
    return f"{family.name}_fit"


def _path(family: Family, target: Path) -> str:
    """The file of the model as the target names it."""
    shipped = shipped_name(Path(family.source.name))
    if shipped is not None and not target.resolve().is_relative_to(specs_folder().resolve().parent):
        return f'"{shipped}"'
    return string(Path(os.path.relpath(os.path.realpath(family.source.name), os.path.realpath(target.parent))))
