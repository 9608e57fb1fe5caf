"""The mistakes of an item that cannot be read: after each, reading goes on without the statement that it is in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lark.exceptions import UnexpectedInput, UnexpectedToken
from msgspec.structs import replace

from archdsl.diagnostics import Diagnostic, Source
from archdsl.diagnostics.codes import UNCLOSED
from archdsl.language.bounds import BRACKETS
from archdsl.language.grammar import parser
from archdsl.language.malformed import is_foreign_row
from archdsl.language.mistakes import explain

# A text with more mistakes in an item is broken as a whole.
MOST_IN_ITEM = 20
# Characters that may be read again in a file: mistakes by the hundred help nobody, and take their time.
MOST_READ_AGAIN = 200_000

_MARKS = re.compile(rf"{BRACKETS.pattern}|\n")
# A row of a table, of another notation, too.
_ROW = re.compile(r"^[ \t]*\||[|&\\]", re.MULTILINE)
_CONTINUES = re.compile(r"[ \t]*(->|(then|else)\b(?!\s*[=.]))")
_DEEPER = {"(": 1, "[": 1, ")": -1, "]": -1}


def folded(problems: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Rows of one foreign notation are one problem, with one fix for all: that of the first of them."""
    rows: dict[str, list[Diagnostic]] = {}
    for problem in problems:
        if is_foreign_row(problem):
            rows.setdefault(problem.message, []).append(problem)
        else:
            yield problem
    for first, *others in rows.values():
        if not others:
            yield first
            continue
        edits = tuple(edit for problem in (first, *others) if problem.fix is not None for edit in problem.fix.edits)
        more = f", and likewise in {len(others)} more {'line' if len(others) == 1 else 'lines'}"
        yield replace(first, help=f"{first.help}{more}", fix=replace(first.fix, edits=edits) if first.fix else None)


class Recovery:
    """Reads items on; what has been read again in a file is counted."""

    def __init__(self, source: Source, docs: dict[int, str]):
        self.source, self.docs = source, docs
        self.left = MOST_READ_AGAIN

    def mistakes(self, start: int, end: int, error: UnexpectedInput) -> Iterator[Diagnostic]:
        """Those of the item from `start` to `end`, the first of which is `error`."""
        text, last = self.source.text[start:end], start
        has_lost_rows = False
        for _ in range(MOST_IN_ITEM):
            problem = explain(error, self.source, start, end)
            assert problem.span is not None
            if problem.span.start < last:
                return  # a consequence of what was left out
            yield problem
            last = problem.span.start
            place = self._left_out(problem, text, start)
            self.left -= len(text)
            if place is None or self.left < 0:
                return
            first, behind = place
            is_row = isinstance(error, UnexpectedToken) and error.accepts >= {"BAR", "CLOSE_BRACE"}
            has_lost_rows = has_lost_rows or is_row or bool(_ROW.search(text, first, behind))
            text = text[:first] + re.sub(r"[^\n]", " ", text[first:behind]) + text[behind:]
            last = start + behind
            try:
                _, problems = parser().parse(text, self.source, self.docs, start)
            except UnexpectedInput as another:
                error = another
                continue
            if not has_lost_rows:  # a table without its header would be blamed for that
                yield from problems
            return

    def _left_out(self, problem: Diagnostic, text: str, start: int) -> tuple[int, int] | None:
        """From where to where the text of an item goes that a mistake spoils; None where that is unknown."""
        assert problem.span is not None
        at = problem.span.start - start
        if problem.code is not UNCLOSED:
            return _statement(text, at)
        end = problem.notes[0].span if problem.notes else None
        if text[at] == "{" and end is not None:  # a table, and where it seems to end
            return text.rfind("\n", 0, at) + 1, text.rfind("\n", 0, end.start - start)
        return _unclosed_statement(text, at)


# How a line begins that is not an argument, and how one ends that goes on.
_BEGINS_STATEMENT = re.compile(
    r"[ \t]*(?:[A-Za-z_]\w*(?:\.\w+)?\s*=(?!=)|(?:require|shared|scale|outputs|stages)\b|[}|])"
)
_GOES_ON = re.compile(r"[,(\[][ \t]*(?:#.*)?$")


def _unclosed_statement(text: str, at: int) -> tuple[int, int] | None:
    """From where to where the statement goes in which a parenthesis or bracket is never closed: to the next line that
    looks like one; None where it is a brace that is open, or what is open begins the item."""
    first = text.rfind("\n", 0, at) + 1
    if text[at] == "{" or first == 0:
        return None
    behind = text.find("\n", at)
    while behind != -1:
        above = text[text.rfind("\n", 0, behind) + 1 : behind]
        if _BEGINS_STATEMENT.match(text, behind + 1) and not _GOES_ON.search(above):
            return first, behind
        behind = text.find("\n", behind + 1)
    return None


def _statement(text: str, at: int) -> tuple[int, int] | None:
    """From where to where the statement or row goes that holds a place; None where that is unknown."""
    first, behind, depth = 0, len(text), 0
    for match in _MARKS.finditer(text):
        mark = match.group()
        if mark != "\n":
            depth = max(0, depth + _DEEPER.get(mark, 0))
        elif depth == 0 and not _CONTINUES.match(text, match.end()):
            if match.start() >= at:
                behind = match.start()
                break
            first = match.end()
    opened = [match.start() for match in BRACKETS.finditer(text, first, behind) if match.group() == "{"]
    closed = sum(match.group() == "}" for match in BRACKETS.finditer(text, first, behind))
    # The beginning or the end of something larger cannot be left out, a choice that is never closed can.
    is_whole = len(opened) == closed or (len(opened) > closed and _are_choices(text, opened, first, behind))
    return (first, behind) if first and is_whole else None


def _are_choices(text: str, opened: list[int], first: int, behind: int) -> bool:
    """Whether the braces of a statement open choices, none of which can go on behind the statement."""
    if not _BEGINS_STATEMENT.match(text, behind + 1) or text.startswith("}", _behind_blanks(text, behind + 1)):
        return False
    for brace in opened:
        before = brace - 1
        while before > first and text[before] in " \t":
            before -= 1
        if text[before] not in "=(,|+-*/[{>":
            return False
    return True


def _behind_blanks(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t"):
        at += 1
    return at
