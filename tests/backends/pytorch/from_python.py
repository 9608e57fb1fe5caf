"""Python's own syntax trees as the nodes that are emitted: the other way round, to compare them."""

from __future__ import annotations

import ast

from archdsl.backends.pytorch.nodes import Copies
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
)

_SYMBOLS = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.And: "and",
    ast.Or: "or",
    ast.Not: "not",
    ast.USub: "-",
}


def from_python(text: str) -> Expression:
    """The nodes of a Python expression."""
    return _node(ast.parse(text, mode="eval").body)


def _node(node: ast.expr) -> Expression:
    match node:
        case ast.Name() | ast.Attribute():
            return Name(ast.unparse(node))
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return constant(value)
        case ast.BinOp(left=left, op=operator, right=right):
            return Operation(_SYMBOLS[type(operator)], _node(left), _node(right))
        case ast.Compare(left=left, ops=[comparison], comparators=[right]):
            return Comparison(_SYMBOLS[type(comparison)], _node(left), _node(right))
        case ast.BoolOp(op=word, values=values):
            return Logical(_SYMBOLS[type(word)], tuple(map(_node, values)))
        case ast.UnaryOp(op=sign, operand=operand):
            return Unary(_SYMBOLS[type(sign)], _node(operand))
        case ast.IfExp(test=test, body=body, orelse=otherwise):
            return Conditional(_node(test), _node(body), _node(otherwise))
        case ast.Tuple(elts=elements):
            return Tuple(tuple(map(_node, elements)))
        case ast.Call(func=function, args=arguments, keywords=keywords):
            named = tuple((keyword.arg or "**", _node(keyword.value)) for keyword in keywords)
            return Call(ast.unparse(function), tuple(map(_node, arguments)), named)
        case ast.Starred(value=ast.GeneratorExp(elt=element, generators=[loop])):
            return Copies(_node(element), ast.unparse(loop.target), _node(loop.iter))
    raise TypeError(ast.dump(node))
