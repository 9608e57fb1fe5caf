"""What expressions evaluate to: scalars (plain Python), shapes, tensors, layers and schedules."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from archdsl.diagnostics import Span
from archdsl.ir.architecture import Schedule
from archdsl.ir.base import Scalar as Scalar
from archdsl.ir.base import Shape, Size
from archdsl.ir.body import TensorExpression
from archdsl.ir.operators import Operator

if TYPE_CHECKING:
    from archdsl.elaborate.program import Definition
    from archdsl.elaborate.scope import Origin


@dataclass(slots=True, eq=False)
class Tensor:
    """A tensor at compile time: its shape, how it came about, and the facts that travel with it.

    `channels_from` is where the number of its channels was written, as far as that is known; for diagnostics alone.
    """

    shape: Shape
    expression: TensorExpression | None
    facts: tuple[tuple[str, float], ...] = ()
    channels_from: Origin | None = None


@dataclass(slots=True, eq=False)
class PrimitiveLayer:
    """An operator with its arguments. `like` is a second input tensor."""

    operator: Operator
    given: tuple[str, ...]
    formulas: Mapping[str, str]
    origins: Mapping[str, Origin]
    span: Span
    like: Tensor | None = None


@dataclass(slots=True, eq=False)
class BlockLayer:
    """A block with (some of) its arguments."""

    definition: Definition
    arguments: tuple[tuple[str, Value], ...]
    formulas: Mapping[str, str]
    origins: Mapping[str, Origin]
    span: Span
    bulk: int = field(init=False)

    def __post_init__(self) -> None:
        self.bulk = 1 + sum([bulk(value) for _, value in self.arguments])


@dataclass(slots=True, eq=False)
class LayerStep:
    """One step of a sequence; `layer` is None when its guard is false."""

    name: str | None
    layer: Layer | None
    guarded: bool = False
    condition: str | None = None


@dataclass(slots=True, eq=False)
class SequenceLayer:
    steps: tuple[LayerStep, ...]
    span: Span
    bulk: int = field(init=False)

    def __post_init__(self) -> None:
        self.bulk = 1 + sum([bulk(step.layer) for step in self.steps])


@dataclass(slots=True, eq=False)
class RepeatLayer:
    layer: Layer
    count: int
    span: Span
    formula: str | None = None
    bulk: int = field(init=False)

    def __post_init__(self) -> None:
        self.bulk = 1 + bulk(self.layer)


@dataclass(slots=True, eq=False)
class AlternativeLayer:
    condition: str | None
    taken: bool
    layer: Layer
    bulk: int = field(init=False)

    def __post_init__(self) -> None:
        self.bulk = 1 + bulk(self.layer)


Layer = PrimitiveLayer | BlockLayer | SequenceLayer | RepeatLayer | AlternativeLayer
LAYERS = (PrimitiveLayer, BlockLayer, SequenceLayer, RepeatLayer, AlternativeLayer)
Value = Scalar | Shape | Tensor | Layer | Schedule


def bulk(value: Value) -> int:
    """How many layers a value is written out as: layers that are used in layers again and again grow fast."""
    if isinstance(value, BlockLayer | SequenceLayer | RepeatLayer | AlternativeLayer):
        return value.bulk
    return 1


def holds_tensor(value: Value) -> bool:
    """Whether a layer looks at a tensor of the block where it was written (`resize(like = x)`)."""
    match value:
        case PrimitiveLayer(like=like):
            return like is not None
        case BlockLayer(arguments=arguments):
            return any(holds_tensor(argument) for _, argument in arguments)
        case SequenceLayer(steps=steps):
            return any(holds_tensor(step.layer) for step in steps)
        case RepeatLayer(layer=layer) | AlternativeLayer(layer=layer):
            return holds_tensor(layer)
    return False


def heeds_facts(value: Value) -> bool:
    """Whether a layer reads or sets facts of the user's own, of the tensors that it is applied to."""
    match value:
        case BlockLayer(definition=definition, arguments=arguments):
            return definition.heeds_facts or any(heeds_facts(argument) for _, argument in arguments)
        case SequenceLayer(steps=steps):
            return any(heeds_facts(step.layer) for step in steps)
        case RepeatLayer(layer=layer) | AlternativeLayer(layer=layer):
            return heeds_facts(layer)
    return False


def without_formulas(layer: Layer) -> Layer:
    """The layer with its values alone, for use where the names in its formulas would mean something else."""
    match layer:
        case PrimitiveLayer() | BlockLayer():
            return replace(layer, formulas={}) if layer.formulas else layer
        case SequenceLayer(steps=steps, span=span):
            plain = tuple(
                LayerStep(step.name, step.layer and without_formulas(step.layer), step.guarded) for step in steps
            )
            return SequenceLayer(plain, span)
        case RepeatLayer(layer=inner, count=count, span=span):
            return RepeatLayer(without_formulas(inner), count, span)
        case AlternativeLayer(taken=taken, layer=inner):
            return AlternativeLayer(None, taken, without_formulas(inner))


def key(value: Value) -> Hashable:
    """A key under which equal values of the same kind meet (Python's own equality mixes 1, 1.0 and True).

    A layer is the same when it is written in the same place, too: whatever is made of it says where it comes from.
    """
    if isinstance(value, AlternativeLayer):
        return ("alternative", value.taken, key(value.layer))
    if not isinstance(value, LAYERS):
        return (type(value), value)
    place = (value.span.source, value.span.start)
    if isinstance(value, BlockLayer):
        return (place, id(value.definition), tuple((name, key(argument)) for name, argument in value.arguments))
    if isinstance(value, PrimitiveLayer):
        attributes = tuple((k, type(v), v) for k, v in value.operator.__dict__.items())
        return (place, value.operator.kind, attributes)
    if isinstance(value, SequenceLayer):
        return (place, "sequence", tuple((s.name, s.guarded, s.layer and key(s.layer)) for s in value.steps))
    return (place, "repeat", value.count, key(value.layer))


def describe(value: Value) -> str:
    """A value as a reader would write it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, Tensor):
        return f"a tensor of {value.shape}"
    if isinstance(value, PrimitiveLayer):
        given = ", ".join(f"{name} = {describe(getattr(value.operator, name))}" for name in value.given)
        return f"{value.operator.kind}({given})" if given else value.operator.kind
    if isinstance(value, BlockLayer):
        given = ", ".join(f"{name} = {describe(argument)}" for name, argument in value.arguments)
        return f"{value.definition.name}({given})" if given else value.definition.name
    if isinstance(value, SequenceLayer):
        return "[" + " -> ".join(describe(step.layer) for step in value.steps if step.layer) + "]"
    if isinstance(value, RepeatLayer):
        return f"{describe(value.layer)} * {value.count}"
    if isinstance(value, AlternativeLayer):
        return describe(value.layer)
    if isinstance(value, Schedule):
        return f"ramp({number(value.rate)}{', reach = true' if value.reach else ''})"
    return str(value)


def number(value: int | float) -> str:
    """A number in full, without the noise of binary floating point."""
    return str(value) if isinstance(value, int) else f"{value:.12g}"


def kind(value: Value) -> str:
    """What kind of thing a value is, in a diagnostic's words."""
    if value is None:
        return "`none`"
    if isinstance(value, bool):
        return f"`{describe(value)}`"
    if isinstance(value, int | float):
        return f"the number {number(value)}"
    if isinstance(value, str):
        return f"the name `{value}`"
    if isinstance(value, Tensor):
        return f"a tensor ({value.shape})"
    if isinstance(value, Size):
        return f"a size ({value})"
    if isinstance(value, Shape):
        return f"a shape ({value})"
    if isinstance(value, Schedule):
        return "a schedule"
    return f"a layer (`{describe(value)}`)"


def named(value: Value) -> str:
    """A value in a sentence that says what it should be: numbers plain, all else with its kind."""
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else kind(value)
