"""Expressions to values, in the scope of one block or one model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archdsl.diagnostics import Span
from archdsl.diagnostics.codes import WRONG_KIND
from archdsl.elaborate.evaluate import lists, scalars, tensors
from archdsl.elaborate.evaluate.describe import kind, named
from archdsl.elaborate.evaluate.errors import (
    BadShape,
    BadSize,
    FactOfOtherKind,
    HeightOfSeries,
    HiddenLayer,
    ListInPipeline,
    MadeInLoop,
    MapLeftOff,
    NestedList,
    NotLayer,
    NotLayers,
    NoValue,
    OpenChoice,
    ParameterElsewhere,
    ParameterWithoutShape,
    TensorAsLayer,
    ToleranceElsewhere,
    TooManySides,
    UnknownFactOfTensor,
    UnknownOutput,
)
from archdsl.elaborate.evaluate.explain import came_from, reasons, situation, trace
from archdsl.elaborate.evaluate.layers import (
    Arguments,
    check_bulk,
    primitive,
    ramp,
    repeated,
    signature_of,
    with_arguments,
)
from archdsl.elaborate.evaluate.values import (
    LAYERS,
    SCALARS,
    AlternativeLayer,
    BlockLayer,
    Layer,
    LayerStep,
    List,
    Origin,
    Outputs,
    Scope,
    SequenceLayer,
    Tensor,
    Value,
    is_flow,
)
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import Definition
from archdsl.elaborate.resolve.errors import FunctionWithoutArguments, UnknownBlock, UnknownName
from archdsl.elaborate.resolve.formulas import formula
from archdsl.elaborate.resolve.meaning import meaning_of
from archdsl.elaborate.resolve.signatures import Signature, fit, missing, of_function, of_primitive, own_word
from archdsl.elaborate.resolve.symbols import Kind, Symbol
from archdsl.elaborate.resolve.words import LENGTH
from archdsl.ir.base import Line, Shape, Size
from archdsl.ir.body import Bound, Chain, Element, Input, Select, TensorList
from archdsl.ir.functions import as_whole
from archdsl.ir.operators import PRIMITIVES
from archdsl.language import tree


def evaluate(node: tree.Expression, scope: Scope) -> Value:
    """The value of an expression. Raises ElaborationError at the first mistake."""
    return _RULES[type(node)](node, scope)


def evaluate_binding(binding: tree.Binding, scope: Scope) -> Value:
    """The value of a binding: a loop may read what it has made so far, by its name."""
    if isinstance(binding.value, tree.Each):
        value: Value = _each(binding.value, scope, binding.name.text)
    else:
        value = evaluate(binding.value, scope)
    if binding.unpacked:
        lists.check_unpacked(binding, value, scope)
    return value


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
    symbol = meaning_of(name, scope.environment)
    if symbol is not None:
        return _OF_SYMBOLS[symbol.kind](symbol, span, scope)
    known = {*scope.names, *scope.waiting, *scope.environment.all_names}
    raise ElaborationError(UnknownName(name).at(span).suggesting(name, known))


def _setting(symbol: Symbol, span: Span, scope: Scope) -> Value:
    value = scope.settings[symbol.name]
    if symbol.name == "drop_path":  # inside a block: the layer, whose rate the schedule sets for each repetition
        return _primitive(symbol, span, scope)
    return value


def _block(symbol: Symbol, span: Span, scope: Scope) -> Value:
    assert isinstance(symbol.meaning, Definition)
    return BlockLayer(symbol.meaning, (), {}, {}, span)


def _primitive(symbol: Symbol, span: Span, scope: Scope) -> Value:
    if PRIMITIVES[symbol.name].is_source:
        raise ElaborationError(ParameterWithoutShape(symbol.name).at(span))
    return primitive(symbol.name, {}, {}, {}, span, scope)


def _word(symbol: Symbol, span: Span, scope: Scope) -> Value:
    return symbol.name


def _function_itself(symbol: Symbol, span: Span, scope: Scope) -> Value:
    if symbol.name in PRIMITIVES:  # `sqrt` is a layer, too
        return _primitive(symbol, span, scope)
    raise ElaborationError(FunctionWithoutArguments(symbol.name).at(span))


# What a name gives that is not a parameter or binding, by what it means.
_OF_SYMBOLS: dict[Kind, Callable[[Symbol, Span, Scope], Value]] = {
    Kind.SETTING: _setting,
    Kind.BLOCK: _block,
    Kind.PRIMITIVE: _primitive,
    Kind.WORD: _word,
    Kind.FUNCTION: _function_itself,
}


def _fact(node: tree.Fact, scope: Scope) -> Value:
    owner = evaluate(node.owner, scope)
    name = node.name.text
    if isinstance(owner, Outputs):
        if name not in owner.shapes:
            problem = MapLeftOff(owner.part, name) if owner.part else UnknownOutput(name)
            raise ElaborationError(problem.at(node.name.span).suggesting(name, owner.shapes))
        return owner.shapes[name]
    if not isinstance(owner, Tensor | Shape):
        raise ElaborationError(FactOfOtherKind(kind(owner)).at(node.owner.span))
    sides = dict((owner if isinstance(owner, Shape) else owner.shape).facts)
    if name in sides:
        return sides[name]
    if name == "height":
        raise ElaborationError(HeightOfSeries().at(node.name.span))
    if isinstance(owner, Shape):
        raise ElaborationError(FactOfOtherKind(kind(owner)).at(node.owner.span))
    for fact, value in owner.facts:
        if fact == name:
            return value
    known = [*sides, *(fact for fact, _ in owner.facts)]
    help = "a map has `channels`, `height` and `width`" if name == LENGTH else None
    raise ElaborationError(UnknownFactOfTensor(name).at(node.name.span, help=help).suggesting(name, known))


# Operators -----------------------------------------------------------------------------------------------------------


def _unary(node: tree.Unary, scope: Scope) -> Value:
    value = evaluate(node.operand, scope)
    if node.operator == "not":
        return not scalars.truth(value, node.operand.span)
    if isinstance(value, Tensor):
        return tensors.negated(node, value, scope)
    return scalars.negate(value, node.span)


def _binary(node: tree.Binary, scope: Scope) -> Value:
    symbol = node.operator
    if symbol in ("and", "or"):
        left = scalars.truth(evaluate(node.left, scope), node.left.span)
        if left == (symbol == "or"):
            return left
        return scalars.truth(evaluate(node.right, scope), node.right.span)
    if symbol == "+-":
        raise ElaborationError(ToleranceElsewhere().at(node.span))
    left_value, right_value = evaluate(node.left, scope), evaluate(node.right, scope)
    if isinstance(left_value, LAYERS) and symbol == "*":
        return repeated(left_value, right_value, Origin(node.right, scope), node.span, formula(node.right))
    if isinstance(left_value, Tensor) or isinstance(right_value, Tensor):
        if symbol in ("==", "!=") and (left_value is None or right_value is None):
            return symbol == "!="  # whether a block was given a tensor
        return tensors.elementwise(node, left_value, right_value, scope)
    if isinstance(left_value, List) and isinstance(right_value, List):
        _charge(len(left_value.items) + len(right_value.items), node.span, scope)
    try:
        return scalars.binary(symbol, left_value, right_value, node.span, (node.left.span, node.right.span))
    except ElaborationError as problem:
        if problem.diagnostic.code is not WRONG_KIND:
            raise problem.noted(situation(node, scope)) from None
        wrong = node.left if problem.diagnostic.span is node.left.span else node.right
        raise problem.noted(came_from(wrong, scope)) from None


def _conditional(node: tree.Conditional, scope: Scope) -> Value:
    taken = scalars.truth(evaluate(node.condition, scope), node.condition.span)
    value = evaluate(node.chosen if taken else node.otherwise, scope)
    if isinstance(value, Tensor):
        expression = Select.made(
            node="select",
            condition=formula(node.condition),
            taken=taken,
            value=value.expression,
        )
        return Tensor(value.shape, expression, value.facts, value.channels_from)
    if isinstance(value, LAYERS):
        layer = AlternativeLayer(formula(node.condition), taken, value)
        check_bulk(layer, node.span)
        return layer
    return value


def _shape(node: tree.ShapeOf, scope: Scope) -> Value:
    if len(node.sizes) > 3:
        raise ElaborationError(TooManySides(len(node.sizes)).at(node.span))
    sizes = []
    for size in node.sizes:
        value = as_whole(evaluate(size, scope))
        least = 0 if len(node.sizes) == 2 else 1  # no zeros are a padding
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            must = "a whole number from 0" if least == 0 else "a positive whole number"
            origin = trace(Origin(size, scope))
            raise ElaborationError(BadSize(must, named(value)).at(origin.node.span, notes=reasons(origin, value)))
        sizes.append(value)
    return Size(*sizes) if len(sizes) == 2 else tensors.within_bounds(Shape(*sizes), node.span)


def _choice(node: tree.Choice, scope: Scope) -> Value:
    taken = scope.decisions.get(id(node))
    if taken is not None:
        return evaluate(node.options[taken], scope)
    raise ElaborationError(OpenChoice().at(node.span))


# Layers --------------------------------------------------------------------------------------------------------------


def _pipeline(node: tree.Pipeline, scope: Scope) -> Value:
    scope = scope.naming(node)
    first, *rest = node.steps
    made: list[LayerStep] = []
    if first.condition is None and first.name is None:
        value = evaluate(first.value, scope)
        if is_flow(value):
            steps = tuple(_layer_step(step, scope) for step in rest)
            return scope.applier.chain(value, SequenceLayer(steps, node.span))
        made.append(LayerStep(scope.steps.get(first), _only_layer(value, first.value, scope)))
    made += [_layer_step(step, scope) for step in node.steps[len(made) :]]
    layer = SequenceLayer(tuple(made), node.span)
    check_bulk(layer, node.span)
    return layer


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
    return _only_layer(evaluate(node, scope), node, scope)


def _only_layer(value: Value, node: tree.Expression, scope: Scope) -> Layer:
    if isinstance(value, LAYERS):
        return value
    if isinstance(value, Tensor):
        raise ElaborationError(TensorAsLayer().at(node.span))
    if isinstance(value, List):
        raise ElaborationError(ListInPipeline(kind(value)).at(node.span, notes=reasons(Origin(node, scope), value)))
    problem = NotLayer(kind(value))
    if isinstance(node, tree.Name):
        symbol = meaning_of(node.text, scope.environment)
        if symbol is not None and symbol.kind in (Kind.BLOCK, Kind.PRIMITIVE):
            problem = HiddenLayer(kind(value), node.text, f"a {symbol.kind}")
    raise ElaborationError(problem.at(node.span, notes=reasons(Origin(node, scope), value)))


def _composite(node: tree.Composite, scope: Scope) -> Value:
    scope = scope.naming(node)
    value = evaluate(node.value, scope)
    if isinstance(value, SequenceLayer) and isinstance(node.value, tree.Pipeline | tree.Composite):
        return value
    if isinstance(value, LAYERS):
        # What it is made of stays under a name of its own: `[body]` could stand beside layers of the same names.
        return SequenceLayer((LayerStep(scope.steps.of(node), value),), node.span)
    if isinstance(value, (*SCALARS, Tensor)):
        return lists.listed([(value, node.value.span)], scope.steps.get(node) or "tensors")
    if isinstance(value, List) and value.tensors:
        raise ElaborationError(NestedList().at(node.value.span))
    raise ElaborationError(NotLayers(kind(value)).at(node.span))


# Lists ---------------------------------------------------------------------------------------------------------------


def _listing(node: tree.Listing, scope: Scope) -> Value:
    scope = scope.naming(node)
    values = [(evaluate(element, scope), element.span) for element in node.elements]
    return lists.listed(values, scope.steps.get(node) or "tensors")


def _element(node: tree.Element, scope: Scope) -> Value:
    owner = _bound_list(node.owner, evaluate(node.owner, scope), scope)
    return lists.element(node, owner, evaluate(node.index, scope), scope)


def _each(node: tree.Each, scope: Scope, own: str = "") -> Value:
    scope = scope.naming(node)
    over = _bound_list(node.over, evaluate(node.over, scope), scope)
    return lists.each(node, over, scope, evaluate, own)


def _bound_list(node: tree.Expression, value: Value, scope: Scope) -> Value:
    """A list whose tensors are read one by one: they are made once, under a name of the block."""
    if not isinstance(value, List) or value.expression is None:
        return value
    if scope.rounds:
        raise ElaborationError(MadeInLoop().at(node.span))
    made = value.expression
    return scope.bound_list(made.name if isinstance(made, TensorList) else scope.steps.late(node), value)


def _operand(node: tree.Expression, scope: Scope) -> Value:
    """What a function is given: a list that a block puts out has a name, by which each of its tensors is read."""
    value = evaluate(node, scope)
    is_put_out = isinstance(value, List) and isinstance(value.expression, Chain)
    return _bound_list(node, value, scope) if is_put_out else value


def _call(node: tree.Call, scope: Scope) -> Value:
    function = node.function
    name = function.text if isinstance(function, tree.Name) else None
    if name is not None and name not in scope.names and name not in scope.waiting:
        symbol = meaning_of(name, scope.environment)
        kind = None if symbol is None else symbol.kind
        if kind is Kind.FUNCTION:
            return _function(name, node, scope)
        if kind is Kind.PRIMITIVE or name == "drop_path":
            given = _arguments(node, of_primitive(name), scope)
            if PRIMITIVES[name].is_source:
                return _source(name, given, node, scope)
            return primitive(name, given.values, given.formulas, given.origins, node.span, scope)
        if kind is None or kind is Kind.WORD:
            known = {*scope.environment.all_names, *scope.names, *scope.waiting}
            raise ElaborationError(UnknownBlock("block", name).at(function.span).suggesting(name, known))
    layer = as_layer(function, scope)
    given = _arguments(node, signature_of(layer, function.span), scope)
    return with_arguments(layer, given, node.span, scope)


def _source(name: str, given: Arguments, node: tree.Call, scope: Scope) -> Tensor:
    """A tensor of the block at hand that is made of nothing, such as a parameter."""
    if absent := missing(of_primitive(name), given.values, node.span):
        raise ElaborationError(absent)
    shape, written = given.values.pop("shape"), given.origins["shape"].node
    source = scope.names.get("in")
    if isinstance(source, List) and source.tensors:
        source = source.tensors[0]
    if not isinstance(source, Tensor):
        raise ElaborationError(ParameterElsewhere(name).at(node.span))
    if source.shape.is_line and isinstance(shape, Size) and min(shape) > 0:
        shape = tensors.within_bounds(Line.of(shape), written.span)
    if not isinstance(shape, Shape) or shape.is_line != source.shape.is_line:
        wanted, one = ("length", "1") if source.shape.is_line else ("height x width", "1 x 1")
        raise ElaborationError(BadShape(name, wanted, one, named(shape)).at(written.span))
    sides = dict(zip(("channels", *shape.each("height", "width")), shape.sizes, strict=True))
    sizes = written.sizes if isinstance(written, tree.ShapeOf) else (written,) * len(sides)
    for (side, value), size in zip(sides.items(), sizes, strict=True):
        given.add(side, value, None if size is written else formula(size), Origin(size, scope))
    given.values.setdefault("height", 1)  # of a series
    layer = primitive(name, given.values, given.formulas, given.origins, node.span, scope)
    steps = SequenceLayer((LayerStep(scope.steps.get(node) or name, layer),), node.span)
    made = scope.applier.chain(Tensor(source.shape, source.expression), steps)
    assert isinstance(made, Tensor)
    return made


def _arguments(node: tree.Call, signature: Signature, scope: Scope) -> Arguments:
    """The arguments of a call, evaluated. Raises ElaborationError for those that do not fit."""
    fitting, problems = fit(node, signature)
    if problems:
        raise ElaborationError(problems[0])
    arguments, words = Arguments(), dict(signature.words)
    for parameter, argument in fitting:
        if (own := own_word(argument.value, words.get(parameter, ()))) is not None:
            arguments.add(parameter, own, None, Origin(argument.value, scope))
            continue
        value = evaluate(argument.value, scope)
        if isinstance(value, Tensor):
            if scope.rounds and not isinstance(value.expression, Input | Bound | Element):
                raise ElaborationError(MadeInLoop().at(argument.value.span))
            value = scope.bound(scope.steps.get(argument) or parameter, value)
        elif isinstance(value, List) and value.expression is not None:
            if not scope.rounds:
                value = scope.bound_list(scope.steps.get(argument) or parameter, value)
            elif not all(isinstance(one.expression, Input | Bound | Element) for one in value.tensors):
                raise ElaborationError(MadeInLoop().at(argument.value.span))
        arguments.add(parameter, value, formula(argument.value), Origin(argument.value, scope))
    return arguments


# Lists of fewer values are no work of their own.
_MANY = 10


def _has_tensor(value: Value) -> bool:
    return isinstance(value, Tensor) or (
        isinstance(value, List) and any(isinstance(one, Tensor) for one in value.items)
    )


def _charge(values: int, span: Span, scope: Scope) -> None:
    """Counts the values of long lists that are gone through as work."""
    if scope.effort is not None and values >= _MANY:
        scope.effort.spend(values, span)


def _function(name: str, node: tree.Call, scope: Scope) -> Value:
    """A function of scalars or tensors: one that is not a layer and takes all that it needs at once."""
    signature = of_function(name)
    fitting, problems = fit(node, signature)
    absent = missing(signature, [parameter for parameter, _ in fitting], node.span)
    if problems or absent:
        raise ElaborationError(problems[0] if problems else absent)  # type: ignore[arg-type]
    if name == "ramp":
        return ramp(_arguments(node, signature, scope), node.span)
    values = [(argument, _operand(argument.value, scope)) for _, argument in fitting]
    given_values = [value for _, value in values]
    count = sum([len(value.items) for value in given_values if isinstance(value, List)])
    _charge(count, node.span, scope)
    if name == "split":
        return lists.split(node, given_values[0], given_values[1], scope)
    if name in ("concat", "sum") and not (name == "sum" and not any(map(_has_tensor, given_values))):
        return tensors.joined(node, name, [(value, argument.span) for argument, value in values], scope)
    if name in tensors.EXTREMES and any(map(_has_tensor, given_values)):
        items = [
            (item, argument.value)
            for argument, value in values
            for item in (value.items if isinstance(value, List) else (value,))
        ]
        return tensors.extreme(name, node, items, scope)
    if name == "length":
        return lists.length(node, given_values[0], scope)
    given = [
        (None if signature.takes_many else parameter, item, argument.value.span)
        for (parameter, argument), (_, value) in zip(fitting, values, strict=True)
        for item in (value.items if isinstance(value, List) and signature.takes_many else (value,))
    ]
    if not given:
        raise ElaborationError(NoValue(name).at(node.span))
    try:
        return scalars.call(name, given, node.span)
    except ElaborationError as problem:
        raise problem.noted(situation(node, scope)) from None


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
    tree.Listing: _listing,
    tree.Element: _element,
    tree.Each: _each,
}
