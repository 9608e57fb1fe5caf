"""What a network costs: as a whole, and each of its stages, blocks and operators.

Counting needs no torch; the rules are those of `archdsl.ir.cost`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from archdsl.backends.costed_part import CostedPart
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.body import Alternative, Apply, Guard, Repeat, Sequence, Shared, Step
from archdsl.ir.cost import Cost, Costs
from archdsl.ir.description import Description, Section, Stage
from archdsl.limits import limits

if TYPE_CHECKING:
    from archdsl.ir.walk import Visit

Level = Literal["model", "stage", "block", "operator"]
LEVELS: tuple[Level, ...] = ("model", "stage", "block", "operator")


class Estimate(Struct, frozen=True):
    """What a network costs for a batch of images. The costs of its stages add up to its own."""

    name: str
    model: str
    variant: str | None
    batch: int
    input: Shape
    output: Shape
    cost: Cost
    stages: tuple[CostedPart, ...]

    def parts(self, level: Level) -> list[CostedPart]:
        """Every stage, block or operator, in the order in which data goes through them."""
        parts = list(self.stages)
        for _ in range(LEVELS.index("stage"), LEVELS.index(level)):
            parts = [inner for part in parts for inner in part.parts]
        return parts


def estimate(architecture: Architecture, *, batch: int = 1, level: Level = "stage") -> Estimate:
    """The estimate of a network for `batch` images, down to the parts of `level`."""
    costs = architecture.costs
    parts: dict[str, list[CostedPart]] = {}
    if level in ("block", "operator"):
        from archdsl.backends.estimate_parts import parts_of_stages

        parts = parts_of_stages(costs, batch, with_operators=level == "operator")
    stages = [
        _stage(part, costs, batch, tuple(parts.get(architecture.path(part), ())))
        for part in (architecture.stem, *architecture.stages, architecture.head)
        if part is not None
    ]
    return Estimate(
        architecture.name,
        architecture.model,
        architecture.variant,
        batch,
        architecture.input,
        architecture.output,
        costs.model().for_batch(batch),
        tuple(stages),
    )


def estimates(
    architectures: Iterable[Architecture], *, batch: int = 1, level: Level = "stage", receptive_fields: bool = False
) -> list[Estimate]:
    """The estimates of the networks of one file, with `receptive_fields` those of their stages.

    Raises DiagnosticError where they have more parts than `limits.steps`: a short file can have many networks of many
    parts. For receptive fields every operator is followed, so that all of them count.
    """
    made: list[Estimate] = []
    count = 0
    for architecture in architectures:
        made.append(estimate(architecture, batch=batch, level=level))
        count += len(made[-1].parts(level)) if level != "model" else 1
        if receptive_fields:
            from archdsl.ir.walk import walk

            visits = walk(architecture)
            count += len(visits)
            made[-1] = _with_fields(made[-1], visits, architecture.first)
        if count > limits().steps:
            from archdsl.backends.errors import TooManyListed  # late: few files are so large

            raise TooManyListed(level).error()
    return made


def _with_fields(made: Estimate, visits: list[Visit], first: str) -> Estimate:
    from archdsl.backends.receptive_field import fields_of_stages

    fields = fields_of_stages(visits, first)
    return replace(made, stages=tuple(replace(part, receptive_field=fields.get(part.path)) for part in made.stages))


# Stages --------------------------------------------------------------------------------------------------------------


def _stage(part: Stage | Section, costs: Costs, batch: int, parts: tuple[CostedPart, ...]) -> CostedPart:
    if isinstance(part, Section):
        op, layers, cost = _text(part.steps, costs.architecture), 1, costs.section(part)
    else:
        op, layers, cost = part.op, len(part.layers), costs.stage(part)
    return CostedPart(costs.architecture.path(part), op, layers, part.input, part.output, cost.for_batch(batch), parts)


def _text(step: Step, architecture: Description) -> str:
    """A stem or a head in a line: `conv_norm_act -> global_avg_pool -> linear`."""
    match step:
        case Apply(operator=None, block=block):
            return architecture.blocks[block or ""].name
        case Apply(operator=operator):
            assert operator is not None
            return operator.kind
        case Sequence(steps=steps):
            return " -> ".join(text for inner in steps if (text := _text(inner, architecture)))
        case Repeat(copies=copies):
            return f"{_text(copies[0], architecture)} * {len(copies)}" if copies else ""
        case Guard(value=None):
            return ""
        case Guard(value=value) | Alternative(value=value):
            assert value is not None
            return _text(value, architecture)
        case Shared(value=value):
            return _text(value, architecture)
