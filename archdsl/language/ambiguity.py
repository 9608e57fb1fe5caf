"""A `->` behind `else` that may be meant for the branch alone or for both: `if c then in -> f else in -> g`."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import Diagnostic, Note
from archdsl.language import tree
from archdsl.language.errors import ArrowAfterElse

# Branches are quoted as they stand, when they are short and on one line.
_LONGEST = 40


def after_else(steps: Sequence[tree.Step]) -> list[Diagnostic]:
    """The first step of a pipeline that follows a conditional without parentheses whose `then` holds a bare `->`."""
    for number, step in enumerate(steps[:-1], 1):
        if isinstance(step.value, tree.Conditional) and (chosen := _bare_arrow(step.value)) is not None:
            rest = steps[number].span.to(steps[-1].span)
            problem = ArrowAfterElse(_shown(_last(step.value).span.text), _shown(rest.text))
            return [problem.at(rest, notes=(Note("this branch has a `->` of its own", chosen.span),))]
    return []


def _bare_arrow(expression: tree.Expression) -> tree.Pipeline | None:
    """The first `then` of a conditional that is a pipeline, where neither stands in parentheses."""
    while isinstance(expression, tree.Conditional) and not _is_grouped(expression):
        chosen = expression.chosen
        if isinstance(chosen, tree.Pipeline) and len(chosen.steps) > 1 and not _is_grouped(chosen):
            return chosen
        if (inside := _bare_arrow(chosen)) is not None:
            return inside
        expression = expression.otherwise
    return None


def _is_grouped(node: tree.Conditional | tree.Pipeline) -> bool:
    first = node.steps[0] if isinstance(node, tree.Pipeline) else node.condition
    return node.span.text.startswith("(") and node.span.start < first.span.start


def _last(conditional: tree.Conditional) -> tree.Expression:
    """The branch behind the last `else`."""
    branch = conditional.otherwise
    while isinstance(branch, tree.Conditional) and not _is_grouped(branch):
        branch = branch.otherwise
    return branch


def _shown(text: str) -> str:
    return text if len(text) <= _LONGEST and "\n" not in text else "..."
