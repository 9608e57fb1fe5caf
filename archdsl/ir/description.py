"""What an architecture is made of, and the record of all of it: data alone, for what counts and follows it."""

from typing import Literal

from pydantic import Field

from archdsl.ir.base import BlockId, Frozen, Label, Name, Place, Scalar, Shape, Size
from archdsl.ir.body import Apply, BlockInstance, Sequence

SCHEMA_VERSION: Literal["1.0"] = "1.0"


class Layer(Frozen):
    """One repetition in a stage: what is applied, and the rate of its drop path."""

    apply: Apply
    drop_path: float


class Stage(Frozen):
    """One row of the table: `layers` repetitions of `op`, the first with `stride`, the others with stride 1.

    `kernel`, `stride`, `expansion`, `channels` and `se` are None where the block has no such parameter; whatever else
    the block takes is in `arguments`.
    """

    name: Label
    op: Name
    kernel: int | Size | None = None
    stride: int | Size | None = None
    expansion: float | None = None
    channels: int | None = None
    se: float | None = None
    arguments: dict[Name, Scalar]
    layers: tuple[Layer, ...]
    input: Shape
    output: Shape
    place: Place


class Section(Frozen):
    """The stem or the head: steps in sequence.

    A head that `reads_maps` is one block, whose further tensors are bound as `input`, `stem` and `stages.NAME`.
    """

    name: Literal["stem", "head"]
    steps: Sequence
    reads_maps: bool = False
    input: Shape
    output: Shape
    place: Place


class Schedule(Frozen):
    """Drop path over the depth: from 0 at the first layer of the stages towards `rate`.

    Layer `i` of `n` gets `rate * i / n` (EfficientNet), or `rate * i / (n - 1)` when the last layer is to reach it.
    """

    rate: float
    reach: bool = False

    def at(self, index: int, count: int) -> float:
        steps = count - 1 if self.reach else count
        return self.rate * index / steps if steps else 0.0


class Requirement(Frozen):
    """A claim that `archdsl check` proves, as text."""

    text: str
    place: Place


class Description(Frozen):
    """One network in all its parts; `Architecture` is this, with what follows from it.

    `outputs` are the shapes of what it puts out where that has names; `output` is the first of them, or the only one.
    """

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    name: Name
    model: Name
    variant: Label | None = None
    doc: str = ""
    input: Shape
    classes: int | None = None
    parameters: dict[Name, Scalar]
    settings: dict[Name, str]
    drop_path: Schedule
    blocks: dict[BlockId, BlockInstance]
    stem: Section | None
    stages: tuple[Stage, ...]
    head: Section | None
    output: Shape
    outputs: dict[Name, Shape] = Field(default_factory=dict)
    requirements: tuple[Requirement, ...] = ()
    place: Place
