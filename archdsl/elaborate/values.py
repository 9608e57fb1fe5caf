"""What expressions evaluate to: scalars (plain Python), shapes, tensors, layers and schedules."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from archdsl.diagnostics import Span
from archdsl.ir.architecture import Schedule
from archdsl.ir.base import Scalar as Scalar
from archdsl.ir.base import Shape, Size
from archdsl.ir.body import TensorExpression
from archdsl.ir.operators import Operator
from archdsl.language import tree

if TYPE_CHECKING:
    from archdsl.elaborate.program import Definition
    from archdsl.elaborate.scope import Origin


class Tensor(Struct, eq=False):
    """A tensor at compile time: its shape, how it came about, and the facts that travel with it.

    `channels_from` is where the number of its channels was written, as far as that is known; for diagnostics alone.
    """

    shape: Shape
    expression: TensorExpression | None
    facts: tuple[tuple[str, float], ...] = ()
    channels_from: Origin | None = None


class PrimitiveLayer(Struct, eq=False):
    """An operator with its arguments. `like` is a second input tensor."""

    operator: Operator
    given: tuple[str, ...]
    formulas: Mapping[str, str]
    origins: Mapping[str, Origin]
    span: Span
    like: Tensor | None = None


class BlockLayer(Struct, eq=False):
    """A block with (some of) its arguments."""

    definition: Definition
    arguments: tuple[tuple[str, Value], ...]
    formulas: Mapping[str, str]
    origins: Mapping[str, Origin]
    span: Span
    bulk: int = 0

    def __post_init__(self) -> None:
        self.bulk = 1 + sum([bulk(value) for _, value in self.arguments])


class LayerStep(Struct, eq=False):
    """One step of a sequence; `layer` is None when its guard is false."""

    name: str | None
    layer: Layer | None
    guarded: bool = False
    condition: str | None = None


class SequenceLayer(Struct, eq=False):
    steps: tuple[LayerStep, ...]
    span: Span
    bulk: int = 0

    def __post_init__(self) -> None:
        self.bulk = 1 + sum([bulk(step.layer) for step in self.steps])


class RepeatLayer(Struct, eq=False):
    layer: Layer
    count: int
    span: Span
    formula: str | None = None
    bulk: int = 0

    def __post_init__(self) -> None:
        self.bulk = 1 + bulk(self.layer)


class AlternativeLayer(Struct, eq=False):
    condition: str | None
    taken: bool
    layer: Layer
    bulk: int = 0

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


class Seconds(float):
    """A time as the cost model predicts it."""

    def __str__(self) -> str:
        return _in_units(self, (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)))


class Bytes(int):
    """An amount of memory as the cost model predicts it."""

    def __str__(self) -> str:
        return _in_units(self, (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("KB", 1e3), ("B", 1.0)))


def _in_units(value: float, units: tuple[tuple[str, float], ...]) -> str:
    """A value in the largest unit of which it is one or more, or else the smallest; to four digits."""
    unit, size = next((one for one in units if abs(value) >= one[1]), units[-1])
    return f"{value / size:.4g} {unit}"


def alike(one: Layer, other: Layer) -> bool:
    """Whether two layers are the same block or primitive with the same arguments, wherever they were written."""
    return _form(one) == _form(other)


# Two names of one primitive.
_SYNONYMS = {"swish": "silu"}


def _form(value: Value) -> Hashable:
    """What two layers that are alike have in common: neither places nor names of sub-modules."""
    match value:
        case PrimitiveLayer(operator=operator, like=like):
            attributes = tuple((name, item) for name, item in operator.__dict__.items() if name != "kind")
            return ("primitive", _SYNONYMS.get(operator.kind, operator.kind), attributes, like and id(like))
        case BlockLayer(definition=definition, arguments=arguments):
            defaults = {
                name: parameter.default.value
                for name, parameter in definition.parameters.items()
                if isinstance(parameter.default, tree.Literal)
            }
            complete = {**defaults, **dict(arguments)}
            return ("block", id(definition), tuple((name, _form(complete[name])) for name in sorted(complete)))
        case SequenceLayer(steps=steps):
            return ("sequence", *(_form(step.layer) for step in steps if step.layer is not None))
        case RepeatLayer(layer=layer, count=count):
            return ("repeat", count, _form(layer))
        case AlternativeLayer(layer=layer):
            return _form(layer)
        case Tensor():
            return id(value)
        case bool():
            return ("bool", value)
    return value


def describe(value: Value) -> str:
    """A value as a reader would write it."""
    if isinstance(value, Seconds | Bytes):
        return str(value)
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
    if isinstance(value, float) and number(value).isdigit():  # where a whole number is needed, 5.0 is none
        return f"{number(value)}.0"
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else kind(value)
