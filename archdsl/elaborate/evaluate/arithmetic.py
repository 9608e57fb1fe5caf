"""Arithmetic that stands by itself, such as a budget or a constraint from a command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from archdsl.diagnostics import Diagnostic, DiagnosticError, Source
from archdsl.elaborate.evaluate.describe import named
from archdsl.elaborate.evaluate.errors import (
    ConstraintWithoutComparison,
    NotArithmetic,
    NotPositive,
    UnknownOperand,
)
from archdsl.elaborate.evaluate.expressions import evaluate
from archdsl.elaborate.evaluate.refutation import refute, tolerance
from archdsl.elaborate.evaluate.scope import bare
from archdsl.elaborate.evaluate.values import Scalar, Scope
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import Environment
from archdsl.elaborate.resolve.dimensions import NUMBER, budget_mismatch, mismatches
from archdsl.elaborate.resolve.errors import FunctionWithoutArguments
from archdsl.elaborate.resolve.signatures import fit, missing, of_function
from archdsl.ir.functions import OF_NUMBERS
from archdsl.language import tree
from archdsl.language.nodes import children
from archdsl.language.parser import parse_expression

_CLAIMS = ("==", "!=", "<", "<=", ">", ">=", "and", "or")


class Amount(NamedTuple):
    """A number, and by how much what is compared with it may differ; None where nothing is said of that."""

    value: float
    tolerance: float | None


class Constraint:
    """What must hold of some numbers: `alpha * beta ** 2 * gamma ** 2 == 2 +- 5%`.

    Raises DiagnosticError for a text that is more than a comparison of arithmetic over `names`, or that compares what
    is of different dimensions. Those of the names are in `dimensions`; others are numbers.
    """

    def __init__(self, source: Source, names: Sequence[str], dimensions: Mapping[str, str] | None = None):
        self.source = source
        self.claim = _parsed(source, names)
        if wrong := list(mismatches(self.claim, {**dict.fromkeys(names, NUMBER), **(dimensions or {})})):
            raise DiagnosticError(wrong)
        match self.claim:
            case tree.Binary(operator=operator) if operator in _CLAIMS:
                return
            case tree.Unary(operator="not"):
                return
        raise DiagnosticError([ConstraintWithoutComparison(f"{' * '.join(names[:3])} <= 2").at(self.claim.span)])

    def holds(self, values: Mapping[str, Scalar]) -> bool:
        """Whether it holds of these values. Raises DiagnosticError where it has no result, such as for 1 / 0."""
        try:
            return refute(self.claim, _scope(self.source, values)) is None
        except ElaborationError as problem:
            raise DiagnosticError([problem.diagnostic]) from None

    @property
    def measured(self) -> tree.Expression | None:
        """What is compared, the left side; None where several comparisons are joined."""
        match self.claim:
            case tree.Binary(operator=operator, left=left) if operator not in ("and", "or"):
                return left
        return None

    def left(self, values: Mapping[str, Scalar]) -> Scalar:
        """What `measured` comes to for these values, for which the constraint has a result."""
        if self.measured is None:
            return None
        value = evaluate(self.measured, _scope(self.source, values))
        assert value is None or isinstance(value, bool | int | float | str)
        return value


def names_in(source: Source) -> list[str]:
    """The names that an expression speaks of, each once; of a text that is none, nothing."""
    try:
        waiting: list[tree.Node] = [parse_expression(source)]
    except DiagnosticError:
        return []
    found: dict[str, None] = {}
    while waiting:
        node = waiting.pop()
        if isinstance(node, tree.Name):
            found[node.text] = None
        waiting += [*children(node)][::-1]
    return [name for name in found if name not in OF_NUMBERS]


def scalar(source: Source) -> Scalar:
    """The value of a text: `1.15`, `1.1 ** 2`, `true`, `none`. Raises DiagnosticError when it has none."""
    expression = _parsed(source, ())
    try:
        value = evaluate(expression, _scope(source, {}))
    except ElaborationError as problem:
        raise DiagnosticError([problem.diagnostic]) from None
    assert value is None or isinstance(value, bool | int | float | str)
    return value


def amount(source: Source, measure: str) -> Amount:
    """The amount of a measure that a text says: `400M`, `300M +- 2%`.

    Raises DiagnosticError when it is not a positive number, or one of another dimension.
    """
    expression, scope = _parsed(source, ()), _scope(source, {})
    if wrong := budget_mismatch(measure, expression):
        raise DiagnosticError([wrong])
    try:
        match expression:
            case tree.Binary(operator="+-", left=middle):
                value = _positive(middle, scope)
                return Amount(value, tolerance(expression, scope).around(value))
            case _:
                return Amount(_positive(expression, scope), None)
    except ElaborationError as problem:
        raise DiagnosticError([problem.diagnostic]) from None


def _positive(node: tree.Expression, scope: Scope) -> float:
    value = evaluate(node, scope)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ElaborationError(NotPositive(named(value)).at(node.span))
    return value


def _scope(source: Source, values: Mapping[str, Scalar]) -> Scope:
    return bare(Environment(tree.Module(source, ())), dict(values), {})


# What is arithmetic --------------------------------------------------------------------------------------------------


def _parsed(source: Source, names: Sequence[str]) -> tree.Expression:
    """The expression of a text, when it is arithmetic over `names`. Raises DiagnosticError with all that it is beyond
    that."""
    expression = parse_expression(source)
    if problems := list(_strangers(expression, names)):
        raise DiagnosticError(problems)
    return expression


def _strangers(node: tree.Expression, names: Sequence[str]) -> Iterator[Diagnostic]:
    """The parts of an expression that are not arithmetic over `names`."""
    match node:
        case tree.Literal(value=bool() | int() | float() | None):
            pass
        case tree.Name(text=text) if text in names:
            pass
        case tree.Name(text=text) if text in OF_NUMBERS:
            yield FunctionWithoutArguments(text).at(node.span)
        case tree.Name(text=text):
            yield UnknownOperand(text, names).at(node.span).suggesting(text, names, can_fix=False)
        case tree.Unary(operand=operand):
            yield from _strangers(operand, names)
        case tree.Binary(left=left, right=right):
            yield from _strangers(left, names)
            yield from _strangers(right, names)
        case tree.Conditional(condition=condition, chosen=chosen, otherwise=otherwise):
            for part in (condition, chosen, otherwise):
                yield from _strangers(part, names)
        case tree.Call(function=tree.Name(text=text), arguments=arguments) if text in OF_NUMBERS:
            signature = of_function(text)
            fitting, problems = fit(node, signature)
            yield from problems
            if absent := missing(signature, [parameter for parameter, _ in fitting], node.span):
                yield absent
            for argument in arguments:
                yield from _strangers(argument.value, names)
        case _:
            yield NotArithmetic().at(node.span)
