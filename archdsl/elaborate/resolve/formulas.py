"""Scalar expressions of the language as formulas: the Python text that computes the same value (see ir/formula.py)."""

from __future__ import annotations

from archdsl.elaborate.resolve.functions import OF_NUMBERS
from archdsl.ir.formula import identifier, names
from archdsl.language import tree
from archdsl.language.operators import BINARY, CONDITIONAL, POSTFIX, UNARY

_CACHE: dict[int, tuple[tree.Expression, str | None]] = {}


def formula(expression: tree.Expression) -> str | None:
    """The formula of a scalar expression; None when it is more than arithmetic over the block's own scalars."""
    known = _CACHE.get(id(expression))
    if known is not None and known[0] is expression:
        return known[1]
    text = _text(expression, 0)
    if len(_CACHE) > 100_000:
        _CACHE.clear()
    _CACHE[id(expression)] = (expression, text)
    return text


def of_default(parameter: tree.Parameter) -> dict[str, str]:
    """How a parameter that is not given follows from the input and the other parameters, if it does."""
    text = formula(parameter.default) if parameter.default is not None else None
    return {identifier(parameter.name.text): text} if text is not None and names(text) else {}


def _text(node: tree.Expression, loosest: int) -> str | None:
    made = _form(node)
    if made is None:
        return None
    text, precedence = made
    return f"({text})" if precedence < loosest else text


def _form(node: tree.Expression) -> tuple[str, int] | None:
    match node:
        case tree.Literal(value=value):
            return repr(value), POSTFIX
        case tree.Name(text=name):
            return identifier(name), POSTFIX
        case tree.Fact(owner=tree.Name(text="in"), name=name):
            return f"in_{name.text}", POSTFIX
        case tree.Unary(operator=operator, operand=operand):
            inner = _text(operand, UNARY[operator])
            return (f"{operator} {inner}" if operator == "not" else f"-{inner}", UNARY[operator]) if inner else None
        case tree.Binary(operator=operator, left=left, right=right) if operator != "+-":
            precedence = BINARY[operator]
            right_side = operator == "**"
            first = _text(left, precedence + 1 if right_side else precedence)
            second = _text(right, precedence if right_side else precedence + 1)
            return (f"{first} {operator} {second}", precedence) if first and second else None
        case tree.Conditional(condition=condition, chosen=chosen, otherwise=otherwise):
            parts = [_text(part, CONDITIONAL + 1) for part in (condition, chosen, otherwise)]
            return (f"{parts[1]} if {parts[0]} else {parts[2]}", CONDITIONAL) if all(parts) else None
        case tree.Call(function=tree.Name(text=name), arguments=arguments) if name in OF_NUMBERS:
            texts = []
            for argument in arguments:
                inner = _text(argument.value, 0)
                if inner is None:
                    return None
                texts.append(f"{argument.name.text}={inner}" if argument.name else inner)
            return f"{name}({', '.join(texts)})", POSTFIX
        case tree.ShapeOf(sizes=sizes) if len(sizes) == 2:
            sides = [_text(size, 0) for size in sizes]
            return (f"({sides[0]}, {sides[1]})", POSTFIX) if all(sides) else None
        case _:
            return None
