"""Expressions as Python source, on one line, as formatters write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archdsl.backends.pytorch.nodes import Copies, Derived, Generated, Item, Lambda, Listed, Slice, Starred
from archdsl.ir.formula import (
    Call,
    Comparison,
    Conditional,
    Constant,
    Expression,
    Logical,
    Name,
    Operation,
    Tuple,
    Unary,
    constant,
)

# How tightly things bind.
_LOOSEST, _CONDITIONAL, _OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGN, _POWER, _TIGHTEST = range(11)
_BINARY = {**dict.fromkeys("+-", _SUM), **dict.fromkeys(("*", "/", "//", "%"), _PRODUCT)}


def spelled(node: Expression, loosest: int = _LOOSEST) -> str:
    """The source of an expression; in parentheses where it binds more loosely than `loosest`."""
    text, binds = _RULES[type(node)](node)
    return f"({text})" if binds < loosest else text


def precedence(node: Expression) -> int:
    """How tightly an expression binds."""
    return _RULES[type(node)](node)[1]


def text_literal(text: str) -> str:
    """A string as Python source: quotes, backslashes, line ends and whatever is not printable as escapes."""
    return '"' + visible(text).replace('"', '\\"').replace("\n", "\\n") + '"'


def visible(text: str) -> str:
    """Text for the inside of a string: what is not printable (bidirectional controls, for one) as escapes."""
    shown = text.replace("\\", "\\\\")
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in shown)


Spelled = tuple[str, int]


def _constant(node: Constant) -> Spelled:
    text = text_literal(node.value) if isinstance(node.value, str) else repr(node.value)
    return text, _SIGN if text.startswith("-") else _TIGHTEST


def _operation(node: Operation) -> Spelled:
    if node.operator == "**":
        left, right = spelled(node.left, _TIGHTEST), spelled(node.right, _SIGN)
        space = "" if _is_simple(node.left) and _is_simple(node.right) else " "
        return f"{left}{space}**{space}{right}", _POWER
    binds = _BINARY[node.operator]
    return f"{spelled(node.left, binds)} {node.operator} {spelled(node.right, binds + 1)}", binds


def _is_simple(node: Expression) -> bool:
    """Whether a power hugs the operand: a name, a number, an attribute."""
    if isinstance(node, Unary) and node.operator == "-":
        return _is_simple(node.operand)
    return isinstance(node, Name | Constant)


def _unary(node: Unary) -> Spelled:
    if node.operator == "not":
        return f"not {spelled(node.operand, _NOT)}", _NOT
    return f"-{spelled(node.operand, _SIGN)}", _SIGN


def _logical(node: Logical) -> Spelled:
    binds = _AND if node.operator == "and" else _OR
    return f" {node.operator} ".join(spelled(operand, binds + 1) for operand in node.operands), binds


def _comparison(node: Comparison) -> Spelled:
    return f"{spelled(node.left, _SUM)} {node.operator} {spelled(node.right, _SUM)}", _COMPARISON


def _conditional(node: Conditional) -> Spelled:
    test, chosen = spelled(node.test, _OR), spelled(node.chosen, _OR)
    return f"{chosen} if {test} else {spelled(node.otherwise, _CONDITIONAL)}", _CONDITIONAL


def _call(node: Call) -> Spelled:
    inside = (f"{name}{spelled(value, _OR if name == '**' else _LOOSEST)}" for name, value in arguments(node))
    return f"{node.function}({', '.join(inside)})", _TIGHTEST


def arguments(node: Call) -> list[tuple[str, Expression]]:
    """The arguments of a call, each with what stands before it: nothing, `name=` or `**`."""
    named = [(name if name == "**" else f"{name}=", value) for name, value in node.named]
    return [*(("", argument) for argument in node.arguments), *named]


def _tuple(node: Tuple) -> Spelled:
    inside = ", ".join(spelled(element) for element in node.elements)
    return f"({inside},)" if len(node.elements) == 1 else f"({inside})", _TIGHTEST


def _copies(node: Copies) -> Spelled:
    return f"*({spelled(node.element)} for {node.variable} in {spelled(node.over, _OR)})", _LOOSEST


def _lambda(node: Lambda) -> Spelled:
    parameters = ", ".join(node.parameters)
    return f"lambda{' ' if parameters else ''}{parameters}: {spelled(node.body)}", _LOOSEST


def _item(node: Item) -> Spelled:
    return f"{spelled(node.value, _TIGHTEST)}[{spelled(node.index)}]", _TIGHTEST


def _slice(node: Slice) -> Spelled:
    last = "" if node.last == constant(None) else spelled(node.last)
    return f"{spelled(node.value, _TIGHTEST)}[{spelled(node.first)}:{last}]", _TIGHTEST


def _generated(node: Generated) -> Spelled:
    return f"{spelled(node.element)} for {node.variables} in {spelled(node.over, _OR)}", _LOOSEST


def _listed(node: Listed) -> Spelled:
    return f"[{', '.join(map(spelled, node.elements))}]", _TIGHTEST


_RULES: Mapping[type, Callable[[Any], Spelled]] = {
    Name: lambda node: (node.name, _TIGHTEST),
    Derived: lambda node: _RULES[type(node.value)](node.value),
    Constant: _constant,
    Operation: _operation,
    Unary: _unary,
    Logical: _logical,
    Comparison: _comparison,
    Conditional: _conditional,
    Call: _call,
    Tuple: _tuple,
    Copies: _copies,
    Lambda: _lambda,
    Item: _item,
    Slice: _slice,
    Generated: _generated,
    Starred: lambda node: (f"*{spelled(node.value, _TIGHTEST)}", _LOOSEST),
    Listed: _listed,
}
