"""Expressions said as a person would say them, which is what linters ask for: `a != b` for `not a == b`."""

from __future__ import annotations

import ast

_OPPOSITES: dict[type, type[ast.cmpop]] = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is}


class Tidy(ast.NodeTransformer):
    """Replaces conditions and what depends on them by shorter ones of the same value."""

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        operand = self.visit(node.operand)
        return tidy_not(operand) if isinstance(node.op, ast.Not) else ast.UnaryOp(node.op, operand)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        return tidy_conditional(self.visit(node.test), self.visit(node.body), self.visit(node.orelse))


def tidy_conditional(test: ast.expr, body: ast.expr, otherwise: ast.expr) -> ast.expr:
    """`body if test else otherwise`, of parts that are tidy."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test, body, otherwise = test.operand, otherwise, body
    if _same(body, otherwise):
        return body
    match body, otherwise:
        case ast.Constant(value=True), ast.Constant(value=False):
            return test if _is_bool(test) else ast.Call(ast.Name("bool"), [test], [])
        case ast.Constant(value=False), ast.Constant(value=True):
            return tidy_not(test)
    return _extreme(test, body, otherwise) or ast.IfExp(test, body, otherwise)


def tidy_not(operand: ast.expr) -> ast.expr:
    """`not operand`, of a tidy one."""
    match operand:
        case ast.Compare(left=left, ops=[operator], comparators=right) if type(operator) in _OPPOSITES:
            return ast.Compare(left, [_OPPOSITES[type(operator)]()], right)
        case ast.UnaryOp(op=ast.Not(), operand=inner) if _is_bool(inner):
            return inner
    return ast.UnaryOp(ast.Not(), operand)


def _extreme(test: ast.expr, body: ast.expr, otherwise: ast.expr) -> ast.expr | None:
    """`a if a > b else b` as `max(b, a)`: the first of two that are equal is what it was."""
    match test:
        case ast.Compare(left=left, ops=[ast.Gt() | ast.GtE() | ast.Lt() | ast.LtE() as operator], comparators=[right]):
            if _same(left, body) and _same(right, otherwise):
                is_greatest = isinstance(operator, ast.Gt | ast.GtE)
            elif _same(right, body) and _same(left, otherwise):
                is_greatest = isinstance(operator, ast.Lt | ast.LtE)
            else:
                return None
            is_strict = isinstance(operator, ast.Gt | ast.Lt)
            parts = [otherwise, body] if is_strict else [body, otherwise]
            return ast.Call(ast.Name("max" if is_greatest else "min"), parts, [])
    return None


def _is_bool(node: ast.expr) -> bool:
    match node:
        case ast.Compare() | ast.UnaryOp(op=ast.Not()) | ast.Constant(value=bool()):
            return True
        case ast.BoolOp(values=values):
            return all(map(_is_bool, values))
    return False


def _same(one: ast.expr, other: ast.expr) -> bool:
    return ast.dump(one) == ast.dump(other)
