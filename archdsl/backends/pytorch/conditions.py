"""Texts that depend on conditions, which are texts as well."""

from __future__ import annotations

import ast
from functools import lru_cache

from archdsl.backends.pytorch.spelling import spelled

# A text of channels that is longer gets a name before anything is built on it: each guard would double the last.
LONGEST = 100


class Joined(str):
    """Conditions joined by `and`."""


class Derived(str):
    """The text of channels that came about by a calculation, which a name may say more plainly."""


def both(one: str | None, other: str | None) -> str | None:
    """Two conditions joined."""
    if one is None or other is None or one == other:
        return one or other
    return Joined(f"{one if isinstance(one, Joined) else f'({one})'} and ({other})")


def only_if(condition: str | None, text: str, otherwise: str) -> str:
    """A text that counts under a condition."""
    if condition is None:
        return text
    return f"({_where(condition, True, text)}) if ({condition}) else {otherwise}"


def either(condition: str, one: str | None, other: str | None) -> str | None:
    """The text of channels that are `one` or `other`; None where one of them is not known."""
    if one is None or other is None:
        return None
    first, second = _where(condition, True, one), _where(condition, False, other)
    if first == second:
        return one if one == other else Derived(first)
    return Derived(f"({first}) if ({condition}) else ({second})")


@lru_cache(maxsize=4096)
def _where(condition: str, holds: bool, text: str) -> str:
    """A text where a condition is known to hold, or not to: `chosen if condition else otherwise` is one of the two."""
    known = spelled(ast.parse(condition, mode="eval").body)
    return spelled(_Known(known, holds).visit(ast.parse(text, mode="eval").body))


class _Known(ast.NodeTransformer):
    def __init__(self, condition: str, holds: bool):
        self.condition, self.holds = condition, holds

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        if spelled(node.test) == self.condition:
            taken: ast.AST = self.visit(node.body if self.holds else node.orelse)
            return taken
        return self.generic_visit(node)


def substituted(text: str, name: str, value: str) -> str | None:
    """A text with a value in the place of a name; None unless the text reads the name once, and always."""
    tree = ast.parse(text, mode="eval").body
    nodes = list(ast.walk(tree))
    if sum(isinstance(node, ast.Name) and node.id == name for node in nodes) != 1:
        return None
    if any(isinstance(node, ast.IfExp | ast.BoolOp) for node in nodes):
        return None
    return spelled(_Substitution(name, ast.parse(value, mode="eval").body).visit(tree))


class _Substitution(ast.NodeTransformer):
    def __init__(self, name: str, value: ast.expr):
        self.name, self.value = name, value

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.value if node.id == self.name else node
