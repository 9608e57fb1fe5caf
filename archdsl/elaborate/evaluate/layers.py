"""Layers made of arguments that are evaluated already."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from archdsl.diagnostics import Span
from archdsl.elaborate.evaluate.describe import describe, kind, named
from archdsl.elaborate.evaluate.errors import (
    ArgumentsOfOther,
    BadArgument,
    BadRate,
    BadReach,
    BadRepetition,
    TensorNeeded,
    TooManyParts,
    TooManyRepetitions,
)
from archdsl.elaborate.evaluate.explain import blame, reasons
from archdsl.elaborate.evaluate.values import (
    BlockLayer,
    Layer,
    Origin,
    PrimitiveLayer,
    RepeatLayer,
    Scope,
    Tensor,
    Value,
    bulk,
)
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.signatures import Signature, missing, of_primitive
from archdsl.ir.base import Shape
from archdsl.ir.checks import attributes, real_attributes, refusal
from archdsl.ir.description import Schedule
from archdsl.ir.functions import as_whole
from archdsl.ir.operators import PRIMITIVES, Operator
from archdsl.limits import limits

# A layer with more letters is its name alone in an example.
_LONGEST = 30


class Arguments:
    """The arguments of one call by parameter: values, formulas, and where they were written."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self.formulas: dict[str, str] = {}
        self.origins: dict[str, Origin] = {}

    def add(self, parameter: str, value: Value, text: str | None, origin: Origin) -> None:
        self.values[parameter], self.origins[parameter] = value, origin
        if text is not None:
            self.formulas[parameter] = text


def primitive(
    name: str,
    values: Mapping[str, Value],
    formulas: Mapping[str, str],
    origins: Mapping[str, Origin],
    span: Span,
    scope: Scope,
) -> PrimitiveLayer:
    """The primitive `name` with arguments. Arguments not given are settings of the same name, or defaults."""
    operator = PRIMITIVES[name]
    others: dict[str, Tensor] = {}
    for argument in (*operator.reads, *operator.may_read):
        if (tensor := values.get(argument)) is None and not (argument in values and argument in operator.reads):
            continue
        if not isinstance(tensor, Tensor):
            place = origins[argument].node.span if argument in origins else span
            raise ElaborationError(TensorNeeded(argument, kind(tensor)).at(place))
        others[argument] = tensor
    complete: dict[str, Any] = {}
    given: list[str] = []
    for attribute, default in attributes(operator).items():
        if attribute in values:
            value: Any = values[attribute]
            must = _must_be(operator, attribute, value)
            if must is not None and isinstance(value, float):
                value = as_whole(value)  # 2.0 channels are 2 channels: a scaled whole number stays whole.
                must = _must_be(operator, attribute, value)
            if must is not None:
                place, notes = blame(origins.get(attribute), span, value, name)
                written = f"{name}(...)" if of_primitive(name).required else name
                help = f"a tensor is fed into a layer: `x -> {written}`" if isinstance(value, Tensor) else None
                is_first = attribute == next(iter(attributes(operator))) and not operator.is_source
                if is_first and isinstance(value, BlockLayer | PrimitiveLayer):
                    help = f"a layer is followed by another: `{_shortly(value)} -> {written}`"
                problem = BadArgument(attribute, name, must, named(value))
                raise ElaborationError(problem.at(place, notes=notes, help=help))
            if isinstance(value, int) and attribute in real_attributes(operator):
                value = float(value)  # as JSON would give it back: `gain(2)` and `gain(2.0)` are one operator
            complete[attribute] = value
            given.append(attribute)
        elif attribute == "padding":
            complete[attribute] = scope.settings["padding"]
        else:
            complete[attribute] = None if default is ... else default
    return PrimitiveLayer(_made(name, *complete.values()), tuple(given), formulas, origins, span, others)


def _shortly(layer: BlockLayer | PrimitiveLayer) -> str:
    """A layer in an example: its name, and whether it takes arguments."""
    text = describe(layer)
    return text if len(text) <= _LONGEST else f"{text.partition('(')[0]}(...)"


@lru_cache(maxsize=4096, typed=True)
def _made(name: str, *values: Any) -> Operator:
    """The operator with its attributes in order: one object for each set of values, which is measured once a shape."""
    operator = PRIMITIVES[name]
    return operator.made(kind=name, **dict(zip(attributes(operator), values, strict=True)))


def _must_be(operator: type[Operator], attribute: str, value: Value) -> str | None:
    if isinstance(value, bool | int | float | str | None):
        return _scalar_must_be(operator, attribute, value)
    return refusal(operator, attribute, value)


# The same few numbers come again and again.
_scalar_must_be = lru_cache(maxsize=4096, typed=True)(refusal)


def with_arguments(layer: Layer, arguments: Arguments, span: Span, scope: Scope) -> BlockLayer | PrimitiveLayer:
    """A block or primitive with further arguments; those given before stay unless they are given again."""
    if isinstance(layer, BlockLayer):
        merged = {**dict(layer.arguments), **arguments.values}
        formulas, origins = {**layer.formulas, **arguments.formulas}, {**layer.origins, **arguments.origins}
        made = BlockLayer(layer.definition, tuple(sorted(merged.items())), formulas, origins, span)
        check_bulk(made, span)
        return made
    if isinstance(layer, PrimitiveLayer):
        kept: dict[str, Value] = {name: getattr(layer.operator, name) for name in layer.given}
        origins = {**layer.origins, **arguments.origins}
        values = {**kept, **layer.others, **arguments.values}
        return primitive(layer.operator.kind, values, arguments.formulas, origins, span, scope)
    raise ElaborationError(ArgumentsOfOther(describe(layer)).at(span))


def signature_of(layer: Layer, span: Span) -> Signature:
    """What a layer takes when it is called."""
    if isinstance(layer, BlockLayer):
        return layer.definition.signature
    if isinstance(layer, PrimitiveLayer):
        return of_primitive(layer.operator.kind)
    raise ElaborationError(ArgumentsOfOther(describe(layer)).at(span))


def check_complete(layer: PrimitiveLayer) -> None:
    """Refuses a primitive without its required arguments, when it is applied: until then it may get them."""
    if layer.operator.is_source:  # made with all that it needs
        return
    absent = missing(of_primitive(layer.operator.kind), (*layer.given, *layer.others), layer.span)
    if absent is not None:
        raise ElaborationError(absent)


def channels_from(layer: BlockLayer | PrimitiveLayer, given: Value, shape: Shape, tensor: Tensor) -> Origin | None:
    """Where the channels of a layer's output were written: in its argument `channels`, or where its input has them."""
    if given == shape.channels:
        return layer.origins.get("channels")
    return tensor.channels_from if tensor.shape.channels == shape.channels else None


def repeated(layer: Layer, count: Value, origin: Origin, span: Span, text: str | None) -> RepeatLayer:
    """`layer * count`."""
    place = origin.node.span
    count = as_whole(count)
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        help = "round it: `layer * ceil(...)`" if isinstance(count, float) and count >= 0 else None
        raise ElaborationError(BadRepetition(named(count)).at(place, notes=reasons(origin, count), help=help))
    if count > limits().repetitions:
        raise ElaborationError(TooManyRepetitions(count).at(place, notes=reasons(origin, count)))
    made = RepeatLayer(layer, count, span, text)
    check_bulk(made, span)
    return made


def check_bulk(layer: Layer, span: Span) -> None:
    """Refuses a layer that is written out as more layers than anyone would write."""
    if bulk(layer) > limits().parts:
        raise ElaborationError(TooManyParts(bulk(layer)).at(span))


def ramp(arguments: Arguments, span: Span) -> Schedule:
    """`ramp(rate, reach = false)`: drop path that grows with the depth."""

    def place(name: str) -> Span:
        return arguments.origins[name].node.span if name in arguments.origins else span

    rate, reach = arguments.values.get("rate"), arguments.values.get("reach", False)
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
        raise ElaborationError(BadRate(named(rate)).at(place("rate")))
    if not isinstance(reach, bool):
        raise ElaborationError(BadReach(named(reach)).at(place("reach")))
    return Schedule.made(rate=float(rate), reach=reach)
