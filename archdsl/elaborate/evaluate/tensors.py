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
    NoValue,
    OperatorOfTensors,
    SizesDiffer,
    SumOfOne,
    SumOfOther,
    TensorWithOther,
    TooLargeSize,
    TooManyChannels,
    TooManyFacts,
)
from archdsl.elaborate.evaluate.values import List, Scope, Tensor, Value
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.formulas import formula
from archdsl.elaborate.resolve.written import shown
from archdsl.ir.base import Shape
from archdsl.ir.body import Bound, Combine, Number
from archdsl.language import tree
from archdsl.limits import limits

_SHORT = 30
# What to do with a list where a tensor is needed.
_APART = "take the list apart, `x, y = list`, choose one of its tensors, `list[0]`, or add them up: `sum(list)`"

# Functions of numbers that are functions of tensors, too.
EXTREMES = {"max": "maximum", "min": "minimum"}
_ELEMENTWISE = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}


def within_bounds(shape: Shape, span: Span) -> Shape:
    """The shape, unless it is one that no machine could hold."""
    bounds, channels, side = limits(), shape.channels, max(shape.height, shape.width)
    if channels > bounds.channels:
        raise ElaborationError(TooManyChannels(channels).at(span))
    if side > bounds.side:
        size = " x ".join(f"{length:,}" for length in shape.each(shape.height, shape.width))
        raise ElaborationError(TooLargeSize(size, side).at(span))
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
            help = _APART if isinstance(value, List) else None
            raise ElaborationError(TensorWithOther(kind(value)).at(side.span, help=help))
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        shape = _broadcast(left.shape, right.shape)
        if shape is None:
            raise _mismatch(left.shape, right.shape, node)
    else:
        shape = left.shape if isinstance(left, Tensor) else right.shape  # type: ignore[union-attr]
    return _combined(word, [left, right], node, scope, shape, (node.left, node.right))


def extreme(name: str, node: tree.Call, values: list[tuple[Value, tree.Expression]], scope: Scope) -> Tensor:
    """`max(a, b, ...)` or `min(a, b, ...)`, at least one of them a tensor: the larger or smaller of each element.

    `values` have the expressions that they are of; those of a list have that of the list.
    """
    for value, written in values:
        if not isinstance(value, Tensor) and not scalars.is_number(value):
            raise ElaborationError(TensorWithOther(kind(value)).at(written.span))
    if len(values) == 1:
        raise ElaborationError(ExtremeOfOne(name).at(node.span))
    # Numbers come last: they are compared with a tensor.
    ordered = sorted(values, key=lambda each: not isinstance(each[0], Tensor))
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


def joined(node: tree.Call, word: str, values: list[tuple[Value, Span]], scope: Scope) -> Tensor:
    """`concat(a, b, ...)`: tensors of one size, their channels one after the other; `sum(a, b, ...)`: one added to the
    other. Operands may be lists."""
    tensors = [
        (item, span) for value, span in values for item in (value.items if isinstance(value, List) else (value,))
    ]
    if not tensors:
        raise ElaborationError(NoValue(word).at(node.span))
    for value, span in tensors:
        if not isinstance(value, Tensor):
            raise ElaborationError((ConcatOfOther if word == "concat" else SumOfOther)(kind(value)).at(span))
    if word == "sum" and len(values) == 1 and isinstance(values[0][0], Tensor):
        raise ElaborationError(SumOfOne().at(node.span))
    shapes = [(value.shape, span) for value, span in tensors if isinstance(value, Tensor)]
    shape = (_concatenated if word == "concat" else _added)(shapes)
    return _combined(word, [value for value, _ in values], node, scope, within_bounds(shape, node.span))


def _concatenated(shapes: list[tuple[Shape, Span]]) -> Shape:
    first, _ = shapes[0]
    for shape, span in shapes:
        if shape[1:] != first[1:]:
            label = f"this is {shape}, and the first is {first}"
            raise ElaborationError(ConcatSizes(first.positions, shape.positions).at(span, label))
    return first._replace(channels=sum(shape.channels for shape, _ in shapes))


def _added(shapes: list[tuple[Shape, Span]]) -> Shape:
    total, _ = shapes[0]
    for shape, span in shapes:
        problem = _differ("+", total, shape)
        if problem is not None:
            raise ElaborationError(problem.at(span, f"this is {shape}, and those before are {total}"))
        total = total.stretched(shape)
    return total


def _differ(operator: str, left: Shape, right: Shape) -> Problem | None:
    """Why tensors of two shapes cannot be combined elementwise, where they cannot."""
    if left.channels != right.channels and 1 not in (left.channels, right.channels):
        return ChannelsDiffer(operator, left.channels, right.channels)
    if any(one != other and 1 not in (one, other) for one, other in zip(left[1:], right[1:], strict=True)):
        return SizesDiffer(operator, left.positions, right.positions)
    return None


def _broadcast(left: Shape, right: Shape) -> Shape | None:
    """The shape of both sides, where a side that is 1 stretches; None where they do not fit."""
    fits = all(one == other or 1 in (one, other) for one, other in zip(left, right, strict=True))
    return left.stretched(right) if fits else None


def _mismatch(left: Shape, right: Shape, node: tree.Binary) -> ElaborationError:
    """Two sides that do not fit."""
    problem = _differ(node.operator, left, right)
    assert problem is not None
    sides = [
        f"`{shown(side)}`" if len(shown(side)) <= _SHORT else name
        for name, side in (("the left side", node.left), ("the right side", node.right))
    ]
    return ElaborationError(problem.at(node.span, f"{sides[0]} is {left}, {sides[1]} is {right}"))


def _operands(made: List) -> list[Any]:
    """A list as an operand: itself, or the name that it is bound to, whole or so far; none if it is empty."""
    if made.name:
        return [Bound.made(node="bound", name=made.name)]
    return [made.expression] if made.items else []


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
        if isinstance(operand, List):
            parts += _operands(operand)
            facts = facts or next((item.facts for item in operand.items if isinstance(item, Tensor)), ())
        elif isinstance(operand, Tensor):
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
