"""Tensors combined: elementwise and along channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archdsl.diagnostics import Span
from archdsl.diagnostics.codes import CHANNEL_MISMATCH, TOO_LARGE, WRONG_KIND
from archdsl.elaborate.evaluate import scalars
from archdsl.elaborate.evaluate.describe import kind
from archdsl.elaborate.evaluate.values import Scope, Tensor, Value
from archdsl.elaborate.problems import stop
from archdsl.elaborate.resolve.formulas import formula
from archdsl.elaborate.resolve.written import shown
from archdsl.ir.base import Shape
from archdsl.ir.body import Combine, Number
from archdsl.language import tree
from archdsl.limits import limits, raising

_SHORT = 30

_ELEMENTWISE = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}


def within_bounds(shape: Shape, span: Span) -> Shape:
    """The shape, unless it is one that no machine could hold."""
    bounds, channels, side = limits(), shape.channels, max(shape.height, shape.width)
    if channels > bounds.channels:
        message = f"{channels:,} channels are more than the bound of {bounds.channels:,}"
        raise stop(TOO_LARGE, message, span, help=raising("channels", channels))
    if side > bounds.side:
        message = f"a size of {shape.height:,} x {shape.width:,} is more than the bound of {bounds.side:,} a side"
        raise stop(TOO_LARGE, message, span, help=raising("side", side))
    return shape


def check_facts(facts: Mapping[str, float], span: Span) -> None:
    """Refuses more facts of a tensor than anyone would keep apart: they travel with it."""
    if len(facts) > limits().facts:
        message = f"{len(facts):,} facts of a tensor are more than the bound of {limits().facts:,}"
        raise stop(TOO_LARGE, message, span, help=raising("facts", len(facts)))


def elementwise(node: tree.Binary, left: Value, right: Value, scope: Scope) -> Tensor:
    """`left + right` and the like, at least one of them a tensor."""
    word = _ELEMENTWISE.get(node.operator)
    if word is None:
        raise stop(
            WRONG_KIND,
            f"`{node.operator}` does not work on tensors",
            node.span,
            help="tensors combine with `+`, `-`, `*`, `/` and `concat(...)`; numbers come from facts, `x.channels`",
        )
    for value, side in ((left, node.left), (right, node.right)):
        if not isinstance(value, Tensor) and not scalars.is_number(value):
            raise stop(WRONG_KIND, f"a tensor combines with a tensor or a number, not {kind(value)}", side.span)
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        shape = _broadcast(left.shape, right.shape, node)
    else:
        shape = left.shape if isinstance(left, Tensor) else right.shape  # type: ignore[union-attr]
    return _combined(word, [left, right], node, scope, shape)


def negated(node: tree.Unary, value: Tensor, scope: Scope) -> Tensor:
    return _combined("negate", [value], node, scope, value.shape)


def concatenated(node: tree.Call, values: list[tuple[Value, Span]], scope: Scope) -> Tensor:
    """`concat(a, b, ...)`: tensors of one size, their channels one after the other."""
    tensors: list[Tensor] = []
    for value, span in values:
        if not isinstance(value, Tensor):
            raise stop(WRONG_KIND, f"`concat` joins tensors, not {kind(value)}", span)
        if tensors and value.shape[1:] != tensors[0].shape[1:]:
            first = tensors[0].shape
            raise stop(
                CHANNEL_MISMATCH,
                f"`concat` needs tensors of one size: {first.height} x {first.width} before, "
                f"{value.shape.height} x {value.shape.width} here",
                span,
                f"this is {value.shape}, and the first is {first}",
                help="give the branches the same stride and padding, or use `resize(like = ...)`",
            )
        tensors.append(value)
    channels = sum(tensor.shape.channels for tensor in tensors)
    shape = within_bounds(Shape(channels, *tensors[0].shape[1:]), node.span)
    return _combined("concat", list(tensors), node, scope, shape)


def _broadcast(left: Shape, right: Shape, node: tree.Binary) -> Shape:
    """The shape of both sides, where a side that is 1 stretches."""
    if left.channels != right.channels and 1 not in (left.channels, right.channels):
        what = f"channels do not match: {left.channels} on the left of `{node.operator}`, {right.channels} on the right"
        way = f"bring one side to the other's channels, for example with `-> conv({right.channels})` on the left"
    elif any(one != other and 1 not in (one, other) for one, other in zip(left[1:], right[1:], strict=True)):
        what = (
            f"sizes do not match: {left.height} x {left.width} on the left of `{node.operator}`, "
            f"{right.height} x {right.width} on the right"
        )
        way = "give both sides the same stride and padding, or use `resize(like = ...)`"
    else:
        return Shape(*map(max, left, right))
    sides = [
        f"`{shown(side)}`" if len(shown(side)) <= _SHORT else name
        for name, side in (("the left side", node.left), ("the right side", node.right))
    ]
    label = f"{sides[0]} is {left}, {sides[1]} is {right}"
    raise stop(CHANNEL_MISMATCH, what, node.span, label, help=way)


def _combined(word: str, operands: list[Value], node: tree.Expression, scope: Scope, shape: Shape) -> Tensor:
    parts: list[Any] = []
    facts: tuple[tuple[str, float], ...] = ()
    channels_from = None
    texts = (node.left, node.right) if isinstance(node, tree.Binary) else ()
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
