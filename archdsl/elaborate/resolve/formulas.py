"""Scalar expressions of the language as formulas (see ir/formula.py)."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.ir.formula import (
    Call,
    Comparison,
    Conditional,
    Expression,
    Logical,
    Name,
    Operation,
    Tuple,
    Unary,
    constant,
    names,
    notation,
)
from archdsl.ir.functions import OF_NUMBERS
from archdsl.ir.names import identifier
from archdsl.language import tree
from archdsl.language.operators import BINARY, COMPARISON

_CACHE: dict[int, tuple[tree.Expression, Expression | None, str | None]] = {}


def formula(expression: tree.Expression) -> str | None:
    """The formula of a scalar expression; None when it is more than arithmetic over the block's own scalars."""
    return _known(expression)[2]


def of_default(parameter: tree.Parameter) -> dict[str, str]:
    """How a parameter that is not given follows from the input and the other parameters, if it does."""
    if parameter.default is None:
        return {}
    _, node, text = _known(parameter.default)
    return {identifier(parameter.name.text): text} if node is not None and text is not None and names(node) else {}


def _known(expression: tree.Expression) -> tuple[tree.Expression, Expression | None, str | None]:
    known = _CACHE.get(id(expression))
    if known is None or known[0] is not expression:
        if len(_CACHE) > 100_000:
            _CACHE.clear()
        node = _node(expression)
        known = _CACHE[id(expression)] = expression, node, notation(node) if node is not None else None
    return known


def _node(expression: tree.Expression) -> Expression | None:
    match expression:
        case tree.Literal(value=value):
            return constant(value)
        case tree.Name(text=name):
            return Name(identifier(name))
        case tree.Fact(owner=tree.Name(text="in"), name=name):
            return Name(f"in_{name.text}")
        case tree.Unary(operator=operator, operand=operand):
            inner = _node(operand)
            return inner and Unary(operator, inner)
        case tree.Binary(operator=operator, left=left, right=right) if operator != "+-":
            first = _node(left)
            second = _node(right) if first is not None else None
            return _binary(operator, first, second) if first is not None and second is not None else None
        case tree.Conditional(condition=condition, chosen=chosen, otherwise=otherwise):
            parts = _nodes((condition, chosen, otherwise))
            return Conditional(*parts) if parts is not None else None
        case tree.Call(function=tree.Name(text=name), arguments=arguments) if name in OF_NUMBERS:
            values = _nodes([argument.value for argument in arguments])
            if values is None:
                return None
            labels = [argument.name.text if argument.name else "" for argument in arguments]
            given = list(zip(labels, values, strict=True))
            return Call(name, tuple(v for label, v in given if not label), tuple(one for one in given if one[0]))
        case tree.Element(owner=tree.Name() as owner, index=index):
            number = _node(index)
            return Call("item", (Name(identifier(owner.text)), number)) if number is not None else None
        case tree.Call(
            function=tree.Name(text="length" | "sum" as name), arguments=(tree.Argument(value=tree.Name() as owner),)
        ):
            return Call(name, (Name(identifier(owner.text)),))
        case tree.ShapeOf(sizes=sizes) if len(sizes) == 2:
            sides = _nodes(sizes)
            return Tuple(sides) if sides is not None else None
        case _:
            return None


def _nodes(expressions: Sequence[tree.Expression]) -> tuple[Expression, ...] | None:
    """The formulas of expressions; None when one of them has none."""
    found = []
    for expression in expressions:
        node = _node(expression)
        if node is None:
            return None
        found.append(node)
    return tuple(found)


def _binary(operator: str, left: Expression, right: Expression) -> Expression:
    if operator in ("and", "or"):
        # `a and b and c` is one operation of three.
        before = left.operands if isinstance(left, Logical) and left.operator == operator else (left,)
        return Logical(operator, (*before, right))
    return (Comparison if BINARY[operator] == COMPARISON else Operation)(operator, left, right)
