"""How large and how deep a text may be: beyond what any reader, or Python's stack, would follow, it is refused."""

from __future__ import annotations

import re
from typing import Any, Final

from archdsl.diagnostics import Diagnostic, Source, Span
from archdsl.language import tree
from archdsl.limits import limits

# Strings, comments and brackets: the brackets that count are the ones that are matched by themselves.
BRACKETS: Final = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"|#[^\n]*|[()\[\]{}]')

# The fields of each kind of node that may hold nodes.
_PARTS: Final = {
    kind: tuple(name for name in kind.__struct_fields__ if name not in ("span", "text", "doc", "operator"))
    for kind in vars(tree).values()
    if isinstance(kind, type) and issubclass(kind, tree.Node) and kind is not tree.Node
}


def check_text(source: Source) -> Diagnostic | None:
    """A text that is too long, or whose brackets nest too deep, to be parsed at all."""
    count, bound = len(source.text), limits().characters
    if count > bound:
        from archdsl.language.errors import TooManyCharacters  # late: most texts have no mistake

        return TooManyCharacters(count).at(Span(source, 0, 1))
    depth, deepest = 0, limits().nesting
    for match in BRACKETS.finditer(source.text):
        character = match.group()
        if character in "([{":
            depth += 1
            if depth > deepest:
                return _too_deep(Span(source, match.start(), match.end()), "brackets")
        elif character in ")]}":
            depth = max(0, depth - 1)
    return None


def check_nesting(whole: tree.Item | tree.Expression) -> Diagnostic | None:
    """An expression that is nested too deep, by whatever means: `not not not ...`, `a + b + c + ...`."""
    ahead: list[tuple[tree.Node, int]] = [(whole, 0)]
    deepest = limits().nesting
    while ahead:
        node, depth = ahead.pop()
        if depth > deepest:
            return _too_deep(node.span, "expressions")
        for name in _PARTS[type(node)]:
            part: Any = getattr(node, name)
            if isinstance(part, tree.Node):
                ahead.append((part, depth + 1))
            elif isinstance(part, tuple):
                ahead.extend((element, depth + 1) for element in part)
    return None


def _too_deep(span: Span, what: str) -> Diagnostic:
    from archdsl.language.errors import TooDeep  # late: most texts have no mistake

    return TooDeep(what).at(span)


def longest_operation() -> int:
    """Operands and operators in a row; more of them would nest deeper than the bound however they group."""
    return 4 * limits().nesting
