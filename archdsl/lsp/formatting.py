"""Formatting: `archdsl fmt` as an edit of the lines that change."""

from __future__ import annotations

from lsprotocol.types import TextEdit

from archdsl.diagnostics import Source
from archdsl.language.formatter import format_module
from archdsl.language.parser import parse
from archdsl.lsp.document import Change, Document


def formatting(document: Document) -> list[TextEdit]:
    """The edit that makes a document canonical; none while it has a syntax error."""
    module, problems = parse(document.source)
    if problems:
        return []
    canonical = format_module(module)
    again, problems = parse(Source(document.source.name, canonical))
    if problems or again != module:  # a formatter may lose nobody's work, whatever its bugs
        return []
    return _changed_lines(document, canonical)


def _changed_lines(document: Document, canonical: str) -> list[TextEdit]:
    """One edit from the first line that differs to the last one, so that cursors elsewhere stay where they are."""
    text, canonical = document.source.original, canonical.replace("\n", document.source.line_end)
    if text == canonical:
        return []
    same, end, other_end = Change.between(text, canonical)
    start = text.rfind("\n", 0, same) + 1
    # In whole lines, lest the edit cut a line end of two characters in halves.
    line_end = end if end == 0 or text[end - 1] == "\n" else text.find("\n", end) + 1 or len(text)
    return [TextEdit(document.positions.between(start, line_end), canonical[start : other_end + line_end - end])]
