"""Expressions that depend on conditions, which are expressions as well."""

from __future__ import annotations

from functools import lru_cache

from archdsl.backends.pytorch.nodes import Derived, is_same, plain, replaced
from archdsl.ir.formula import Conditional, Expression, Logical, Name, walk

# Channels whose source is longer get a name before anything is built on them: each guard would double the last.
LONGEST = 100


def both(one: Expression | None, other: Expression | None) -> Expression | None:
    """Two conditions joined."""
    if one is None or other is None or one == other:
        return one or other
    before = one.operands if isinstance(one, Logical) and one.operator == "and" else (one,)
    return Logical("and", (*before, other))


def only_if(condition: Expression | None, node: Expression, otherwise: Expression) -> Expression:
    """An expression that counts under a condition."""
    return node if condition is None else Conditional(condition, _where(condition, True, node), otherwise)


def either(condition: Expression, one: Expression | None, other: Expression | None) -> Expression | None:
    """Channels that are `one` or `other`; None where one of them is not known."""
    if one is None or other is None:
        return None
    first, second = _where(condition, True, plain(one)), _where(condition, False, plain(other))
    if first == second:
        return one if is_same(one, other) else Derived(first)
    return Derived(Conditional(condition, first, second))


@lru_cache(maxsize=4096)
def _where(condition: Expression, holds: bool, node: Expression) -> Expression:
    """An expression where a condition is known to hold, or not to: `chosen if condition else otherwise` is one of the
    two."""
    if isinstance(node, Conditional) and node.test == condition:
        return _where(condition, holds, node.chosen if holds else node.otherwise)
    return node.rebuilt(lambda part: _where(condition, holds, part))


def substituted(node: Expression, name: str, value: Expression) -> Expression | None:
    """An expression with a value in the place of a name; None unless it reads the name once, and always."""
    nodes = list(walk(node))
    if nodes.count(Name(name)) != 1 or any(isinstance(part, Conditional | Logical) for part in nodes):
        return None
    return replaced(node, lambda part: value if part == Name(name) else None)
