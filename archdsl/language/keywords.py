"""Keywords that are misspelt."""

from __future__ import annotations

import re

from lark.exceptions import UnexpectedToken

from archdsl.diagnostics import Diagnostic, Span
from archdsl.diagnostics.nearest import nearest
from archdsl.language.errors import UnknownKeyword
from archdsl.language.lexer import NAME

# The keywords by the terminal that each is.
_KEYWORDS = {
    "USE": "use",
    "EXTERN": "extern",
    "BLOCK": "block",
    "MODEL": "model",
    "_EXTENDS": "extends",
    "VARIANTS": "variants",
    "RECIPE": "recipe",
    "_FOR": "for",
    "REQUIRE": "require",
    "SCALE": "scale",
    "SHARED": "shared",
    "INPUTS": "inputs",
    "OUTPUTS": "outputs",
    "STAGES": "stages",
    "_THEN": "then",
    "_ELSE": "else",
    "_WHEN": "when",
    "_AS": "as",
    "OR": "or",
    "AND": "and",
}
# Those that begin a statement: a name in their place, with no `=` behind it, cannot stand there.
_STATEMENTS = ("require", "shared", "scale", "inputs", "outputs", "stages")
_FIRST_WORD = re.compile(r"[ \t]*([A-Za-z_]\w*)[ \t]*")


def misspelt(error: UnexpectedToken, place: Span) -> Diagnostic | None:
    """The diagnostic for a misspelt keyword: the word at an error, or the first one of its statement."""
    if error.token.type == NAME:
        expected = [word for kind, word in _KEYWORDS.items() if kind in error.accepts]
        if found := _asking(place, expected):
            return found
    text = place.source.text
    first = _FIRST_WORD.match(text, text.rfind("\n", 0, place.start) + 1)
    if first is None or first.end() != place.start:
        return None
    return _asking(Span(place.source, *first.span(1)), _STATEMENTS)


def _asking(place: Span, keywords: list[str] | tuple[str, ...]) -> Diagnostic | None:
    if not nearest(place.text, keywords):
        return None
    return UnknownKeyword(place.text).at(place).suggesting(place.text, keywords)
