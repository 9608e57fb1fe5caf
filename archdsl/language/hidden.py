"""Characters that make a text read otherwise than it is: "Trojan Source", CVE-2021-42574.

Outside of comments and strings they are unexpected like any other. Inside, the language would take them, and whoever
reviews the file would see something else than what is compiled: text in another order, or a line that is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archdsl.diagnostics import Diagnostic, Edit, Fix, Source, Span
from archdsl.diagnostics.codes import HIDDEN_CHARACTER
from archdsl.language.comments import STRING_OR_COMMENT

# What rustc refuses in comments and literals.
_REORDERING = "\u202a-\u202e\u2066-\u2069"
# Commands to a terminal, and what some editors take for the end of a line and the language does not.
_CONTROLS = "\\x00-\\x08\\x0b-\\x0c\\x0e-\\x1f\\x7f-\\x9f\u2028\u2029"
_HIDDEN = re.compile(f"[{_REORDERING}{_CONTROLS}]|\\r(?!\\n|\\Z)")


def hidden_characters(source: Source) -> Iterator[Diagnostic]:
    """A diagnostic for each comment and string that holds such characters; its fix takes them out."""
    if not _HIDDEN.search(source.text):
        return
    for place in STRING_OR_COMMENT.finditer(source.text):
        found = [Span(source, *match.span()) for match in _HIDDEN.finditer(source.text, *place.span())]
        if found:
            what = "comment" if place.group().startswith("#") else "string"
            yield _diagnostic(what, found)


def _diagnostic(what: str, found: list[Span]) -> Diagnostic:
    first = found[0].text
    number = f"U+{ord(first):04X}"
    shown = f"this {what} holds {number}, which " + (
        "changes the order in which text is shown" if re.match(f"[{_REORDERING}]", first) else "is not shown as it is"
    )
    fix = Fix(f"take {number if len(found) == 1 else 'them'} out", tuple(Edit(span, "") for span in found))
    help_line = "take it out" if len(found) == 1 else f"take it out, and {len(found) - 1} more like it"
    return Diagnostic(HIDDEN_CHARACTER, shown, found[0], "here", help=help_line, fix=fix)
