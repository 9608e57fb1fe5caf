"""What figures of stages say: a box for each row of the table, the stem and the head, with their facts and costs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from archdsl.backends.diagram import style
from archdsl.backends.diagram.options import Options
from archdsl.backends.diagram.parts import Part, facts, section_parts, stage_heading
from archdsl.backends.diagram.style import NEUTRAL, Colors
from archdsl.backends.units import human
from archdsl.ir.architecture import Architecture, Section, Stage
from archdsl.ir.base import Shape
from archdsl.ir.cost import Cost
from archdsl.ir.operators.base import sides


class Look(NamedTuple):
    """What the columns of a drawing have in common."""

    colors: dict[str, Colors]
    varying: set[str]
    tells_doc: bool
    letters: int
    options: Options

    @classmethod
    def of(cls, architectures: Sequence[Architecture], options: Options) -> Look:
        """Raises DiagnosticError where there are too many stages to draw."""
        stages = [stage for architecture in architectures for stage in architecture.stages]
        style.bound(len(stages), "drawn_stages", "stages", "draw one variant")
        colors = style.palette(stage.op for stage in stages)
        # Boxes from left to right are narrow, or a figure as wide as a page would have no letters that one can read.
        letters = 17 if options.layout == "lr" else 32 if len(architectures) > 1 else 42
        return cls(colors, _varying(stages), not family_doc(architectures), letters, options)


class Box(NamedTuple):
    """What stands in the box of a stage, the stem or the head, and what goes into it."""

    path: str
    heading: str
    lines: list[str]
    input: Shape
    output: Shape
    cost: list[str]
    colors: Colors


class Table:
    """The boxes of one architecture, from the stem to the head."""

    def __init__(self, architecture: Architecture, look: Look):
        self.architecture, self.look = architecture, look
        self.costs = architecture.costs

    def about(self) -> list[str]:
        """What stands under the name: the first line of the doc, the parameters of a variant, the totals."""
        architecture, letters = self.architecture, self.look.letters
        doc = style.wrapped(style.first_line(architecture.doc), letters) if self.look.tells_doc else []
        chosen = architecture.parameters.items() if architecture.variant is not None else ()
        claims = " ".join(requirement.text for requirement in architecture.requirements)
        parameters = [
            f"{name.replace('_', ' ')} {style.value(value)}"
            for name, value in chosen
            if not re.search(rf"\b{re.escape(name)}\b", claims)  # a figure that is claimed, not one that is chosen
        ]
        return [*doc, *style.filled(parameters, letters), *self._cost(self.costs.model())]

    def end(self, path: str, shape: Shape) -> str:
        """What is said of what goes in or comes out; of an image that is pooled to a point, the channels."""
        return f"{path}  {shape if shape.height * shape.width > 1 else shape.channels}"

    def boxes(self) -> Iterable[Box]:
        architecture = self.architecture
        if architecture.stem is not None:
            yield self._section(architecture.stem)
        for stage in architecture.stages:
            yield self._stage(stage)
        if architecture.head is not None:
            yield self._section(architecture.head)

    def _section(self, section: Section) -> Box:
        parts = section_parts(self.architecture, section)
        lines = [line for part in parts for line in style.filled(_section_facts(part), self.look.letters)]
        name, cost = section.name, self._cost(self.costs.section(section))
        return Box(name, name, lines, section.input, section.output, cost, NEUTRAL)

    def _stage(self, stage: Stage) -> Box:
        heading = stage_heading(self.architecture, stage)
        lines = style.filled(_facts(stage, self.look.varying), self.look.letters)
        path, cost, colors = f"stages.{stage.name}", self._cost(self.costs.stage(stage)), self.look.colors[stage.op]
        return Box(path, heading, lines, stage.input, stage.output, cost, colors)

    def _cost(self, cost: Cost) -> list[str]:
        """Parameters and MACs, or nothing where costs are not shown."""
        found = [f"{human(cost.params)} params", f"{human(cost.macs)} MACs"]
        return style.filled(found, self.look.letters) if self.look.options.costs else []


def family_doc(architectures: Sequence[Architecture]) -> list[str]:
    """What the members of a family say of themselves, if all say the same."""
    docs = {style.first_line(architecture.doc) for architecture in architectures}
    is_family = len(architectures) > 1 and len(docs) == 1
    return style.wrapped(docs.pop(), 36 * len(architectures), 1) if is_family else []


def _facts(stage: Stage, varying: set[str]) -> Iterable[str]:
    yield f"{stage.output.channels} channels"
    if stage.kernel is not None:
        yield str(sides(stage.kernel))
    if stage.stride is not None:
        yield f"stride {stage.stride}"
    if stage.expansion is not None:
        yield f"expansion {style.number(stage.expansion)}"
    if stage.se:
        yield f"SE {style.number(stage.se)}"
    for name, value in stage.arguments.items():
        word = name.replace("_", " ")
        if isinstance(value, bool):
            if name in varying:
                yield word if value else f"no {word}"
        elif value is not None:
            yield f"{word} {style.value(value)}"


def _varying(stages: Iterable[Stage]) -> set[str]:
    """The arguments that have more than one value; a yes or no that is the same everywhere is not worth saying."""
    seen: dict[str, object] = {}
    pairs = [pair for stage in stages for pair in stage.arguments.items()]
    return {name for name, value in pairs if seen.setdefault(name, value) != value}


def _section_facts(part: Part) -> Iterable[str]:
    yield from facts([[member] for member in part.members])
    copies = part.first.levels[-1].copies if part.first.levels else 1
    if copies > 1:
        yield f"{copies} times"
