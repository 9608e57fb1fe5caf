"""Text to syntax tree."""

from __future__ import annotations

import re

from lark.exceptions import UnexpectedInput

from archdsl.diagnostics import Diagnostic, DiagnosticError, Problems, Source
from archdsl.language import comments, tree
from archdsl.language.bounds import check_nesting, check_text
from archdsl.language.grammar import EXPRESSION, parser
from archdsl.language.hidden import hidden_characters

# At the start of a line, and no name that a statement binds; or what looks like one whose keyword is misspelt.
_ITEM_START = (
    r"(?m)^(?:(?:use|extern|block|model|variants|recipe)\b(?!\s*[=.])"
    r"|(?!require\b)[A-Za-z]\w*[ \t]+[A-Za-z_]\w*[^\n=|#]*\{)"
)


def parse(source: Source) -> tuple[tree.Module, tuple[Diagnostic, ...]]:
    """The module that a text says, and the problems of the text.

    With a syntax error in it, the module holds the items that could be read on their own.
    """
    if too_much := check_text(source):
        return tree.Module(source, ()), (too_much,)
    problems = Problems()
    found = comments.collect(source)
    docs = comments.docs(found)
    try:
        items = _parse_piece(source, 0, len(source.text), docs, problems)
    except UnexpectedInput as error:
        items = _parse_items(source, docs, problems)
        if not problems:
            problems.add(_explained(error, source, 0, len(source.text)))
    problems.add(*hidden_characters(source))
    return tree.Module(source, items, found), problems.sorted()


def parse_expression(source: Source) -> tree.Expression:
    """The expression that a text says, such as one from a command line. Raises DiagnosticError when it says none."""
    if too_much := check_text(source):
        raise DiagnosticError([too_much])
    try:
        expression, found = parser().parse(source.text, source, {}, 0, EXPRESSION)
    except UnexpectedInput as error:
        raise DiagnosticError([_explained(error, source, 0, len(source.text))]) from None
    if problems := [*found, *filter(None, [check_nesting(expression)])]:
        raise DiagnosticError(problems)
    whole: tree.Expression = expression
    return whole


def _parse_piece(
    source: Source, start: int, end: int, docs: dict[int, str], problems: Problems
) -> tuple[tree.Item, ...]:
    items, found = parser().parse(source.text[start:end], source, docs, start)
    problems.add(*found)
    sound = []
    for item in items:
        if too_deep := check_nesting(item):
            problems.add(too_deep)
        else:
            sound.append(item)
    return tuple(sound)


def _parse_items(source: Source, docs: dict[int, str], problems: Problems) -> tuple[tree.Item, ...]:
    """Each item by itself, so that an error in one does not hide those in the others."""
    item_start = re.compile(_ITEM_START)
    starts = [match.start() for match in item_start.finditer(source.text)]
    from archdsl.language.recovery import Recovery, folded

    items: list[tree.Item] = []
    recovery = Recovery(source, docs)
    for start, end in zip([0, *starts], [*starts, len(source.text)], strict=True):
        try:
            items += _parse_piece(source, start, end, docs, problems)
        except UnexpectedInput as error:
            if item_start.match(source.text, start):
                problems.add(*folded(recovery.mistakes(start, end, error)))
            else:
                problems.add(_explained(error, source, start, end))
            if problems.is_full:  # Not a text of the language; more of the same helps nobody.
                break
    return tuple(items)


def _explained(error: UnexpectedInput, source: Source, start: int, end: int) -> Diagnostic:
    from archdsl.language.mistakes import explain  # late: most texts have no mistake

    return explain(error, source, start, end)
