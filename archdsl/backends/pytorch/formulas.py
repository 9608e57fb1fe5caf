"""Formulas as Python source: what is known is put in and folded, functions of the language are spelled in Python."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from archdsl.backends.pytorch.spelling import spelled
from archdsl.backends.pytorch.tidy import tidy_conditional, tidy_not
from archdsl.ir.base import Scalar, Size

Value = Scalar


def divisible(value: float, divisor: int = 8, limit: float = 0.9) -> int:
    """The rounding of channels that `helpers.SOURCES["divisible"]` spells out in emitted files."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < limit * value else rounded


def _nearest(value: float) -> int:
    return math.floor(value + 0.5) if value >= 0 else -math.floor(0.5 - value)


_FUNCTIONS: dict[str, Any] = {
    "int": int,
    "bool": bool,
    "divisible": divisible,
    "round": _nearest,
    "round_even": round,
    "floor": math.floor,
    "ceil": math.ceil,
    "sqrt": math.sqrt,
    "min": min,
    "max": max,
}
# What the names mean in the source that `spell` makes, where `round` is Python's own.
_IN_SOURCE = {**_FUNCTIONS, "round": round}


@cache
def _compiled(formula: str) -> Any:
    return compile(ast.parse(formula, mode="eval"), "<formula>", "eval")


def value_of(source: str, scalars: Mapping[str, Value]) -> Any:
    """What the source that `spell` made of a formula gives for these scalars; None when it has no value."""
    try:
        return eval(_compiled(source), {"__builtins__": {}, **_IN_SOURCE}, dict(scalars))
    except (NameError, TypeError, ValueError, ArithmeticError):
        return None


def same(one: Any, other: Any) -> bool:
    """Equality that keeps booleans apart from numbers."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def spell(formula: str, known: Mapping[str, Value]) -> str:
    """The formula as Python source with the `known` names replaced by their values and constants folded."""
    # A class is written again until its constructor is settled. Python's own equality mixes 1, 1.0 and True.
    return _spelled(formula, tuple((name, type(value), value) for name, value in known.items()))


@lru_cache(maxsize=4096)
def _spelled(formula: str, known: tuple[tuple[str, type, Value], ...]) -> str:
    values = {name: value for name, _, value in known}
    return spelled(_Folder(values).visit(ast.parse(formula, mode="eval").body))


class _Folder(ast.NodeTransformer):
    """Puts in what is known and says the rest as a person would."""

    def __init__(self, known: Mapping[str, Value]):
        self.known = known

    def generic_visit(self, node: ast.AST) -> ast.AST:
        return self._folded(super().generic_visit(node))

    def _folded(self, node: ast.AST) -> ast.AST:
        """The value of an expression without names, if it is short to say and quick to compute."""
        if not isinstance(node, ast.expr) or isinstance(node, ast.Constant):
            return node
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and part.id not in _FUNCTIONS:
                return node
            if isinstance(part, ast.Pow) or (isinstance(part, ast.Constant) and not _is_small(part.value)):
                return node  # `0.2**2` says more than 0.04000000000000001, and 9**9**9 has no end
        expression = ast.fix_missing_locations(ast.Expression(node))
        try:
            value = eval(compile(expression, "<formula>", "eval"), {"__builtins__": {}, **_FUNCTIONS})
        except (TypeError, ValueError, ArithmeticError):
            return node
        readable = isinstance(value, bool | int) or (isinstance(value, float) and len(repr(value)) <= 12)
        return ast.Constant(value) if readable else node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.known:
            return node
        value = self.known[node.id]
        return ast.Tuple([ast.Constant(side) for side in value]) if isinstance(value, Size) else ast.Constant(value)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        test = self.visit(node.test)
        if isinstance(test, ast.Constant):
            chosen: ast.AST = self.visit(node.body if test.value else node.orelse)
            return chosen
        return self._folded(tidy_conditional(test, self.visit(node.body), self.visit(node.orelse)))

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        is_and = isinstance(node.op, ast.And)
        left: list[ast.expr] = []
        for part in (self.visit(value) for value in node.values):
            if isinstance(part, ast.Constant):
                if bool(part.value) != is_and:
                    return ast.Constant(not is_and)
                continue
            left.append(part)
        if not left:
            return ast.Constant(is_and)
        return left[0] if len(left) == 1 else ast.BoolOp(node.op, left)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        operand = self.visit(node.operand)
        is_not = isinstance(node.op, ast.Not)
        return self._folded(tidy_not(operand) if is_not else ast.UnaryOp(node.op, operand))

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        left, (operator,), (right,) = self.visit(node.left), node.ops, map(self.visit, node.comparators)
        if isinstance(left, ast.Constant) and not isinstance(right, ast.Constant):
            left, operator, right = right, _MIRRORED[type(operator)](), left
        if isinstance(right, ast.Constant) and isinstance(right.value, bool | None) and type(operator) in _IDENTITY:
            operator = _IDENTITY[type(operator)]()
        return self._folded(ast.Compare(left, [operator], [right]))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        folded = self.generic_visit(ast.Call(ast.Name(_name(node)), node.args, node.keywords))
        if not isinstance(folded, ast.Call):
            return folded
        (first, *_) = folded.args or [ast.Constant(0)]
        match _name(folded):
            case "round":
                return _int(ast.BinOp(first, ast.Add(), ast.Constant(0.5)))
            case "round_even":
                return ast.Call(ast.Name("round"), [first], [])
            case "floor":
                return _int(first)  # of a number that is not negative
            case "ceil":
                return ast.UnaryOp(
                    ast.USub(), _int(ast.BinOp(ast.UnaryOp(ast.USub(), first), ast.FloorDiv(), ast.Constant(1)))
                )
            case "sqrt":
                return ast.BinOp(first, ast.Pow(), ast.Constant(0.5))
            case _:
                return folded


_MIRRORED: dict[type, type[ast.cmpop]] = {
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
}
_IDENTITY: dict[type, type[ast.cmpop]] = {ast.Eq: ast.Is, ast.NotEq: ast.IsNot}


def _is_small(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < 2**64


def _name(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _int(node: ast.expr) -> ast.expr:
    return ast.Call(ast.Name("int"), [node], [])
