"""Characters that make a text read otherwise than it is: "Trojan Source", CVE-2021-42574.

Outside of comments and strings they are unexpected like any other. Inside, the language would take them, and whoever
reviews the file would see something else than what is compiled: text in another order, or a line that is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archdsl.diagnostics import Diagnostic, Edit, Fix, Source, Span
from archdsl.language.comments import STRING_OR_COMMENT

# What rustc refuses in comments and literals.
_REORDERING = "\u202a-\u202e\u2066-\u2069"
# Commands to a terminal, and what some editors take for the end of a line and the language does not.
_CONTROLS = "\\x00-\\x08\\x0b-\\x0c\\x0e-\\x1f\\x7f-\\x9f\u2028\u2029"
_HIDDEN = f"[{_REORDERING}{_CONTROLS}]"
_LONE_RETURN = r"\r(?!\n|\Z)"


def hidden_characters(source: Source) -> Iterator[Diagnostic]:
    """A diagnostic for each comment and string that holds such characters; its fix removes them.

    One, too, for lines that end in a carriage return alone among others that do not: a terminal shows what follows it
    in the place of what stands before.
    """
    if "\r" in source.original and "\n" in source.original:
        yield from _lone_returns(source)
    # All of them are what Python does not print, which it knows without a pattern.
    if source.text.replace("\n", "").replace("\t", "").isprintable():
        return
    hidden = re.compile(_HIDDEN)
    for place in STRING_OR_COMMENT.finditer(source.text):
        found = [Span(source, *match.span()) for match in hidden.finditer(source.text, *place.span())]
        if found:
            what = "comment" if place.group().startswith("#") else "string"
            yield _diagnostic(what, found)


def _lone_returns(source: Source) -> Iterator[Diagnostic]:
    found = [Span(source, *match.span()) for match in re.finditer(_LONE_RETURN, source.original)]
    if found:
        from archdsl.language.errors import LoneReturn  # late: most texts have no mistake

        fix = Fix("end all lines alike", tuple(Edit(span, "\n") for span in found), is_safe=False)
        yield LoneReturn(len(found)).at(found[0], fix=fix)


def _diagnostic(what: str, found: list[Span]) -> Diagnostic:
    from archdsl.language.errors import HiddenCharacter  # late: most texts have no mistake

    number = f"U+{ord(found[0].text):04X}"
    reorders = re.match(f"[{_REORDERING}]", found[0].text) is not None
    fix = Fix(f"remove {number if len(found) == 1 else 'them'}", tuple(Edit(span, "") for span in found))
    return HiddenCharacter(what, number, reorders, len(found)).at(found[0], fix=fix)
