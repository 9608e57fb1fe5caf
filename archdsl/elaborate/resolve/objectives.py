"""What an `objective` says a search is for: one goal, or several that a front is of."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.errors import BadFront, BadGoal, NamedGoal
from archdsl.elaborate.resolve.quantities import QUANTITIES
from archdsl.language import tree
from archdsl.language.nodes import children

# What is counted of a network, and what stands for how well it learns: the accuracy after training, from 0 to 1, and
# scores of an untrained network.
COUNTS = ("params", "macs", "flops", "activations")
ACCURACY = "accuracy"
PROXIES = {
    "synflow": "what each weight carries of the sum of the outputs (Tanaka et al. 2020), as a logarithm",
    "naswot": "how differently images switch the activations (Mellor et al. 2021)",
    "grad_norm": "the norm of the gradients of one batch (Abdelfattah et al. 2021)",
}
MERITS = (ACCURACY, *PROXIES)
# The functions that an objective can be.
FRONT, MAXIMIZE, MINIMIZE = "front", "maximize", "minimize"
_COSTS = {*COUNTS, *QUANTITIES}


class Goal(Struct, frozen=True):
    """One thing that a search is for, and which way."""

    node: tree.Expression
    is_maximized: bool


def goals(objective: tree.Expression) -> tuple[Goal, ...]:
    """The goals of an objective.

    A measure by itself goes its own way: costs down, the others up. Any other expression is maximized, and
    `maximize(...)` and `minimize(...)` say it in words. Raises ElaborationError.
    """
    return tuple(map(goal, parts(objective)))


def parts(objective: tree.Expression) -> tuple[tree.Expression, ...]:
    """The expressions of the goals. Raises ElaborationError."""
    if not _is_call(objective, FRONT):
        return (objective,)
    assert isinstance(objective, tree.Call)
    for argument in objective.arguments:
        if argument.name is not None:
            raise ElaborationError(NamedGoal(FRONT, argument.name.text).at(argument.name.span))
    if len(objective.arguments) < 2:
        raise ElaborationError(BadFront().at(objective.span))
    return tuple(argument.value for argument in objective.arguments)


def goal(node: tree.Expression) -> Goal:
    """One goal, with which way it is to go. Raises ElaborationError."""
    for way in (MAXIMIZE, MINIMIZE):
        if _is_call(node, way):
            assert isinstance(node, tree.Call)
            if len(node.arguments) != 1 or node.arguments[0].name is not None:
                raise ElaborationError(BadGoal(way).at(node.span))
            return Goal(node.arguments[0].value, way == MAXIMIZE)
    return Goal(node, _name(node) not in _COSTS)


def merits(node: tree.Node) -> Iterator[tree.Name]:
    """Where an expression speaks of the accuracy or of a score."""
    if isinstance(node, tree.Name) and node.text in MERITS:
        yield node
    for child in children(node):
        yield from merits(child)


def _is_call(node: tree.Expression, function: str) -> bool:
    return isinstance(node, tree.Call) and _name(node) == function


def _name(node: tree.Expression) -> str | None:
    match node:
        case tree.Name(text=text) | tree.Call(function=tree.Name(text=text)):
            return text
    return None
