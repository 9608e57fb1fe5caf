"""A network in parts that can be compared: the stem, the stages and the head, each in layers of operators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archdsl.backends.estimate import estimate
from archdsl.backends.pytorch.state import modules
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Place, Shape
from archdsl.ir.cost import Cost
from archdsl.ir.description import Stage
from archdsl.ir.walk import Visit, in_stages


@dataclass(frozen=True)
class Layer:
    """One repetition in a stage, or the whole stem or head. `path` is where it is in the built module."""

    path: str
    operators: tuple[Visit, ...]

    def inner(self, path: str) -> str:
        """A path from the layer on; that of a stem or head is whole. `in` is what a layer reads from before it."""
        if not in_stages(self.path):
            return path
        if path == self.path:
            return ""
        return path.removeprefix(f"{self.path}.") if path.startswith(f"{self.path}.") else "in"


@dataclass(frozen=True)
class ComparedPart:
    """The stem, a stage or the head. `facts` are what its row of the table says, by column."""

    path: str
    facts: Mapping[str, Any]
    layers: tuple[Layer, ...]
    input: Shape
    output: Shape
    cost: Cost
    place: Place

    @property
    def is_stage(self) -> bool:
        return in_stages(self.path)


def parts(architecture: Architecture) -> list[ComparedPart]:
    """The parts of a network in order. Raises DiagnosticError when it unfolds to too many operators."""
    operators: dict[str, dict[str, list[Visit]]] = {}
    for visit in modules(architecture):
        if visit.levels:
            part = visit.levels[0].path
            # A stage's path, with the number of one of its layers.
            layer = ".".join(visit.path.split(".")[: part.count(".") + 2]) if in_stages(part) else part
            operators.setdefault(part, {}).setdefault(layer, []).append(visit)
    places = {architecture.path(stage): stage for stage in architecture.stages}
    sections = [section for section in (architecture.stem, architecture.head) if section is not None]
    of_sections = {architecture.path(section): section for section in sections}
    found = []
    for made in estimate(architecture).stages:
        stage = places.get(made.path)
        facts = _facts(stage) if stage is not None else {"op": made.op}
        place = stage.place if stage is not None else of_sections[made.path].place
        layers = tuple(Layer(path, tuple(visits)) for path, visits in operators.get(made.path, {}).items())
        found.append(ComparedPart(made.path, facts, layers, made.input, made.output, made.cost, place))
    return found


def _facts(stage: Stage) -> dict[str, Any]:
    """The row of a stage: what the block does not take is left out."""
    columns = ("op", "kernel", "stride", "expansion", "channels", "se")
    facts = {column: value for column in columns if (value := getattr(stage, column)) is not None}
    name = {} if stage.name.isdigit() else {"name": stage.name}
    return {**name, **facts, "layers": len(stage.layers), **stage.arguments}
