"""Comments, collected beside the parser: kept by the formatter, and `##` ones given to the item below."""

from __future__ import annotations

import re

from archdsl.diagnostics import Source, Span
from archdsl.language.tree import Comment

STRING_OR_COMMENT = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"|#[^\n]*')


def collect(source: Source) -> tuple[Comment, ...]:
    """Every comment of a text in order; a `#` inside a string is none."""
    text = source.text
    if "#" not in text:
        return ()
    comments = []
    for match in STRING_OR_COMMENT.finditer(text):
        start = match.start()
        if text[start] != "#":
            continue
        line_start = text.rfind("\n", 0, start) + 1
        comments.append(
            Comment(
                Span(source, start, match.end()),
                match.group().rstrip(),
                own_line=not text[line_start:start].strip(),
            )
        )
    return tuple(comments)


def docs(comments: tuple[Comment, ...]) -> dict[int, str]:
    """The text of each run of `##` lines, by the number of the line right below it and the `#` lines that follow it."""
    found: dict[int, str] = {}
    for comment in comments:
        if not comment.own_line:
            continue
        line = comment.span.line
        before = found.pop(line, None)
        if not comment.text.startswith("##"):
            # A remark between a doc comment and its item does not part the two.
            if before is not None:
                found[line + 1] = before
            continue
        text = comment.text.lstrip("#").strip()
        found[line + 1] = f"{before}\n{text}" if before is not None else text
    return found
