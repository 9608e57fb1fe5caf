"""Whether an `objective` says something to search for, as far as its text says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from archdsl.diagnostics import Diagnostic, Problems
from archdsl.elaborate.check.errors import ConstantGoal, GoalIsCondition
from archdsl.elaborate.check.expressions import Vocabulary
from archdsl.elaborate.check.foreseen import foreseen
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import ModelDefinition
from archdsl.elaborate.resolve.dimensions import NUMBER, OF_QUANTITIES, mismatches
from archdsl.elaborate.resolve.objectives import COUNTS, FRONT, MAXIMIZE, MERITS, MINIMIZE, goal, parts
from archdsl.elaborate.resolve.quantities import QUANTITIES, answered, as_written, asked, mistakes
from archdsl.elaborate.resolve.scopes import scope_of_model
from archdsl.elaborate.resolve.written import shown
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
    for node in nodes:
        before = len(words.problems)
        try:
            _check_goal(goal(node).node, words, values)
        except ElaborationError as problem:
            words.problems.add(problem.diagnostic)
        if len(words.problems) == before:
            words.problems.add(*_condition(goal(node).node), *_constant(goal(node).node, words))


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


def _condition(node: tree.Expression) -> Iterator[Diagnostic]:
    match node:
        case tree.Binary(operator=operator) if BINARY[operator] <= COMPARISON:
            yield GoalIsCondition(shown(node)).at(node.span)
        case tree.Unary(operator="not"):
            yield GoalIsCondition(shown(node)).at(node.span)


def _constant(node: tree.Expression, words: Vocabulary) -> Iterator[Diagnostic]:
    value = foreseen(answered(node, words.own), words.own)
    speaks_of = {name.text for name in names_in(node)}
    if not speaks_of & {*COUNTS, *QUANTITIES, *MERITS, *words.own}:
        yield ConstantGoal(shown(node), _EXAMPLE).at(node.span)
    elif value is not None:
        yield ConstantGoal(shown(node), _EXAMPLE).at(node.span, f"whatever the network, it is {value:g}")
