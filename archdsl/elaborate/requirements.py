"""The claims of a model, proved or refuted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archdsl.diagnostics import Diagnostic, Note
from archdsl.diagnostics.codes import REQUIRE_FAILED, UNKNOWN_NAME, WRONG_KIND
from archdsl.elaborate import scalars
from archdsl.elaborate.evaluate import Scope, evaluate
from archdsl.elaborate.naming import Names
from archdsl.elaborate.problems import Stop, stop
from archdsl.elaborate.program import SETTINGS, Environment
from archdsl.elaborate.values import Value, describe, kind
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.cost import Costs
from archdsl.language import tree

_COUNTS = ("params", "macs", "flops", "activations")


def prove(
    claims: tuple[tree.Require, ...], architecture: Architecture, names: Mapping[str, Value], environment: Environment
) -> list[Diagnostic]:
    """A diagnostic for every claim that does not hold, with the values of both sides."""
    if not claims:
        return []
    cost = Costs(architecture).model()
    facts: dict[str, Value] = {
        "params": cost.params,
        "macs": cost.macs,
        "flops": cost.flops,
        "activations": cost.activations,
        "out": architecture.output,
        "reduction": _reduction(architecture),
    }
    applier: Any = None
    settings = {**dict.fromkeys(SETTINGS), "padding": architecture.settings["padding"]}
    scope = Scope(environment, {**names, **facts}, settings, applier, Names())
    found = []
    for claim in claims:
        try:
            diagnostic = _refute(claim.claim, scope, architecture)
        except Stop as problem:
            diagnostic = problem.diagnostic
        if diagnostic is not None:
            found.append(diagnostic)
    return found


def _reduction(architecture: Architecture) -> int:
    """How many times smaller than the image the last map before the head is."""
    last = architecture.stages[-1].output if architecture.stages else architecture.output
    return -(-architecture.input.height // last.height)


def _refute(claim: tree.Expression, scope: Scope, architecture: Architecture) -> Diagnostic | None:
    for name in ("memory", "receptive_field"):
        if any(isinstance(node, tree.Name) and node.text == name for node in _sides(claim)) and name not in scope.names:
            raise stop(
                UNKNOWN_NAME, f"`{name}` cannot be required yet", claim.span,
                help="claims can speak of params, macs, flops, activations, out and reduction",
            )
    if isinstance(claim, tree.Binary) and claim.operator in ("and", "or"):
        left, right = _refute(claim.left, scope, architecture), _refute(claim.right, scope, architecture)
        if claim.operator == "and":
            return left or right
        return left if left and right else None
    if not (isinstance(claim, tree.Binary) and claim.operator in ("==", "!=", "<", "<=", ">", ">=")):
        value = evaluate(claim, scope)
        if scalars.truth(value, claim.span):
            return None
        return Diagnostic(
            REQUIRE_FAILED, f"`{architecture.name}` does not meet this claim", claim.span, f"it is {describe(value)}"
        )
    left_value = evaluate(claim.left, scope)
    tolerance: float | None = None
    right = claim.right
    if isinstance(right, tree.Binary) and right.operator == "+-":
        tolerance = _tolerance(right, scope)
        right = right.left
    right_value = evaluate(right, scope)
    if tolerance is None:
        holds = scalars.binary(claim.operator, left_value, right_value, claim.span)
    else:
        holds = _within(claim, left_value, right_value, tolerance)
    if holds:
        return None
    notes = [Note(f"left of `{claim.operator}`: {_shown(left_value)}"), Note(f"right: {_shown(right_value)}")]
    difference = _difference(left_value, right_value)
    if difference:
        notes.append(Note(difference))
    size = f"{architecture.input.height} x {architecture.input.width}"
    return Diagnostic(
        REQUIRE_FAILED,
        f"`{architecture.name}` does not meet this claim",
        claim.span,
        f"{_left_text(claim)} is {_shown(left_value)} at {size}",
        tuple(notes),
        help="correct the claim, or the table above it",
    )


def _sides(claim: tree.Expression) -> tuple[tree.Expression, ...]:
    return (claim.left, claim.right) if isinstance(claim, tree.Binary) else (claim,)


def _left_text(claim: tree.Binary) -> str:
    return " ".join(claim.left.span.text.split())


def _tolerance(node: tree.Binary, scope: Scope) -> float:
    """The tolerance as a fraction of the right side when written with `%`, else as an absolute amount (negative)."""
    value = evaluate(node.right, scope)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise stop(WRONG_KIND, f"a tolerance is a number from 0, not {kind(value)}", node.right.span)
    relative = isinstance(node.right, tree.Literal) and node.right.text.endswith("%")
    return float(value) if relative else -float(value)


def _within(claim: tree.Binary, left: Value, right: Value, tolerance: float) -> bool:
    if claim.operator != "==":
        raise stop(WRONG_KIND, "a tolerance goes with `==`", claim.span)
    if (
        isinstance(left, bool)
        or isinstance(right, bool)
        or not isinstance(left, int | float)
        or not isinstance(right, int | float)
    ):
        raise stop(WRONG_KIND, "a tolerance needs numbers on both sides", claim.span)
    allowed = tolerance * abs(right) if tolerance >= 0 and not _is_negative_zero(tolerance) else -tolerance
    return abs(left - right) <= allowed


def _is_negative_zero(value: float) -> bool:
    return value == 0 and str(value).startswith("-")


def _shown(value: Value) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return describe(value)
    if abs(value) < 10_000:
        return describe(value)
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("K", 1e3)):
        if abs(value) >= size:
            return f"{value:,.0f} ({value / size:.4g}{unit})"
    return describe(value)


def _difference(left: Value, right: Value) -> str | None:
    if (
        isinstance(left, Shape | bool)
        or isinstance(right, Shape | bool)
        or not isinstance(left, int | float)
        or not isinstance(right, int | float)
        or not right
    ):
        return None
    share = (left - right) / abs(right)
    return f"the left side is {abs(share):.3%} {'above' if share > 0 else 'below'} the right"
