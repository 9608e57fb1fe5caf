"""Operators: one table of precedences, by which expressions are nested and printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lark.lexer import Token

from archdsl.diagnostics import Span
from archdsl.language import tree

# Loosest first; a pipeline or loop (0) and a conditional (1) are looser than any operator.
PIPELINE: Final = 0
CONDITIONAL: Final = 1
OR: Final = 2
AND: Final = 3
NOT: Final = 4
COMPARISON: Final = 5
TOLERANCE: Final = 6
SHAPE: Final = 7
SUM: Final = 8
PRODUCT: Final = 9
SIGN: Final = 10
POWER: Final = 11
POSTFIX: Final = 12

BINARY: Final = {
    "or": OR,
    "and": AND,
    **dict.fromkeys(("==", "!=", "<=", ">=", "<", ">"), COMPARISON),
    "+-": TOLERANCE,
    "x": SHAPE,
    **dict.fromkeys(("+", "-"), SUM),
    **dict.fromkeys(("*", "/", "//", "%"), PRODUCT),
    "**": POWER,
}
UNARY: Final = {"not": NOT, "-": SIGN}


Parts = Sequence[tree.Expression | str]


def is_chain(parts: Parts) -> bool:
    """Whether two comparisons follow one another, as in `a < b < c`, without `and` or `or` between them."""
    inside = False
    for part in parts:
        if isinstance(part, str) and (binds := BINARY.get(part, 0)):
            if binds == COMPARISON and inside:
                return True
            inside = binds == COMPARISON or (inside and binds > COMPARISON)
    return False


def nest(parts: Parts, offset: int = 0) -> tree.Expression:
    """The expression that a flat list of operands and operators means (precedence climbing).

    Operators are tokens, whose places count from `offset`.
    """
    expression, _ = _operand(parts, 0, OR, offset)
    return expression


def _operand(parts: Parts, at: int, loosest: int, offset: int) -> tuple[tree.Expression, int]:
    first = parts[at]
    left: tree.Expression
    if isinstance(first, str):
        # A prefix operator; its place begins where the operator stands, which `first` knows (a token).
        operand, at = _operand(parts, at + 1, UNARY[first], offset)
        span = operand.span
        start = offset + (first.start_pos or 0) if isinstance(first, Token) else span.start
        left = tree.Unary(Span(span.source, start, span.end), str(first), operand)
    else:
        left, at = first, at + 1
    while at < len(parts):
        operator = str(parts[at])
        precedence = BINARY[operator]
        if precedence < loosest:
            break
        # `**` groups to the right and its exponent may carry a sign; the others group to the left.
        right, at = _operand(parts, at + 1, POWER if operator == "**" else precedence + 1, offset)
        span = left.span.to(right.span)
        if operator == "x":
            sizes = left.sizes if isinstance(left, tree.ShapeOf) else (left,)
            left = tree.ShapeOf(span, (*sizes, right))
        else:
            left = tree.Binary(span, operator, left, right)
    return left, at


def precedence(expression: tree.Expression) -> int:
    """How tightly the outermost construct of an expression binds."""
    match expression:
        case tree.Pipeline() | tree.Each():
            return PIPELINE
        case tree.Conditional():
            return CONDITIONAL
        case tree.Binary(operator=operator):
            return BINARY[operator]
        case tree.ShapeOf():
            return SHAPE
        case tree.Unary(operator=operator):
            return UNARY[operator]
        case _:
            return POSTFIX
