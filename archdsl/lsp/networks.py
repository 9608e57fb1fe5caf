"""The networks of a file by the places of the text that they came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from archdsl.diagnostics import Span
from archdsl.elaborate.instantiate.apply import place
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Place, Shape
from archdsl.ir.body import Apply, BlockInstance
from archdsl.ir.cost import Cost
from archdsl.ir.description import Section, Stage
from archdsl.ir.parts import applied, inside


class LocatedPart(NamedTuple):
    """A part of one network: its shapes and what it costs."""

    network: str
    input: Shape
    output: Shape
    cost: Cost


class Networks:
    """Architectures, by place."""

    def __init__(self, architectures: tuple[Architecture, ...]):
        self.architectures = architectures

    def stages(self, row: Span) -> list[tuple[Architecture, Stage]]:
        """What a row of a table of stages became, in each network that has it."""
        return self._stages.get(place(row), [])

    def sections(self, binding: Span) -> list[tuple[Architecture, Section]]:
        """What `stem = ...` or `head = ...` became."""
        return self._sections.get(place(binding), [])

    def layers(self, layer: Span) -> list[LocatedPart]:
        """The uses of a layer that is written at a place."""
        return self._layers.get(place(layer), [])

    def instances(self, block_name: Span) -> Iterator[tuple[Architecture, BlockInstance]]:
        """The instances of a block, by the place of its name."""
        wanted = place(block_name)
        for architecture in self.architectures:
            for instance in architecture.blocks.values():
                if instance.place == wanted:
                    yield architecture, instance

    def of_model(self, name: str) -> list[Architecture]:
        return [architecture for architecture in self.architectures if architecture.model == name]

    @cached_property
    def _stages(self) -> dict[Place, list[tuple[Architecture, Stage]]]:
        found: dict[Place, list[tuple[Architecture, Stage]]] = defaultdict(list)
        for architecture in self.architectures:
            for stage in architecture.stages:
                found[stage.place].append((architecture, stage))
        return found

    @cached_property
    def _sections(self) -> dict[Place, list[tuple[Architecture, Section]]]:
        found: dict[Place, list[tuple[Architecture, Section]]] = defaultdict(list)
        for architecture in self.architectures:
            for section in filter(None, (architecture.stem, architecture.head)):
                found[section.place].append((architecture, section))
        return found

    @cached_property
    def _layers(self) -> dict[Place, list[LocatedPart]]:
        found: dict[Place, list[LocatedPart]] = defaultdict(list)
        for architecture in self.architectures:
            for apply in _applied(architecture):
                found[apply.place].append(layer_part(architecture, apply))
        return found


def _applied(architecture: Architecture) -> Iterable[Apply]:
    for section in filter(None, (architecture.stem, architecture.head)):
        yield from applied(section.steps)
    for instance in architecture.blocks.values():
        for binding in instance.body:
            if binding.value is not None:
                yield from (part for part in inside(binding.value) if isinstance(part, Apply))


def layer_part(architecture: Architecture, apply: Apply) -> LocatedPart:
    return LocatedPart(architecture.name, apply.input, apply.output, architecture.costs.apply(apply))


def stage_part(architecture: Architecture, stage: Stage) -> LocatedPart:
    return LocatedPart(architecture.name, stage.input, stage.output, architecture.costs.stage(stage))


def section_part(architecture: Architecture, section: Section) -> LocatedPart:
    return LocatedPart(architecture.name, section.input, section.output, architecture.costs.section(section))


def whole(architecture: Architecture) -> LocatedPart:
    return LocatedPart(architecture.name, architecture.input, architecture.output, architecture.costs.model())
