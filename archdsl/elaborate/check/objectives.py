"""Whether an `objective` says something to search for, as far as its text says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from archdsl.diagnostics import Diagnostic, Note, Problems
from archdsl.elaborate.check.errors import (
    ConstantGoal,
    GoalIsCondition,
    OppositeGoal,
    PartAlike,
    PartNotNumber,
    SameGoal,
)
from archdsl.elaborate.check.expressions import Vocabulary
from archdsl.elaborate.check.foreseen import Alike, Foresight
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import ModelDefinition
from archdsl.elaborate.resolve.dimensions import NUMBER, OF_QUANTITIES, mismatches
from archdsl.elaborate.resolve.objectives import COUNTS, FRONT, MAXIMIZE, MERITS, MINIMIZE, Goal, goal, parts
from archdsl.elaborate.resolve.quantities import QUANTITIES, answered, as_written, asked, mistakes
from archdsl.elaborate.resolve.scopes import scope_of_model
from archdsl.elaborate.resolve.written import shown
from archdsl.ir.functions import OF_NUMBERS
from archdsl.language import tree
from archdsl.language.nodes import names_in
from archdsl.language.operators import BINARY, COMPARISON

_EXAMPLE = "accuracy * (latency(phone) / 75ms) ** -0.07"
_CAN_USE = (
    f"an objective can use {', '.join((*COUNTS, *QUANTITIES, *MERITS[:-1]))} and {MERITS[-1]}; "
    f"`{FRONT}`, `{MAXIMIZE}` and `{MINIMIZE}` stand outermost"
)
_DIMENSIONS: Mapping[str, str] = {**OF_QUANTITIES, **dict.fromkeys(MERITS, NUMBER)}


def check_objective(
    objective: tree.Expression, words: Vocabulary, values: Mapping[str, Sequence[tree.Expression]]
) -> None:
    """Adds the mistakes in an objective to the problems of `words`, the vocabulary of its model.

    `values` are the expressions that names of the model are, or may be, bound to.
    """
    try:
        nodes = parts(objective)
    except ElaborationError as problem:
        words.problems.add(problem.diagnostic)
        return
    foresight, orders = Foresight(words.own), list[_Ordered]()
    for node in nodes:
        before = len(words.problems)
        try:
            found = goal(node)
            _check_goal(found.node, words, values)
        except ElaborationError as problem:
            words.problems.add(problem.diagnostic)
        if len(words.problems) == before:
            words.problems.add(*(list(_not_numbers(found.node)) or _foreseen(found, foresight, orders)))


def objective_problems(objective: tree.Expression, definition: ModelDefinition) -> tuple[Diagnostic, ...]:
    """The mistakes in an objective for a model that does not stand in its text."""
    words = Vocabulary(definition.environment, Problems())
    words.own = dict(scope_of_model(definition))
    check_objective(objective, words, {})
    return words.problems.sorted()


def _check_goal(node: tree.Expression, words: Vocabulary, values: Mapping[str, Sequence[tree.Expression]]) -> None:
    problems = words.problems
    quantities = list(asked(node, words.own))
    problems.add(*mismatches(node, _DIMENSIONS, values))
    for quantity in quantities:
        problems.add(*mistakes(quantity, needs_device=False))
        for argument in quantity.arguments if isinstance(quantity, tree.Call) else ():
            if argument.name is not None and argument.name.text == "batch":
                _check_with(COUNTS, argument.value, words)
    _check_with((*COUNTS, *QUANTITIES, *MERITS, *map(as_written, quantities)), answered(node, words.own), words)


def _check_with(given: Sequence[str], node: tree.Expression, words: Vocabulary) -> None:
    words.given, words.hint = frozenset(given), _CAN_USE
    words.check(node)
    words.given, words.hint = frozenset(), None


def _not_numbers(node: tree.Expression) -> Iterator[Diagnostic]:
    """What stands where a number is needed, and is none."""
    match node:
        case tree.Binary(operator=operator) if BINARY[operator] <= COMPARISON:
            yield GoalIsCondition(shown(node)).at(node.span)
        case tree.Unary(operator="not"):
            yield GoalIsCondition(shown(node)).at(node.span)
        case tree.Literal(value=bool() | str() | None):
            yield PartNotNumber(shown(node)).at(node.span)
        case tree.Conditional(chosen=chosen, otherwise=otherwise):
            yield from (*_not_numbers(chosen), *_not_numbers(otherwise))
        case tree.Binary(left=left, right=right):
            yield from (*_not_numbers(left), *_not_numbers(right))
        case tree.Unary(operand=operand):
            yield from _not_numbers(operand)
        case tree.Call(function=tree.Name(text=text), arguments=arguments) if text in OF_NUMBERS:
            for argument in arguments:
                yield from _not_numbers(argument.value)


class _Ordered(NamedTuple):
    """A goal with the order that it brings networks into."""

    node: tree.Expression
    order: tuple[tuple[int, float], ...]


def _foreseen(goal: Goal, foresight: Foresight, before: list[_Ordered]) -> list[Diagnostic]:
    """What is known of a goal whatever the network is; it is added to the goals `before` it."""
    node, own = goal.node, foresight.own
    foresight.without_value.clear()
    foresight.alike.clear()
    try:
        value = foresight.of(answered(node, own))
    except (ArithmeticError, ValueError):  # whoever evaluates it says more
        return []
    if foresight.without_value:
        return foresight.without_value[:]
    if not value.terms:
        speaks_of = {name.text for name in names_in(node)} & {*COUNTS, *QUANTITIES, *MERITS, *own}
        label = f"whatever the network, it is {value.constant:g}" if speaks_of else ""
        return [ConstantGoal(shown(node), _EXAMPLE).at(node.span, label)]
    found = [
        PartAlike(shown(part), str(value).lower() if isinstance(value, bool) else f"{value:g}").at(part.span)
        for part, value in _outermost(foresight.alike)
    ]
    one = _Ordered(node, foresight.order(value, is_maximized=goal.is_maximized))
    opposite = tuple((number, -factor) for number, factor in one.order)
    for other in before:
        kind = {one.order: SameGoal, opposite: OppositeGoal}.get(other.order)
        if kind is not None:
            note = Note("the other one", other.node.span)
            found.append(kind(shown(node), shown(other.node)).at(node.span, notes=(note,)))
            break
    before.append(one)
    return found


def _outermost(parts: Sequence[Alike]) -> list[Alike]:
    """Parts of a text that are in no other, in order."""
    found: list[Alike] = []
    for one in sorted(parts, key=lambda each: (each.node.span.start, -each.node.span.end)):
        if not found or one.node.span.end > found[-1].node.span.end:
            found.append(one)
    return found
