"""`Architecture`: one network, concrete and typed, read and written as JSON."""

import json
import re
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from archdsl.ir.base import Frozen, Place, Scalar, Shape, Size
from archdsl.ir.body import Apply, BlockInstance, Sequence

if TYPE_CHECKING:
    import networkx

    from archdsl.ir.cost import Costs

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

    name: str
    op: str
    kernel: int | Size | None = None
    stride: int | None = None
    expansion: float | None = None
    channels: int | None = None
    se: float | None = None
    arguments: dict[str, Scalar]
    layers: tuple[Layer, ...]
    input: Shape
    output: Shape
    place: Place


class Section(Frozen):
    """The stem or the head: steps in sequence."""

    name: Literal["stem", "head"]
    steps: Sequence
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


class Architecture(Frozen):
    """One network: a model of a file, or one of its variants. Every number in it is decided.

    `input` is the shape of an image; `blocks` holds each distinct block instance once, by its id, those used by others
    before their users. `settings` are the model's `norm`, `act`, `padding` as text.
    """

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    name: str
    model: str
    variant: str | None = None
    doc: str = ""
    input: Shape
    classes: int | None = None
    parameters: dict[str, Scalar]
    settings: dict[str, str]
    drop_path: Schedule
    blocks: dict[str, BlockInstance]
    stem: Section | None
    stages: tuple[Stage, ...]
    head: Section | None
    output: Shape
    requirements: tuple[Requirement, ...] = ()
    place: Place

    @cached_property
    def costs(self) -> "Costs":
        """What the network and each of its parts costs, counted once."""
        from archdsl.ir.cost import Costs

        return Costs(self)

    def to_json(self) -> str:
        """The architecture as JSON text; `Architecture.from_json` gives it back, equal."""
        text = self.model_dump_json(indent=2)
        # JSON may hold bidirectional controls as they are; a terminal that shows it would obey them.
        return text if text.isascii() and "\x7f" not in text else _UNSEEN.sub(_escaped, text)

    @classmethod
    def from_json(cls, text: str) -> "Architecture":
        """Raises pydantic.ValidationError when the text is no architecture of this schema version."""
        return cls.model_validate_json(text)

    def graph(self) -> "networkx.DiGraph":
        """The operators as a graph from the node `input` to the node `output`; docs/graph.md has its attributes.

        Returns:
            A directed acyclic graph: nodes are the operators' paths in the built module, edges the tensors.

        Raises:
            Failure: where blocks within blocks unfold to more steps than `limits.steps`.
        """
        from archdsl.ir.graph import operator_graph

        return operator_graph(self)


# Candidates for what cannot be seen: all but ASCII, and DEL. In JSON they stand in strings only.
_UNSEEN = re.compile("[^\n\x20-\x7e]")


def _escaped(match: re.Match[str]) -> str:
    """A character, as an escape of JSON where it would not show."""
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1] if ord(match[0]) > 127 else "\\u007f"
