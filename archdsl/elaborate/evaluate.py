"""Expressions to values, in the scope of one block or one model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archdsl.diagnostics import Span, did_you_mean
from archdsl.diagnostics.codes import (
    BAD_VALUE,
    CHANNEL_MISMATCH,
    MISSING_ARGUMENT,
    OPEN_CHOICE,
    TOO_LARGE,
    UNKNOWN_ARGUMENT,
    UNKNOWN_BLOCK,
    UNKNOWN_FACT,
    UNKNOWN_NAME,
    WRONG_KIND,
)
from archdsl.elaborate import scalars
from archdsl.elaborate.formulas import formula
from archdsl.elaborate.naming import Names
from archdsl.elaborate.problems import stop
from archdsl.elaborate.program import SETTINGS, TENSOR_FUNCTIONS, Environment
from archdsl.elaborate.values import (
    LAYERS,
    AlternativeLayer,
    BlockLayer,
    Layer,
    LayerStep,
    PrimitiveLayer,
    RepeatLayer,
    SequenceLayer,
    Tensor,
    Value,
    describe,
    kind,
)
from archdsl.ir.architecture import Schedule
from archdsl.ir.base import Shape
from archdsl.ir.body import Combine, Number, Select
from archdsl.ir.operators import PRIMITIVES
from archdsl.ir.operators.checks import attributes, refusal
from archdsl.language import tree

if TYPE_CHECKING:
    from archdsl.elaborate.apply import Applier

MAX_REPEATS = 10_000


@dataclass
class Scope:
    """The names in reach of an expression, and where layers are applied."""

    environment: Environment
    names: dict[str, Value]
    settings: Mapping[str, Value]
    applier: Applier
    steps: Names
    # Looks a name up that is bound but not evaluated yet (a model's bindings refer to each other in any order).
    pending: Callable[[str], Value] | None = None
    waiting: frozenset[str] = field(default=frozenset())


def evaluate(node: tree.Expression, scope: Scope) -> Value:
    """The value of an expression. Raises Stop at the first mistake."""
    return _RULES[type(node)](node, scope)


# Leaves --------------------------------------------------------------------------------------------------------------


def _literal(node: tree.Literal, scope: Scope) -> Value:
    return node.value


def _name(node: tree.Name, scope: Scope) -> Value:
    return look_up(node.text, node.span, scope)


def look_up(name: str, span: Span, scope: Scope) -> Value:
    """What a name means: a binding or parameter, a setting, a block, a primitive - in this order."""
    if name in scope.names:
        return scope.names[name]
    if scope.pending is not None and name in scope.waiting:
        return scope.pending(name)
    if name in SETTINGS:
        return _setting(name, span, scope)
    definition = scope.environment.block(name)
    if definition is not None:
        return BlockLayer(definition, (), {}, {}, span)
    if name in PRIMITIVES:
        return primitive(name, {}, {}, {}, span, scope)
    if name in _WORDS:
        return name
    known = {*scope.names, *scope.waiting, *SETTINGS, *scope.environment.block_names(), *PRIMITIVES, *scalars.FUNCTIONS}
    raise stop(UNKNOWN_NAME, f"unknown name `{name}`", span, "not defined here", help=did_you_mean(name, known))


# Names that stand for themselves: values of attributes such as `padding = same`.
_WORDS = frozenset({"symmetric", "same", "valid", "bilinear", "nearest"})


def _setting(name: str, span: Span, scope: Scope) -> Value:
    value = scope.settings[name]
    if name == "drop_path":  # inside a block: the layer, whose rate the schedule sets for each repetition
        return primitive("drop_path", {}, {}, {}, span, scope)
    return value


def _fact(node: tree.Fact, scope: Scope) -> Value:
    owner = evaluate(node.owner, scope)
    name = node.name.text
    if not isinstance(owner, Tensor):
        raise stop(WRONG_KIND, f"only tensors have facts, not {kind(owner)}", node.owner.span)
    if name in ("channels", "height", "width"):
        return int(getattr(owner.shape, name))
    for fact, value in owner.facts:
        if fact == name:
            return value
    known = ["channels", "height", "width", *(fact for fact, _ in owner.facts)]
    raise stop(
        UNKNOWN_FACT,
        f"this tensor has no fact `{name}`",
        node.name.span,
        help=did_you_mean(name, known)
        or f"set it where the tensor comes from, for example `stem.{name} = 1` in the model or `out.{name} = ...`",
    )


# Operators -----------------------------------------------------------------------------------------------------------


def _unary(node: tree.Unary, scope: Scope) -> Value:
    value = evaluate(node.operand, scope)
    if node.operator == "not":
        return not scalars.truth(value, node.operand.span)
    if isinstance(value, Tensor):
        return _combined("negate", [value], node, scope, value.shape)
    return scalars.negate(value, node.span)


def _binary(node: tree.Binary, scope: Scope) -> Value:
    symbol = node.operator
    if symbol in ("and", "or"):
        left = scalars.truth(evaluate(node.left, scope), node.left.span)
        if left == (symbol == "or"):
            return left
        return scalars.truth(evaluate(node.right, scope), node.right.span)
    if symbol == "+-":
        raise stop(WRONG_KIND, "`+-` gives the tolerance of a `require`; it has no meaning elsewhere", node.span)
    left_value, right_value = evaluate(node.left, scope), evaluate(node.right, scope)
    if isinstance(left_value, LAYERS) and symbol == "*":
        return _repeat(node, left_value, right_value, scope)
    if isinstance(left_value, Tensor) or isinstance(right_value, Tensor):
        return _elementwise(node, left_value, right_value, scope)
    return scalars.binary(symbol, left_value, right_value, node.span)


_ELEMENTWISE = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}


def _elementwise(node: tree.Binary, left: Value, right: Value, scope: Scope) -> Tensor:
    word = _ELEMENTWISE.get(node.operator)
    if word is None:
        raise stop(WRONG_KIND, f"`{node.operator}` does not work on tensors", node.span)
    for value, side in ((left, node.left), (right, node.right)):
        if not isinstance(value, Tensor) and not scalars.is_number(value):
            raise stop(WRONG_KIND, f"a tensor combines with a tensor or a number, not {kind(value)}", side.span)
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        shape = _broadcast(left.shape, right.shape, node)
    else:
        shape = left.shape if isinstance(left, Tensor) else right.shape  # type: ignore[union-attr]
    return _combined(word, [left, right], node, scope, shape)


def _broadcast(left: Shape, right: Shape, node: tree.Binary) -> Shape:
    sizes = []
    for one, other in zip(left, right, strict=True):
        if one != other and 1 not in (one, other):
            if left.channels != right.channels and 1 not in (left.channels, right.channels):
                what, way = (
                    f"channels do not match: {left.channels} on the left of `{node.operator}`, {right.channels} on the "
                    "right",
                    "bring one side to the other's channels with `-> conv(...)`",
                )
            else:
                what, way = (
                    f"sizes do not match: {left.height} x {left.width} on the left of `{node.operator}`, "
                    f"{right.height} x {right.width} on the right",
                    "give both sides the same stride, or use `resize(like = ...)`",
                )
            raise stop(CHANNEL_MISMATCH, what, node.span, f"{left} with {right}", help=way)
        sizes.append(max(one, other))
    return Shape(*sizes)


def _combined(word: str, operands: list[Value], node: tree.Expression, scope: Scope, shape: Shape) -> Tensor:
    parts: list[Any] = []
    facts: tuple[tuple[str, float], ...] = ()
    texts = (node.left, node.right) if isinstance(node, tree.Binary) else ()
    for index, operand in enumerate(operands):
        if isinstance(operand, Tensor):
            parts.append(operand.expression)
            facts = facts or operand.facts
        else:
            assert isinstance(operand, int | float)
            text = formula(texts[index]) if texts else None
            parts.append(Number.model_construct(node="number", value=float(operand), formula=text))
    name = scope.steps.get(node) or word
    expression = Combine.model_construct(
        node="combine", operator=word, operands=tuple(parts), name=name, output=shape  # type: ignore[arg-type]
    )
    return Tensor(shape, expression, facts)


def _repeat(node: tree.Binary, layer: Layer, count: Value, scope: Scope) -> RepeatLayer:
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise stop(BAD_VALUE, f"a layer repeats a whole number of times, not {describe(count)}", node.right.span)
    if count > MAX_REPEATS:
        raise stop(
            TOO_LARGE, f"{count:,} repetitions are more than the bound of {MAX_REPEATS:,}", node.right.span
        )
    name = scope.steps.get(node) or "layers"
    return RepeatLayer(name, layer, count, node.span, formula(node.right))


def _conditional(node: tree.Conditional, scope: Scope) -> Value:
    taken = scalars.truth(evaluate(node.condition, scope), node.condition.span)
    value = evaluate(node.chosen if taken else node.otherwise, scope)
    if isinstance(value, Tensor):
        expression = Select.model_construct(
            node="select", condition=formula(node.condition), taken=taken, value=value.expression
        )
        return Tensor(value.shape, expression, value.facts)
    if isinstance(value, LAYERS):
        return AlternativeLayer(formula(node.condition), taken, value)
    return value


def _shape(node: tree.ShapeOf, scope: Scope) -> Value:
    if len(node.sizes) != 3:
        raise stop(BAD_VALUE, "a shape is channels x height x width", node.span, f"{len(node.sizes)} sizes")
    sizes = []
    for size in node.sizes:
        value = evaluate(size, scope)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 2**24:
            raise stop(BAD_VALUE, f"a size is a positive whole number, not {describe(value)}", size.span)
        sizes.append(value)
    return Shape(*sizes)


def _choice(node: tree.Choice, scope: Scope) -> Value:
    raise stop(
        OPEN_CHOICE,
        "this choice is open",
        node.span,
        "a search space, not one network",
        help="write one of its values, or let a model that `extends` this one decide",
    )


# Layers --------------------------------------------------------------------------------------------------------------


def _pipeline(node: tree.Pipeline, scope: Scope) -> Value:
    first, *rest = node.steps
    if first.condition is None and first.name is None:
        value = evaluate(first.value, scope)
        if isinstance(value, Tensor):
            steps = tuple(_layer_step(step, scope) for step in rest)
            return scope.applier.chain(value, SequenceLayer(steps, node.span))
    steps = tuple(_layer_step(step, scope) for step in node.steps)
    return SequenceLayer(steps, node.span)


def _layer_step(step: tree.Step, scope: Scope) -> LayerStep:
    name = scope.steps.get(step)
    if step.condition is not None:
        condition = formula(step.condition)
        if not scalars.truth(evaluate(step.condition, scope), step.condition.span):
            return LayerStep(name, None, True, condition)
        return LayerStep(name, as_layer(step.value, scope), True, condition)
    return LayerStep(name, as_layer(step.value, scope))


def as_layer(node: tree.Expression, scope: Scope) -> Layer:
    """The layer that an expression gives."""
    value = evaluate(node, scope)
    if not isinstance(value, LAYERS):
        if isinstance(value, Tensor):
            raise stop(
                WRONG_KIND,
                "`->` feeds a tensor into a layer, and this is a tensor",
                node.span,
                help="combine two tensors with `+`, `*` or `concat(...)`",
            )
        raise stop(WRONG_KIND, f"a layer is needed here, not {kind(value)}", node.span)
    return value


def _composite(node: tree.Composite, scope: Scope) -> Value:
    value = evaluate(node.value, scope)
    if isinstance(value, SequenceLayer):
        return value
    if isinstance(value, LAYERS):
        return SequenceLayer((LayerStep(scope.steps.get(node.value) or "layer", value),), node.span)
    raise stop(WRONG_KIND, f"`[ ]` holds layers, not {kind(value)}", node.span)


def _call(node: tree.Call, scope: Scope) -> Value:
    function = node.function
    name = function.text if isinstance(function, tree.Name) else None
    if name is not None and name not in scope.names and name not in scope.waiting:
        if name in scalars.FUNCTIONS:
            return _scalar_call(name, node, scope)
        if name in TENSOR_FUNCTIONS:
            return _concat(node, scope)
        if name == "ramp":
            return _ramp(node, scope)
        if name == "drop_path" or (name in PRIMITIVES and scope.environment.block(name) is None and name not in SETTINGS):
            values, formulas, spans = _arguments(node, list(attributes(PRIMITIVES[name])), name, scope)
            return primitive(name, values, formulas, spans, node.span, scope)
        if name not in SETTINGS and scope.environment.block(name) is None:
            known = {*scope.environment.block_names(), *PRIMITIVES, *scalars.FUNCTIONS, *scope.names}
            raise stop(
                UNKNOWN_BLOCK, f"unknown block `{name}`", function.span, "not defined here",
                help=did_you_mean(name, known),
            )
    layer = as_layer(function, scope)
    if isinstance(layer, BlockLayer):
        parameters = list(layer.definition.parameters)
        values, formulas, spans = _arguments(node, parameters, layer.definition.name, scope)
        merged = {**dict(layer.arguments), **values}
        return BlockLayer(
            layer.definition,
            tuple(sorted(merged.items())),
            {**layer.formulas, **formulas},
            {**layer.spans, **spans},
            node.span,
        )
    if isinstance(layer, PrimitiveLayer):
        operator = type(layer.operator)
        values, formulas, spans = _arguments(node, list(attributes(operator)), layer.operator.kind, scope)
        kept = {name: getattr(layer.operator, name) for name in layer.given}
        return primitive(layer.operator.kind, {**kept, **values}, formulas, spans, node.span, scope)
    raise stop(WRONG_KIND, "only a block or a primitive takes arguments", node.span)


def _arguments(
    node: tree.Call, parameters: list[str], name: str, scope: Scope
) -> tuple[dict[str, Value], dict[str, str], dict[str, Span]]:
    """Arguments by parameter: their values, formulas and places."""
    values: dict[str, Value] = {}
    formulas: dict[str, str] = {}
    spans: dict[str, Span] = {}
    for index, argument in enumerate(node.arguments):
        if argument.name is None:
            if index >= len(parameters):
                raise stop(
                    UNKNOWN_ARGUMENT,
                    f"`{name}` takes {len(parameters)} arguments at most",
                    argument.span,
                    help=f"they are {', '.join(parameters)}" if parameters else None,
                )
            parameter = parameters[index]
        else:
            parameter = argument.name.text
            if parameter not in parameters and not (parameter == "like" and name == "resize"):
                raise stop(
                    UNKNOWN_ARGUMENT,
                    f"`{name}` has no argument `{parameter}`",
                    argument.name.span,
                    help=did_you_mean(parameter, parameters)
                    or (f"its arguments are {', '.join(parameters)}" if parameters else "it takes no arguments"),
                )
        if parameter in values:
            raise stop(UNKNOWN_ARGUMENT, f"`{parameter}` is given twice", argument.span)
        values[parameter] = evaluate(argument.value, scope)
        spans[parameter] = argument.value.span
        text = formula(argument.value)
        if text is not None:
            formulas[parameter] = text
    return values, formulas, spans


def primitive(
    name: str,
    values: dict[str, Value],
    formulas: Mapping[str, str],
    spans: Mapping[str, Span],
    span: Span,
    scope: Scope,
) -> PrimitiveLayer:
    """The primitive `name` with arguments. Arguments not given are settings of the same name, or defaults."""
    operator = PRIMITIVES[name]
    values = dict(values)
    like = values.pop("like", None)
    if like is not None and not isinstance(like, Tensor):
        raise stop(WRONG_KIND, f"`like` needs a tensor, not {kind(like)}", spans.get("like", span))
    complete: dict[str, Any] = {"kind": name}
    for attribute, default in attributes(operator).items():
        if attribute in values:
            value: Any = values[attribute]
            if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
                # 2.0 channels are 2 channels: a scaled whole number stays whole.
                value = int(value) if refusal(operator, attribute, value) else value
            must = refusal(operator, attribute, value)
            if must is not None:
                raise stop(
                    BAD_VALUE,
                    f"`{attribute}` of `{name}` must be {must}, not {describe(value)}",
                    spans.get(attribute, span),
                )
            complete[attribute] = value
        elif attribute == "padding":
            complete[attribute] = scope.settings["padding"]
        elif default is ...:
            if operator.__name__ == "Flatten":
                continue
            complete[attribute] = None
        else:
            complete[attribute] = default
    given = tuple(attribute for attribute in complete if attribute in values)
    made = operator.model_construct(**complete)
    return PrimitiveLayer(made, given, formulas, spans, span, like)


def missing(layer: PrimitiveLayer) -> None:
    """Refuses a primitive that lacks an argument it must have; called when it is applied, so that `act` alone is fine."""
    for attribute, default in attributes(type(layer.operator)).items():
        if default is ... and attribute not in layer.given:
            raise stop(
                MISSING_ARGUMENT,
                f"`{layer.operator.kind}` needs `{attribute}`",
                layer.span,
                help=f"write `{layer.operator.kind}({attribute} = ...)`",
            )


def _scalar_call(name: str, node: tree.Call, scope: Scope) -> Value:
    positional: list[Value] = []
    keywords: dict[str, Value] = {}
    for argument in node.arguments:
        value = evaluate(argument.value, scope)
        if argument.name is None:
            positional.append(value)
        else:
            keywords[argument.name.text] = value
    return scalars.call(name, positional, keywords, node.span)


def _concat(node: tree.Call, scope: Scope) -> Tensor:
    tensors: list[Value] = []
    for argument in node.arguments:
        value = evaluate(argument.value, scope)
        if not isinstance(value, Tensor):
            raise stop(WRONG_KIND, f"`concat` joins tensors, not {kind(value)}", argument.span)
        first = tensors[0] if tensors else value
        assert isinstance(first, Tensor)
        if value.shape[1:] != first.shape[1:]:
            raise stop(
                CHANNEL_MISMATCH,
                f"`concat` needs tensors of one size: {first.shape.height} x {first.shape.width} before, "
                f"{value.shape.height} x {value.shape.width} here",
                argument.span,
                str(value.shape),
                help="give the branches the same stride, or use `resize(like = ...)`",
            )
        tensors.append(value)
    if not tensors:
        raise stop(MISSING_ARGUMENT, "`concat` needs at least one tensor", node.span)
    first = tensors[0]
    assert isinstance(first, Tensor)
    channels = sum(tensor.shape.channels for tensor in tensors if isinstance(tensor, Tensor))
    return _combined("concat", tensors, node, scope, Shape(channels, first.shape.height, first.shape.width))


def _ramp(node: tree.Call, scope: Scope) -> Schedule:
    values, _, spans = _arguments(node, ["rate", "reach"], "ramp", scope)
    rate, reach = values.get("rate"), values.get("reach", False)
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
        raise stop(BAD_VALUE, "`ramp` needs a rate from 0 up to, not including, 1", spans.get("rate", node.span))
    if not isinstance(reach, bool):
        raise stop(BAD_VALUE, "`reach` is `true` or `false`", spans["reach"])
    return Schedule.model_construct(rate=float(rate), reach=reach)


_RULES: dict[type, Callable[[Any, Scope], Value]] = {
    tree.Literal: _literal,
    tree.Name: _name,
    tree.Fact: _fact,
    tree.Unary: _unary,
    tree.Binary: _binary,
    tree.Conditional: _conditional,
    tree.ShapeOf: _shape,
    tree.Choice: _choice,
    tree.Pipeline: _pipeline,
    tree.Composite: _composite,
    tree.Call: _call,
}
