"""Syntax errors with one good answer: what another language, or a typesetter, would write in that place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lark.lexer import Token

from archdsl.diagnostics import Diagnostic, Edit, Fix, Span
from archdsl.language import tree
from archdsl.language.errors import CommentInRow
from archdsl.language.lexer import LINE_END, NAME

# What papers and word processors make of the characters of the language.
TYPOGRAPHIC = {
    "×": "x",
    "−": "-",
    "–": "-",
    "—": "-",
    "→": "->",
    "⇒": "->",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "±": "+-",
    "·": "*",
}
_QUOTED = re.compile(r"""'([^'"\\\n]*)'|[“„]([^“”"\\\n]*)[“”]""")
_COMMENT_OR_STRING = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"|#')
_CONDITION = re.compile(r"\b(if|when|require)\b")
# `!a` alone: in other languages `!a == b` compares what `not` makes of `a`, here it would be `not (a == b)`.
_NEGATED = re.compile(r"!\s*(?>\w+(?:\.\w+)*|\([^()\n]*\))(?!\s*[=<>!.(])")
# Where an operand is about to begin.
_BEFORE_OPERAND = re.compile(r"([=(\[{,|<>]|\b(if|and|or|not|when|require|then|else))\s*$")


def for_character(place: Span) -> Fix | None:
    """A fix for a character that is not part of the language."""
    character, text = place.text, place.source.text
    if character in TYPOGRAPHIC:
        return _word(place, TYPOGRAPHIC[character])
    if quoted := _QUOTED.match(text, place.start):
        span = Span(place.source, *quoted.span())
        return Fix("write double quotes", (Edit(span, f'"{quoted[1] or quoted[2] or ""}"'),))
    if character == ";" and not _code(text[place.end : _line_end(place)]).strip():
        return Fix("remove `;`", (Edit(place, ""),))
    if character == "&":
        twice = _doubled(place)
        fix = _word(twice, "and")
        # One alone is an operator on bits elsewhere, and binds tighter than a comparison.
        return fix if twice.end - twice.start == 2 else fix.suggested
    if character == "!" and _NEGATED.match(text, place.start) and _BEFORE_OPERAND.search(_before(place)):
        return _word(place, "not")
    return None


def for_token(token: Token, place: Span, expected: Iterable[str]) -> tuple[str, Fix] | None:
    """A help line and a fix for a token that cannot stand where it does."""
    text, before = place.source.text, _before(place)
    if token.type == "_EQUALS" and text.startswith("=>", place.start):
        return "an arrow is written `->`", _word(Span(place.source, place.start, place.start + 2), "->")
    if token.type == "_EQUALS" and _CONDITION.search(before):
        return "equality is written `==`", Fix("write `==`", (Edit(place, "=="),))
    if token.type == "BAR" and text.startswith("||", place.start):
        return "write `or`", _word(_doubled(place), "or")
    if token.type == LINE_END and "BAR" in expected and before.lstrip().startswith("|"):
        return _closed_row(place)
    is_next = before.rstrip().endswith((")", "]")) or before.split()[-1:] == ["in"]
    if token.type == NAME and "_ARROW" in expected and is_next and before.count("(") == before.count(")"):
        fix = Fix("write `->`", (Edit(_start(place), "-> "),), is_safe=False)  # or another operator is missing
        return "a tensor is fed into a layer by `->`", fix
    return None


def for_chain(parts: Sequence[tree.Expression | Token]) -> Fix | None:
    """A fix for `a < b < c`, where that is all there is: `a < b and b < c`."""
    if len(parts) != 5:
        return None
    middle, second = parts[2], parts[3]
    if isinstance(middle, Token) or not isinstance(second, Token):
        return None
    span = middle.span
    if not span.source.text[span.end :].lstrip().startswith(second):
        return None  # it stands in parentheses
    return Fix("compare twice", (Edit(Span(span.source, span.end, span.end), f" and {span.text}"),))


def _closed_row(place: Span) -> tuple[str, Fix] | None:
    """A closing `|`, where the row then has as many cells as one beside it."""
    source, before = place.source, _before(place)
    row = _code(before).rstrip()
    line = source.position(place.start - len(before))[0]
    beside = [source.line(number).strip() for number in (line - 1, line + 1) if 1 <= number <= len(source.line_starts)]
    if all(row.count("|") + 1 != other.count("|") for other in beside if other.startswith("|")):
        return None
    end = place.start - len(before) + len(row)
    return "a table row ends with `|`", Fix("close the row with `|`", (Edit(Span(source, end, end), " |"),))


def without_line(place: Span) -> Fix:
    """A fix that removes the line of a place."""
    text = place.source.text
    end = text.find("\n", place.end)
    whole = Span(place.source, text.rfind("\n", 0, place.start) + 1, len(text) if end == -1 else end + 1)
    return Fix("remove the line", (Edit(whole, ""),))


def cut_row(place: Span) -> Diagnostic | None:
    """The diagnostic for a row in which a comment begins that holds cells of it, `| op | #channels |`; else None."""
    source = place.source
    text = source.text[place.end : _line_end(place)]
    comment = text[len(_code(text)) :]
    first, last = place.end + len(text) - len(comment), place.end + len(text) - len(comment) + comment.rfind("|") + 1
    if last <= first:
        return None
    edits = (
        Edit(Span(source, first + mark.start(), first + mark.end()), "")
        for mark in re.finditer(r"#[ \t]*", source.text[first:last])
    )
    is_safe = comment[1:2].isalpha()  # with a space behind it, it may be a comment after all
    fix = Fix("write the names without `#`", tuple(edits), is_safe)
    return CommentInRow().at(Span(source, first, first + 1), fix=fix)


def for_table(opening: Span, place: Span) -> Fix | None:
    """A closing brace for a table, on a line of its own above what cannot be a row of it."""
    before = _before(place)
    if before.strip():
        return None
    line = place.start - len(before)
    text = opening.source.line(opening.line)
    indent = text[: len(text) - len(text.lstrip())]
    return Fix("close the table with `}`", (Edit(Span(place.source, line, line), f"{indent}}}\n"),))


def _word(place: Span, word: str) -> Fix:
    """A fix that puts a word in a place, apart from what stands beside it."""
    text = place.source.text
    left = "" if text[place.start - 1 : place.start].isspace() else " "
    right = "" if text[place.end : place.end + 1].isspace() else " "
    is_spaced = word.isspace() or word in ("-", "*")
    return Fix(f"write {shown(word)}", (Edit(place, word if is_spaced else f"{left}{word}{right}"),))


def shown(word: str) -> str:
    return "a space" if word == " " else f"`{word}`"


def _doubled(place: Span) -> Span:
    """The place of `&&` where `&` stands twice, and of `||`."""
    twice = place.source.text.startswith(place.text * 2, place.start)
    return Span(place.source, place.start, place.end + 1) if twice else place


def _start(place: Span) -> Span:
    return Span(place.source, place.start, place.start)


def _before(place: Span) -> str:
    """What stands before a place on its line."""
    text = place.source.text
    return text[text.rfind("\n", 0, place.start) + 1 : place.start]


def _line_end(place: Span) -> int:
    end = place.source.text.find("\n", place.end)
    return len(place.source.text) if end == -1 else end


def _code(line: str) -> str:
    """A line without its comment."""
    for match in _COMMENT_OR_STRING.finditer(line):
        if match.group() == "#":
            return line[: match.start()]
    return line
