"""Operators: one table of precedences, by which expressions are nested and printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from archdsl.language import tree

# Loosest first; a pipeline (0) and a conditional (1) are looser than any operator.
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


def nest(parts: Sequence[tree.Expression | str]) -> tree.Expression:
    """The expression that a flat list of operands and operators means (precedence climbing)."""
    expression, _ = _operand(parts, 0, OR)
    return expression


def _operand(parts: Sequence[tree.Expression | str], at: int, loosest: int) -> tuple[tree.Expression, int]:
    first = parts[at]
    left: tree.Expression
    if isinstance(first, str):
        # A prefix operator; its place begins where the operator stands, which `first` knows (a token).
        operand, at = _operand(parts, at + 1, UNARY[first])
        start: int = getattr(first, "start_pos", operand.span.start)
        left = tree.Unary(type(operand.span)(operand.span.source, start, operand.span.end), str(first), operand)
    else:
        left, at = first, at + 1
    while at < len(parts):
        operator = str(parts[at])
        precedence = BINARY[operator]
        if precedence < loosest:
            break
        # `**` groups to the right and its exponent may carry a sign; the others group to the left.
        right, at = _operand(parts, at + 1, POWER if operator == "**" else precedence + 1)
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
        case tree.Pipeline():
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
