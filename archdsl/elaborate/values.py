"""What expressions evaluate to: scalars (plain Python), shapes, tensors, layers and schedules."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archdsl.diagnostics import Span
from archdsl.ir.architecture import Schedule
from archdsl.ir.base import Shape
from archdsl.ir.body import TensorExpression
from archdsl.ir.operators import Operator

if TYPE_CHECKING:
    from archdsl.elaborate.program import Definition

Scalar = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor at compile time: its shape, how it came about, and the facts that travel with it."""

    shape: Shape
    expression: TensorExpression | None
    facts: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class PrimitiveLayer:
    """An operator with its arguments. `like` is a second input tensor."""

    operator: Operator
    given: tuple[str, ...] = field(compare=False)
    formulas: Mapping[str, str] = field(compare=False)
    spans: Mapping[str, Span] = field(compare=False)
    span: Span = field(compare=False)
    like: Tensor | None = None


@dataclass(frozen=True, slots=True)
class BlockLayer:
    """A block with (some of) its arguments."""

    definition: Definition
    arguments: tuple[tuple[str, Value], ...]
    formulas: Mapping[str, str] = field(compare=False)
    spans: Mapping[str, Span] = field(compare=False)
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class LayerStep:
    """One step of a sequence; `layer` is None when its guard is false."""

    name: str | None
    layer: Layer | None
    guarded: bool = False
    condition: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SequenceLayer:
    steps: tuple[LayerStep, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class RepeatLayer:
    name: str
    layer: Layer
    count: int
    span: Span = field(compare=False)
    formula: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class AlternativeLayer:
    condition: str | None = field(compare=False)
    taken: bool
    layer: Layer


Layer = PrimitiveLayer | BlockLayer | SequenceLayer | RepeatLayer | AlternativeLayer
LAYERS = (PrimitiveLayer, BlockLayer, SequenceLayer, RepeatLayer, AlternativeLayer)
Value = Scalar | Shape | Tensor | Layer | Schedule


def key(value: Value) -> Hashable:
    """A key under which equal values of the same kind meet (Python's own equality mixes 1, 1.0 and True)."""
    if isinstance(value, BlockLayer):
        return (id(value.definition), tuple((name, key(argument)) for name, argument in value.arguments))
    if isinstance(value, PrimitiveLayer):
        return (value.operator.kind, tuple((k, type(v), v) for k, v in value.operator.__dict__.items()))
    if isinstance(value, SequenceLayer):
        return ("sequence", tuple((s.name, s.guarded, s.layer and key(s.layer)) for s in value.steps))
    if isinstance(value, RepeatLayer):
        return ("repeat", value.name, value.count, key(value.layer))
    if isinstance(value, AlternativeLayer):
        return ("alternative", value.taken, key(value.layer))
    return (type(value), value)


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
    if isinstance(value, Shape):
        return f"a shape ({value})"
    if isinstance(value, Schedule):
        return "a schedule"
    return f"a layer (`{describe(value)}`)"
