"""Expressions said as a person would say them, which is what linters ask for: `a != b` for `not a == b`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from archdsl.ir.formula import Call, Comparison, Conditional, Constant, Expression, Logical, Unary

_OPPOSITES = {"==": "!=", "!=": "==", "is": "is not", "is not": "is"}


def tidied(node: Expression) -> Expression:
    """An expression with conditions, and what depends on them, replaced by shorter ones of the same value."""
    match node.rebuilt(tidied):
        case Unary("not", operand):
            return tidy_not(operand)
        case Conditional(test, chosen, otherwise):
            return tidy_conditional(test, chosen, otherwise)
        case Logical("or", operands):
            return tidy_or(operands)
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


def tidy_or(operands: Sequence[Expression]) -> Expression:
    """`a or b or ...`, of conditions that are tidy: `a and b or not a and b` is `b`, and `a or a and b` is `a`."""
    cases = [one.operands if isinstance(one, Logical) and one.operator == "and" else (one,) for one in operands]
    while (shorter := _shorter(cases)) is not None:
        cases = shorter
    either = [case[0] if len(case) == 1 else Logical("and", case) for case in cases]
    return either[0] if len(either) == 1 else Logical("or", tuple(either))


def _shorter(cases: Sequence[tuple[Expression, ...]]) -> list[tuple[Expression, ...]] | None:
    """Cases of which one is enough, each the conditions that hold in it, with one less; None if all are needed."""
    for (at, one), (other_at, other) in permutations(enumerate(cases), 2):
        rest = [case for index, case in enumerate(cases) if index not in (at, other_at)]
        if set(one) <= set(other):
            return [*rest[:at], one, *rest[at:]]
        first, second = [part for part in one if part not in other], [part for part in other if part not in one]
        if len(first) == len(second) == 1 and len(one) > 1 and tidy_not(first[0]) == second[0]:
            kept = tuple(part for part in one if part != first[0])
            return [*rest[:at], kept, *rest[at:]]
    return None


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
