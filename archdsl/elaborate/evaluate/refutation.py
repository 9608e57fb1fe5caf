"""Claims: conditions that must hold, and the values that show why one does not."""

from __future__ import annotations

from msgspec import Struct

from archdsl.diagnostics import Note
from archdsl.elaborate.evaluate import scalars
from archdsl.elaborate.evaluate.describe import describe, kind
from archdsl.elaborate.evaluate.errors import BadTolerance, ToleranceOfOther, ToleranceWithoutNumbers
from archdsl.elaborate.evaluate.explain import situation, values_of
from archdsl.elaborate.evaluate.expressions import evaluate
from archdsl.elaborate.evaluate.values import Bytes, Scope, Seconds, Value
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.written import shown
from archdsl.language import tree

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


class Refutation(Struct, frozen=True):
    """What the claim's left side really is, and further values."""

    label: str
    notes: tuple[Note, ...]


class Tolerance(Struct, frozen=True):
    """How far two numbers may be apart: so much, or that share of the second."""

    amount: float
    is_share: bool

    def around(self, value: float) -> float:
        return self.amount * abs(value) if self.is_share else self.amount


def refute(claim: tree.Expression, scope: Scope) -> Refutation | None:
    """Why a claim does not hold; None when it does. Raises ElaborationError when it cannot be evaluated."""
    if isinstance(claim, tree.Binary) and claim.operator in ("and", "or"):
        left = refute(claim.left, scope)
        if claim.operator == "and":
            return left or refute(claim.right, scope)
        if left is None:
            return None
        right = refute(claim.right, scope)
        return right and Refutation(f"{left.label}, and {right.label}", ())
    if isinstance(claim, tree.Binary) and claim.operator in _COMPARISONS:
        return _refute_comparison(claim, scope)
    value = evaluate(claim, scope)
    if scalars.truth(value, claim.span):
        return None
    return Refutation(f"this is {describe(value)}", situation(claim, scope))


def _refute_comparison(claim: tree.Binary, scope: Scope) -> Refutation | None:
    left = evaluate(claim.left, scope)
    allowed, right_node = None, claim.right
    if isinstance(right_node, tree.Binary) and right_node.operator == "+-":
        if claim.operator != "==":
            raise ElaborationError(ToleranceOfOther(claim.operator).at(right_node.span))
        allowed, right_node = tolerance(right_node, scope), right_node.left
    right = evaluate(right_node, scope)
    if allowed is None:
        holds = scalars.binary(claim.operator, left, right, claim.span, (claim.left.span, right_node.span))
    else:
        holds = _difference(claim, left, right) <= allowed.around(_number(right))
    if holds:
        return None
    notes: list[Note] = []
    if not isinstance(claim.left, tree.Name) and (values := values_of(claim.left, scope)):
        notes.append(Note(f"here {values}"))
    if values := values_of(right_node, scope):
        notes.append(Note(f"`{shown(right_node)}` is {amount(right)}, with {values}"))
    if scalars.is_number(left) and scalars.is_number(right):
        notes += _distance(_number(left), _number(right), allowed)
    return Refutation(f"`{shown(claim.left)}` is {amount(left)}{_predicted(left)}", tuple(notes))


def _predicted(value: Value) -> str:
    return ", as predicted" if isinstance(value, Seconds | Bytes) else ""


def tolerance(node: tree.Binary, scope: Scope) -> Tolerance:
    """What `value +- node.right` allows. Raises ElaborationError when that is not a number from 0."""
    value = evaluate(node.right, scope)
    if not scalars.is_number(value) or _number(value) < 0:
        raise ElaborationError(BadTolerance(kind(value)).at(node.right.span))
    is_share = isinstance(node.right, tree.Literal) and node.right.text.endswith("%")
    return Tolerance(_number(value), is_share)


def _difference(claim: tree.Binary, left: Value, right: Value) -> float:
    for value, node in ((left, claim.left), (right, claim.right)):
        if not scalars.is_number(value):
            raise ElaborationError(ToleranceWithoutNumbers(kind(value)).at(node.span))
    return abs(_number(left) - _number(right))


def _number(value: Value) -> int | float:
    assert isinstance(value, int | float)
    return value


def _distance(left: int | float, right: int | float, allowed: Tolerance | None) -> list[Note]:
    """How far apart two numbers are."""
    if not right or left == right:
        return []
    if isinstance(left, Seconds | Bytes):
        right = type(left)(right)
    ratio = left / right
    if ratio >= 10:
        text = f"that is {ratio:.3g} times {amount(right)}"
    else:
        share = 100 * abs(left - right) / abs(right)
        text = f"that is {share:.3g} % {'above' if left > right else 'below'} {amount(right)}"
    if allowed is not None:
        most = f"{100 * allowed.amount:g} %" if allowed.is_share else amount(allowed.amount)
        text += f"; {most} is allowed"
    return [Note(text)]


def amount(value: Value) -> str:
    """A value, large numbers with separators and their rough size."""
    if not scalars.is_number(value) or isinstance(value, Seconds | Bytes):
        return describe(value)
    number = _number(value)
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("K", 1e3)):
        if abs(number) >= max(size, 10_000):
            return f"{number:,.0f} ({number / size:.4g}{unit})"
    return f"{number:.6g}" if isinstance(number, float) else describe(value)
