"""Expressions said as a person would say them, which is what linters ask for: `a != b` for `not a == b`."""

from __future__ import annotations

from archdsl.ir.formula import Call, Comparison, Conditional, Constant, Expression, Logical, Unary

_OPPOSITES = {"==": "!=", "!=": "==", "is": "is not", "is not": "is"}


def tidied(node: Expression) -> Expression:
    """An expression with conditions, and what depends on them, replaced by shorter ones of the same value."""
    match node.rebuilt(tidied):
        case Unary("not", operand):
            return tidy_not(operand)
        case Conditional(test, chosen, otherwise):
            return tidy_conditional(test, chosen, otherwise)
        case other:
            return other


def tidy_conditional(test: Expression, chosen: Expression, otherwise: Expression) -> Expression:
    """`chosen if test else otherwise`, of parts that are tidy."""
    if isinstance(test, Unary) and test.operator == "not":
        test, chosen, otherwise = test.operand, otherwise, chosen
    if chosen == otherwise:
        return chosen
    match chosen, otherwise:
        case Constant(True), Constant(False):
            return test if _is_bool(test) else Call("bool", (test,))
        case Constant(False), Constant(True):
            return tidy_not(test)
    return _extreme(test, chosen, otherwise) or Conditional(test, chosen, otherwise)


def tidy_not(operand: Expression) -> Expression:
    """`not operand`, of a tidy one."""
    match operand:
        case Comparison(operator, left, right) if operator in _OPPOSITES:
            return Comparison(_OPPOSITES[operator], left, right)
        case Unary("not", inner) if _is_bool(inner):
            return inner
    return Unary("not", operand)


def _extreme(test: Expression, chosen: Expression, otherwise: Expression) -> Expression | None:
    """`a if a > b else b` as `max(b, a)`: the first of two that are equal is what it was."""
    match test:
        case Comparison("<" | "<=" | ">" | ">=" as operator, left, right):
            if (left, right) == (chosen, otherwise):
                is_greatest = operator in (">", ">=")
            elif (right, left) == (chosen, otherwise):
                is_greatest = operator in ("<", "<=")
            else:
                return None
            parts = (otherwise, chosen) if operator in "<>" else (chosen, otherwise)
            return Call("max" if is_greatest else "min", parts)
    return None


def _is_bool(node: Expression) -> bool:
    match node:
        case Comparison() | Unary("not") | Constant(bool()):
            return True
        case Logical(operands=operands):
            return all(map(_is_bool, operands))
    return False
