"""Expressions as Python source, on one line, as formatters write them.

`ast.unparse` does nearly that, but differs from one version of Python to the next; emitted files must not.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

# How tightly things bind.
_LOOSEST, _CONDITIONAL, _OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGN, _POWER, _TIGHTEST = range(11)

_BINARY: dict[type, tuple[str, int]] = {
    ast.Add: ("+", _SUM),
    ast.Sub: ("-", _SUM),
    ast.Mult: ("*", _PRODUCT),
    ast.Div: ("/", _PRODUCT),
    ast.FloorDiv: ("//", _PRODUCT),
    ast.Mod: ("%", _PRODUCT),
}
_COMPARISONS: dict[type, str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
}


def spelled(node: ast.AST, loosest: int = _LOOSEST) -> str:
    """The source of an expression; in parentheses where it binds more loosely than `loosest`."""
    text, binds = _RULES[type(node)](node)
    return f"({text})" if binds < loosest else text


def precedence(node: ast.AST) -> int:
    """How tightly an expression binds."""
    return _RULES[type(node)](node)[1]


def text_literal(text: str) -> str:
    """A string as Python source: backslashes and whatever is not printable as escapes."""
    return '"' + visible(text).replace('"', '\\"') + '"'


def visible(text: str) -> str:
    """Text for the inside of a string: what is not printable (bidirectional controls, for one) as escapes."""
    shown = text.replace("\\", "\\\\")
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in shown)


Spelled = tuple[str, int]


def _constant(node: ast.Constant) -> Spelled:
    text = text_literal(node.value) if isinstance(node.value, str) else repr(node.value)
    return text, _SIGN if text.startswith("-") else _TIGHTEST


def _binary(node: ast.BinOp) -> Spelled:
    if isinstance(node.op, ast.Pow):
        left, right = spelled(node.left, _TIGHTEST), spelled(node.right, _SIGN)
        space = "" if _is_simple(node.left) and _is_simple(node.right) else " "
        return f"{left}{space}**{space}{right}", _POWER
    symbol, binds = _BINARY[type(node.op)]
    return f"{spelled(node.left, binds)} {symbol} {spelled(node.right, binds + 1)}", binds


def _is_simple(node: ast.expr) -> bool:
    """Whether a power hugs the operand: a name, a number, an attribute."""
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _is_simple(operand)
        case ast.Attribute(value=value):
            return _is_simple(value) and not isinstance(value, ast.Constant)
        case _:
            return isinstance(node, ast.Name | ast.Constant)


def _unary(node: ast.UnaryOp) -> Spelled:
    if isinstance(node.op, ast.Not):
        return f"not {spelled(node.operand, _NOT)}", _NOT
    return f"-{spelled(node.operand, _SIGN)}", _SIGN


def _boolean(node: ast.BoolOp) -> Spelled:
    word, binds = ("and", _AND) if isinstance(node.op, ast.And) else ("or", _OR)
    return f" {word} ".join(spelled(value, binds + 1) for value in node.values), binds


def _comparison(node: ast.Compare) -> Spelled:
    parts = [spelled(node.left, _SUM)]
    for operator, right in zip(node.ops, node.comparators, strict=True):
        parts.append(f"{_COMPARISONS[type(operator)]} {spelled(right, _SUM)}")
    return " ".join(parts), _COMPARISON


def _conditional(node: ast.IfExp) -> Spelled:
    test, chosen = spelled(node.test, _OR), spelled(node.body, _OR)
    return f"{chosen} if {test} else {spelled(node.orelse, _CONDITIONAL)}", _CONDITIONAL


def _call(node: ast.Call) -> Spelled:
    inside = (f"{name}{spelled(value, _OR if name == '**' else _LOOSEST)}" for name, value in arguments(node))
    return f"{spelled(node.func, _TIGHTEST)}({', '.join(inside)})", _TIGHTEST


def arguments(node: ast.Call) -> list[tuple[str, ast.expr]]:
    """The arguments of a call, each with what stands before it: nothing, `name=` or `**`."""
    named = [(f"{keyword.arg}=" if keyword.arg else "**", keyword.value) for keyword in node.keywords]
    return [*(("", argument) for argument in node.args), *named]


def _tuple(node: ast.Tuple) -> Spelled:
    inside = ", ".join(spelled(element) for element in node.elts)
    return f"({inside},)" if len(node.elts) == 1 else f"({inside})", _TIGHTEST


def _generator(node: ast.GeneratorExp) -> Spelled:
    (loop,) = node.generators
    return f"({spelled(node.elt)} for {spelled(loop.target)} in {spelled(loop.iter, _OR)})", _TIGHTEST


def _dict(node: ast.Dict) -> Spelled:
    pairs = zip(node.keys, node.values, strict=True)
    inside = (f"{spelled(key)}: {spelled(value)}" if key else f"**{spelled(value, _OR)}" for key, value in pairs)
    return f"{{{', '.join(inside)}}}", _TIGHTEST


def _lambda(node: ast.Lambda) -> Spelled:
    parameters = ", ".join(argument.arg for argument in node.args.args)
    return f"lambda{' ' if parameters else ''}{parameters}: {spelled(node.body)}", _LOOSEST


def _subscript(node: ast.Subscript) -> Spelled:
    return f"{spelled(node.value, _TIGHTEST)}[{spelled(node.slice)}]", _TIGHTEST


def _slice(node: ast.Slice) -> Spelled:
    return f"{spelled(node.lower) if node.lower else ''}:{spelled(node.upper) if node.upper else ''}", _LOOSEST


_RULES: Mapping[type, Callable[[Any], Spelled]] = {
    ast.Name: lambda node: (node.id, _TIGHTEST),
    ast.Attribute: lambda node: (f"{spelled(node.value, _TIGHTEST)}.{node.attr}", _TIGHTEST),
    ast.Starred: lambda node: (f"*{spelled(node.value, _OR)}", _LOOSEST),
    ast.Constant: _constant,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _comparison,
    ast.IfExp: _conditional,
    ast.Call: _call,
    ast.Tuple: _tuple,
    ast.GeneratorExp: _generator,
    ast.Lambda: _lambda,
    ast.Dict: _dict,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
}
