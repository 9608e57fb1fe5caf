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

    A head that `reads_maps` is one block, whose further tensors are bound as `input` or `inputs.NAME`, `stem` and
    `stages.NAME`.
    """

    name: Literal["stem", "head"]
    steps: Sequence
    reads_maps: bool = False
    input: Shape
    output: Shape
    place: Place


class Part(Frozen):
    """Another model whose stem and stages a network has, on its own images; its head is left off.

    `name` is that of its module in the network. `model`, `variant` and `doc` are those of the other one, and so are
    `settings`: its `norm`, `act` and `padding` as text.
    """

    name: Name
    model: Name
    variant: Label | None = None
    doc: str = ""
    settings: dict[Name, str]

    @property
    def network(self) -> str:
        """The other model as it is named in a text: `efficientnet.b0`."""
        return f"{self.model}.{self.variant}" if self.variant is not None else self.model


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

    `inputs` are the shapes of what it reads where that has names; `input` is that of its `source`, which the stem and
    the stages read, or of the only one.
    `outputs` are the shapes of what it puts out where that has names; `output` is the first of them, or the only one.
    Where it has a `part`, `stem`, `stages` and `drop_path` are those of that other model.
    """

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    name: Name
    model: Name
    variant: Label | None = None
    doc: str = ""
    input: Shape
    inputs: dict[Name, Shape] = Field(default_factory=dict)
    source: Name | None = None
    classes: int | None = None
    parameters: dict[Name, Scalar]
    settings: dict[Name, str]
    drop_path: Schedule
    blocks: dict[BlockId, BlockInstance]
    part: Part | None = None
    stem: Section | None
    stages: tuple[Stage, ...]
    head: Section | None
    output: Shape
    outputs: dict[Name, Shape] = Field(default_factory=dict)
    requirements: tuple[Requirement, ...] = ()
    place: Place

    @property
    def images(self) -> dict[str, Shape]:
        """The shapes of what it reads, by their paths in a graph: `input`, or `inputs.NAME` for each."""
        return {f"inputs.{name}": shape for name, shape in self.inputs.items()} or {"input": self.input}

    @property
    def first(self) -> str:
        """The path of what the stem and the stages read."""
        return f"inputs.{self.source}" if self.source is not None else "input"

    def path(self, of: Section | Stage) -> str:
        """Where the stem, a stage or the head is in the built module: those of a part are inside it."""
        own = of.name if isinstance(of, Section) else f"stages.{of.name}"
        return own if own == "head" else f"{self.prefix}{own}"

    @property
    def prefix(self) -> str:
        """What the paths of the stem and the stages begin with: the name of the part that they are."""
        return f"{self.part.name}." if self.part is not None else ""
