"""Forms of other notations: what papers, Python, C, LaTeX and Markdown write where this language writes otherwise.

One table, read top to bottom by `form_at` when a text cannot be parsed: the first form whose pattern matches around the
place of the error says what is wrong and what to write. Each has its examples, which are its tests.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from archdsl.diagnostics import Diagnostic, Edit, Fix, Span
from archdsl.language.errors import ForeignNotation
from archdsl.language.forms import FORMS_OF_VALUES, Form
from archdsl.language.forms_of_statements import FORMS_OF_STATEMENTS

FORMS = (*FORMS_OF_VALUES, *FORMS_OF_STATEMENTS)
_PATTERNS = [re.compile(form.pattern) for form in FORMS]
_ROWS = {form.message for form in FORMS if form.where == "table"}
# How many characters around the error are searched, so that the longest of lines takes no longer.
_MOST = 400


def form_at(
    place: Span, expected: Collection[str], problem: type[ForeignNotation] = ForeignNotation
) -> Diagnostic | None:
    """The diagnostic of the first form that matches around the place of an error; None where none does."""
    text = place.source.text
    first = max(text.rfind("\n", 0, place.start) + 1, place.start - _MOST)
    last = text.find("\n", place.end)
    last = min(last if last != -1 else len(text), place.end + _MOST)
    code_end = _comment(text, first, last)
    for form, pattern in zip(FORMS, _PATTERNS, strict=True):
        if (form.expected and form.expected not in expected) or form.found not in ("", place.text):
            continue
        for match in pattern.finditer(text, first, min(len(text), last + _MOST)):
            if match.start() > place.start:
                break
            if text[match.end() : place.start].strip(" \t") or match.start("at") >= code_end:
                continue
            if (found := _diagnostic(form, match, place, problem)) is not None:
                return found
    return None


def is_foreign_row(problem: Diagnostic) -> bool:
    """Whether a diagnostic is about a line of a table in another notation."""
    return problem.message in _ROWS


def _comment(text: str, first: int, last: int) -> int:
    """Where the comment of a line begins, or the line ends."""
    for match in re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"|#').finditer(text, first, last):
        if match.group() == "#":
            return match.start()
    return last


def _diagnostic(form: Form, match: re.Match[str], place: Span, problem: type[ForeignNotation]) -> Diagnostic | None:
    span = Span(place.source, *match.span("at"))
    written = form.write(match) if callable(form.write) else None if form.write is None else match.expand(form.write)
    fix = None
    if written == span.text:
        return None  # it is the language's own
    if written is not None:
        title = f"write `{written.strip()}`" if written.strip() else "remove it"
        fix = Fix(title, (Edit(span, written),), form.is_safe)
    shown = span.text.strip()
    first = span.start + span.text.index(shown)
    place = Span(span.source, first, first + len(shown))  # without the line end that a fix takes along
    return problem(form.message).at(place, help=form.help.format((written or "").strip()), fix=fix)
