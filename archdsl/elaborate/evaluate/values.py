"""What expressions evaluate to: scalars (plain Python), shapes, tensors, layers and schedules; and the scope that each
value was written in, with the way back from a value to its text.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from types import NoneType
from typing import NamedTuple, Protocol

from msgspec import Struct, field
from msgspec.structs import replace
from typing_extensions import TypeIs

from archdsl.diagnostics import Span
from archdsl.elaborate.effort import Effort
from archdsl.elaborate.resolve.definitions import Definition, Environment
from archdsl.elaborate.resolve.submodules import Names, name_expression
from archdsl.ir.base import Scalar as Scalar
from archdsl.ir.base import Shape, Size
from archdsl.ir.body import Bound, Element, Input, TensorBinding, TensorExpression
from archdsl.ir.description import Schedule
from archdsl.ir.operators import Operator
from archdsl.language import tree


class Tensor(Struct, eq=False):
    """A tensor at compile time: its shape, how it came about, and the facts that travel with it.

    `channels_from` is where the number of its channels was written, as far as that is known; for diagnostics alone.
    """

    shape: Shape
    expression: TensorExpression | None
    facts: tuple[tuple[str, float], ...] = ()
    channels_from: Origin | None = None

    def element(self, name: str, index: int) -> Tensor:
        """The tensor as one of a list that is bound."""
        made = Element.made(node="element", name=name, index=index, formula=None)
        return Tensor(self.shape, made, self.facts, self.channels_from)


class Outputs(Struct, frozen=True, eq=False):
    """The shapes of what a network puts out, by their names, or those of the maps of its `part`; claims speak of
    them."""

    shapes: Mapping[str, Shape]
    part: str = ""


class List(Struct, eq=False):
    """Values in a row. `expression` is how a list of tensors came about, until it is bound to a name: from then on its
    tensors are elements of that. Those that a block puts out have no expressions of their own before."""

    items: tuple[Value, ...]
    expression: TensorExpression | None = None
    # What it is bound to.
    name: str = ""

    @property
    def bulk(self) -> int:
        return 1 + sum([bulk(item) for item in self.items])

    @property
    def is_of_scalars(self) -> bool:
        return all(isinstance(item, SCALARS) for item in self.items)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Its tensors; none where it is a list of something else."""
        return tuple([item for item in self.items if isinstance(item, Tensor)])

    def under(self, name: str) -> List:
        """The list as a binding has it: its tensors are elements of that."""
        return List(tuple(tensor.element(name, index) for index, tensor in enumerate(self.items)), None, name)  # type: ignore[union-attr]


# What a block reads and puts out. Operators take tensors alone.
Flow = Tensor | List


def is_flow(value: Value) -> TypeIs[Flow]:
    """Whether a value is a tensor, or a list of some."""
    return isinstance(value, Tensor) or (isinstance(value, List) and bool(value.tensors))


def shapes_of(flow: Flow) -> tuple[Shape, ...]:
    """The shape of a tensor, or those of a list."""
    return (flow.shape,) if isinstance(flow, Tensor) else tuple([tensor.shape for tensor in flow.tensors])


def expression_of(flow: Flow) -> TensorExpression | None:
    """How a tensor or a list is read: a list that is bound, by its name."""
    if isinstance(flow, List) and flow.name:
        return Bound.made(node="bound", name=flow.name)
    return flow.expression


class PrimitiveLayer(Struct, eq=False):
    """An operator with its arguments. `others` are the further tensors that it reads, by their arguments."""

    operator: Operator
    given: tuple[str, ...]
    formulas: Mapping[str, str]
    origins: Mapping[str, Origin]
    span: Span
    others: Mapping[str, Tensor] = field(default_factory=dict)


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


class SharedLayer(Struct, eq=False):
    """A layer whose uses have the same weights: a sub-module of the block that binds it."""

    name: str
    layer: Layer
    span: Span
    bulk: int = 0

    def __post_init__(self) -> None:
        self.bulk = 1 + bulk(self.layer)


Layer = PrimitiveLayer | BlockLayer | SequenceLayer | RepeatLayer | AlternativeLayer | SharedLayer
LAYERS = (PrimitiveLayer, BlockLayer, SequenceLayer, RepeatLayer, AlternativeLayer, SharedLayer)
Value = Scalar | Shape | Tensor | List | Layer | Schedule | Outputs
# The kinds of scalars, and of those that are no words. `isinstance(value, bool | int | ...)` would put the union
# together each time, and these are asked of every value of every block.
SCALARS = (bool, int, float, Size, str, NoneType)
NUMBERS = (bool, int, float, Size, NoneType)
_PLAIN = frozenset(SCALARS)
_WRITTEN_OUT = (BlockLayer, SequenceLayer, RepeatLayer, AlternativeLayer, SharedLayer, List)


class Origin(NamedTuple):
    """Where a value was written: an expression, with the names that it was written in reach of."""

    node: tree.Expression
    scope: Scope


# What is taken at each choice, by the id of its node: the number of an option.
Decisions = Mapping[int, int]


UNDECIDED: Decisions = {}


class Applies(Protocol):
    """What feeds tensors through layers: the stage after this one."""

    def chain(self, flow: Flow, layers: SequenceLayer) -> Flow: ...


class Scope(Struct, eq=False):
    """The names in reach of an expression, and where layers are applied."""

    environment: Environment
    names: dict[str, Value]
    settings: Mapping[str, Value]
    applier: Applies
    steps: Names
    # Where the values of `names` were written: diagnostics follow a number back to the cell that it came from.
    origins: dict[str, Origin] = field(default_factory=dict)
    # Looks a name up that is bound but not evaluated yet (a model's bindings refer to each other in any order).
    pending: Callable[[str], Value] | None = None
    waiting: frozenset[str] = frozenset()
    decisions: Decisions = field(default_factory=lambda: UNDECIDED)
    # What the block at hand binds, in order; None where there is no block.
    body: list[TensorBinding] | None = None
    # Where work is counted: that of loops.
    effort: Effort | None = None
    # How many rounds the loops around an expression have together; 0 where there is none.
    rounds: int = 0

    def value(self, name: str) -> Value | None:
        """What a name of the block or model is bound to, None if it is not."""
        if name not in self.names and self.pending is not None and name in self.waiting:
            return self.pending(name)
        return self.names.get(name)

    def naming(self, node: tree.Expression) -> Scope:
        """The scope for what is inside a layer: one that is written where nothing has names yet stands alone."""
        return self if self.steps.know(node) else replace(self, steps=name_expression(node))

    def bound(self, name: str, tensor: Tensor) -> Tensor:
        """A tensor under a name of the block, so that it is computed once however often it is read."""
        if self.body is None or isinstance(tensor.expression, Input | Bound | Element):
            return tensor
        self.body.append(TensorBinding.made(name=name, value=tensor.expression, output=tensor.shape, condition=None))
        expression = Bound.made(node="bound", name=name)
        return Tensor(tensor.shape, expression, tensor.facts, tensor.channels_from)

    def bound_list(self, name: str, made: List) -> List:
        """A list of tensors under a name of the block, by which each is read."""
        if self.body is None or made.expression is None:
            return made
        self.body.append(TensorBinding.made(name=name, value=made.expression, output=None, condition=None))
        return made.under(name)

    def among(
        self, environment: Environment, names: dict[str, Value] | None = None, origins: dict[str, Origin] | None = None
    ) -> Scope:
        """The same scope for text of another file, with further names in front of its own."""
        return Scope(
            environment,
            {**self.names, **names} if names else self.names,
            self.settings,
            self.applier,
            self.steps,
            {**self.origins, **origins} if origins else self.origins,
            self.pending,
            self.waiting,
            self.decisions,
            self.body,
            self.effort,
            self.rounds,
        )


def bulk(value: Value) -> int:
    """How many layers a value is written out as: layers that are used in layers again and again grow fast."""
    return value.bulk if isinstance(value, _WRITTEN_OUT) else 1


def holds_tensor(value: Value) -> bool:
    """Whether a layer reads a tensor of the block where it was written (`resize(like = x)`, `up(skip)`)."""
    match value:
        case Tensor():
            return True
        case List(items=items):
            return any(map(holds_tensor, items))
        case PrimitiveLayer(others=others):
            return bool(others)
        case BlockLayer(arguments=arguments):
            return any(holds_tensor(argument) for _, argument in arguments)
        case SequenceLayer(steps=steps):
            return any(holds_tensor(step.layer) for step in steps)
        case RepeatLayer(layer=layer) | AlternativeLayer(layer=layer) | SharedLayer(layer=layer):
            return holds_tensor(layer)
    return False


def heeds_facts(value: Value) -> bool:
    """Whether a layer reads or sets facts of the user's own, of the tensors that it is applied to."""
    match value:
        case BlockLayer(definition=definition, arguments=arguments):
            return definition.heeds_facts or any(heeds_facts(argument) for _, argument in arguments)
        case List(items=items):
            return any(map(heeds_facts, items))
        case SequenceLayer(steps=steps):
            return any(heeds_facts(step.layer) for step in steps)
        case RepeatLayer(layer=layer) | AlternativeLayer(layer=layer) | SharedLayer(layer=layer):
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
        case SharedLayer(name=name, layer=inner, span=span):
            return SharedLayer(name, without_formulas(inner), span)


def key(value: Value) -> Hashable:
    """A key under which equal values of the same kind meet (Python's own equality mixes 1, 1.0 and True).

    A layer is the same when it is written in the same place, too: whatever is made of it says where it comes from.
    """
    if type(value) in _PLAIN:
        return (type(value), value)
    if isinstance(value, AlternativeLayer):
        return ("alternative", value.taken, key(value.layer))
    if isinstance(value, SharedLayer):
        return ("shared", value.name, key(value.layer))
    if isinstance(value, Tensor):
        return (Tensor, value.shape, value.shape.is_line, value.facts)
    if isinstance(value, List):
        return ("list", tuple(map(key, value.items)))
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


def alike(one: Layer | List, other: Layer | List) -> bool:
    """Whether two layers are the same block or primitive with the same arguments, wherever they were written; or two
    lists of the same values."""
    return _form(one) == _form(other)


# Two names of one primitive.
_SYNONYMS = {"swish": "silu"}


def _form(value: Value) -> Hashable:
    """What two layers that are alike have in common: neither places nor names of sub-modules."""
    match value:
        case PrimitiveLayer(operator=operator, others=others):
            attributes = tuple((name, item) for name, item in operator.__dict__.items() if name != "kind")
            return ("primitive", _SYNONYMS.get(operator.kind, operator.kind), attributes, *map(id, others.values()))
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
        case AlternativeLayer(layer=layer) | SharedLayer(layer=layer):
            return _form(layer)
        case Tensor():
            return id(value)
        case List(items=items):
            return ("list", tuple(map(_form, items)))
        case bool():
            return ("bool", value)
    return value
