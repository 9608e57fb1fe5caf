"""Tensors combined: elementwise and along channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archdsl.diagnostics import Problem, Span
from archdsl.elaborate.evaluate import scalars
from archdsl.elaborate.evaluate.describe import kind
from archdsl.elaborate.evaluate.errors import (
    ChannelsDiffer,
    ConcatOfOther,
    ConcatSizes,
    ExtremeMismatch,
    ExtremeOfOne,
    OperatorOfTensors,
    SizesDiffer,
    TensorWithOther,
    TooLargeSize,
    TooManyChannels,
    TooManyFacts,
)
from archdsl.elaborate.evaluate.values import Scope, Tensor, Value
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.formulas import formula
from archdsl.elaborate.resolve.written import shown
from archdsl.ir.base import Shape
from archdsl.ir.body import Combine, Number
from archdsl.language import tree
from archdsl.limits import limits

_SHORT = 30

# Functions of numbers that are functions of tensors, too.
EXTREMES = {"max": "maximum", "min": "minimum"}
_ELEMENTWISE = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}


def within_bounds(shape: Shape, span: Span) -> Shape:
    """The shape, unless it is one that no machine could hold."""
    bounds, channels, side = limits(), shape.channels, max(shape.height, shape.width)
    if channels > bounds.channels:
        raise ElaborationError(TooManyChannels(channels).at(span))
    if side > bounds.side:
        raise ElaborationError(TooLargeSize(shape.height, shape.width).at(span))
    return shape


def check_facts(facts: Mapping[str, float], span: Span) -> None:
    """Refuses more facts of a tensor than anyone would keep apart: they travel with it."""
    if len(facts) > limits().facts:
        raise ElaborationError(TooManyFacts(len(facts)).at(span))


def elementwise(node: tree.Binary, left: Value, right: Value, scope: Scope) -> Tensor:
    """`left + right` and the like, at least one of them a tensor."""
    word = _ELEMENTWISE.get(node.operator)
    if word is None:
        raise ElaborationError(OperatorOfTensors(node.operator).at(node.span))
    for value, side in ((left, node.left), (right, node.right)):
        if not isinstance(value, Tensor) and not scalars.is_number(value):
            raise ElaborationError(TensorWithOther(kind(value)).at(side.span))
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        shape = _broadcast(left.shape, right.shape)
        if shape is None:
            raise _mismatch(left.shape, right.shape, node)
    else:
        shape = left.shape if isinstance(left, Tensor) else right.shape  # type: ignore[union-attr]
    return _combined(word, [left, right], node, scope, shape, (node.left, node.right))


def extreme(name: str, node: tree.Call, values: list[Value], scope: Scope) -> Tensor:
    """`max(a, b, ...)` or `min(a, b, ...)`, at least one of them a tensor: the larger or smaller of each element."""
    for value, argument in zip(values, node.arguments, strict=True):
        if not isinstance(value, Tensor) and not scalars.is_number(value):
            raise ElaborationError(TensorWithOther(kind(value)).at(argument.value.span))
    if len(values) == 1:
        raise ElaborationError(ExtremeOfOne(name).at(node.span))
    # Numbers come last: they are compared with a tensor.
    written = [argument.value for argument in node.arguments]
    ordered = sorted(zip(values, written, strict=True), key=lambda each: not isinstance(each[0], Tensor))
    (found, first), *others = ordered
    for value, expression in others:
        assert isinstance(found, Tensor)
        shape = _broadcast(found.shape, value.shape) if isinstance(value, Tensor) else found.shape
        if shape is None:
            problem = ExtremeMismatch(name, str(found.shape), str(value.shape))  # type: ignore[union-attr]
            raise ElaborationError(problem.at(expression.span))
        found = _combined(EXTREMES[name], [found, value], node, scope, shape, (first, expression))
    assert isinstance(found, Tensor)
    return found


def negated(node: tree.Unary, value: Tensor, scope: Scope) -> Tensor:
    return _combined("negate", [value], node, scope, value.shape)


def concatenated(node: tree.Call, values: list[tuple[Value, Span]], scope: Scope) -> Tensor:
    """`concat(a, b, ...)`: tensors of one size, their channels one after the other."""
    tensors: list[Tensor] = []
    for value, span in values:
        if not isinstance(value, Tensor):
            raise ElaborationError(ConcatOfOther(kind(value)).at(span))
        if tensors and value.shape[1:] != tensors[0].shape[1:]:
            first = tensors[0].shape
            label = f"this is {value.shape}, and the first is {first}"
            raise ElaborationError(ConcatSizes(_size(first), _size(value.shape)).at(span, label))
        tensors.append(value)
    channels = sum(tensor.shape.channels for tensor in tensors)
    shape = within_bounds(Shape(channels, *tensors[0].shape[1:]), node.span)
    return _combined("concat", list(tensors), node, scope, shape)


def _broadcast(left: Shape, right: Shape) -> Shape | None:
    """The shape of both sides, where a side that is 1 stretches; None where they do not fit."""
    fits = all(one == other or 1 in (one, other) for one, other in zip(left, right, strict=True))
    return Shape(*map(max, left, right)) if fits else None


def _mismatch(left: Shape, right: Shape, node: tree.Binary) -> ElaborationError:
    """Two sides that do not fit."""
    if left.channels != right.channels and 1 not in (left.channels, right.channels):
        problem: Problem = ChannelsDiffer(node.operator, left.channels, right.channels)
    else:
        problem = SizesDiffer(node.operator, _size(left), _size(right))
    sides = [
        f"`{shown(side)}`" if len(shown(side)) <= _SHORT else name
        for name, side in (("the left side", node.left), ("the right side", node.right))
    ]
    return ElaborationError(problem.at(node.span, f"{sides[0]} is {left}, {sides[1]} is {right}"))


def _size(shape: Shape) -> str:
    return f"{shape.height} x {shape.width}"


def _combined(
    word: str,
    operands: list[Value],
    node: tree.Expression,
    scope: Scope,
    shape: Shape,
    texts: tuple[tree.Expression, ...] = (),
) -> Tensor:
    """Operands combined; `texts` are their expressions, where numbers can be among them."""
    parts: list[Any] = []
    facts: tuple[tuple[str, float], ...] = ()
    channels_from = None
    for index, operand in enumerate(operands):
        if isinstance(operand, Tensor):
            parts.append(operand.expression)
            facts = facts or operand.facts
            if operand.shape.channels == shape.channels:
                channels_from = channels_from or operand.channels_from
        else:
            assert isinstance(operand, int | float)
            text = formula(texts[index]) if texts else None
            parts.append(Number.made(node="number", value=float(operand), formula=text))
    name = scope.steps.get(node) or word
    expression = Combine.made(
        node="combine",
        operator=word,
        operands=tuple(parts),
        name=name,
        output=shape,
    )
    return Tensor(shape, expression, facts, channels_from)
