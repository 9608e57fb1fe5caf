"""What a syntax error means, in words."""

from __future__ import annotations

import re

from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.lexer import Token

from archdsl.diagnostics import Diagnostic, Note, Source, Span
from archdsl.language import errors
from archdsl.language.bounds import BRACKETS
from archdsl.language.fixes import TYPOGRAPHIC, cut_row, for_character, for_table, for_token, shown
from archdsl.language.keywords import misspelt
from archdsl.language.lexer import COLON, LINE_END, NAME, TEXT_END
from archdsl.language.lookalikes import look_alike
from archdsl.language.malformed import form_at

_SHOWN = {
    "_NEWLINE": "the end of the line",
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a string",
    "BAR": "`|`",
    "OPEN_PAREN": "`(`",
    "CLOSE_PAREN": "`)`",
    "OPEN_BRACKET": "`[`",
    "CLOSE_BRACKET": "`]`",
    "OPEN_BRACE": "`{`",
    "CLOSE_BRACE": "`}`",
    "_EQUALS": "`=`",
    "_COMMA": "`,`",
    "AFTER": "`after`",
    "BEFORE": "`before`",
    "_WITHOUT": "`without`",
    "_FOR": "`for`",
    "_THEN": "`then`",
    "_ELSE": "`else`",
    "USE": "`use`",
    "BLOCK": "`block`",
    "MODEL": "`model`",
    "VARIANTS": "`variants`",
    "RECIPE": "`recipe`",
}
_VALUE_STARTS = {"NAME", "NUMBER", "STRING", "OPEN_PAREN", "OPEN_BRACKET"}
_AFTER_VALUES = {"OPERATOR"}
_VALUE_ENDS = ("BAR", "_COMMA", "CLOSE_PAREN", "CLOSE_BRACKET", "_THEN", "_ELSE", "_NEWLINE", "CLOSE_BRACE")
_CHARACTERS = {
    '"': "a string ends on its line: close it with a second double quote",
    "“": 'strings are written with double quotes: `"..."`',
    "'": 'strings are written with double quotes: `"..."`',
    ";": "a statement ends at the end of its line; no `;` is needed",
    "&": "write `and`",
    "!": "write `not`, or `!=` between two values",
}
_OTHER_LANGUAGES = {"def", "class", "import", "from", "function", "fn", "let", "var", "const"}
_VALUES = {NAME, "NUMBER", "STRING"}
_BESIDE = re.compile(r"([A-Za-z_]\w*)[ \t]+$")
_CLOSED_BY = {")": "(", "]": "[", "}": "{"}


def explain(error: UnexpectedInput, source: Source, start: int, end: int) -> Diagnostic:
    """The diagnostic for what the parser met in the piece of a source from `start` to `end`."""
    is_colon = isinstance(error, UnexpectedToken) and error.token.type == COLON  # one that is not a loop's
    if isinstance(error, UnexpectedCharacters) or is_colon:
        at = start + (error.pos_in_stream or 0)
        character = source.text[at]
        span = Span(source, at, at + 1)
        if form := form_at(span, (), errors.ForeignCharacter):
            return form
        if character not in {*TYPOGRAPHIC, *_CHARACTERS} and (named := look_alike(span)):
            return named
        unexpected = errors.UnexpectedCharacter("a backtick" if character == "`" else f"`{character}`")
        help = f"write {shown(TYPOGRAPHIC[character])}" if character in TYPOGRAPHIC else _CHARACTERS.get(character)
        return unexpected.at(span, help=help, fix=for_character(span))
    assert isinstance(error, UnexpectedToken)
    unclosed = _unclosed(source, start, end)
    place = _place(error.token, source, start, end)
    line = source.text.rfind("\n", 0, place.start) + 1
    is_row_end = error.token.type == LINE_END and source.text[line : place.start].lstrip().startswith("|")
    if is_row_end and (cut := cut_row(Span(source, line, line))):
        return cut
    slip = misspelt(error, place)
    if slip and slip.fix and slip.fix.is_safe:
        return slip
    if unclosed is None and (form := form_at(place, error.accepts)):
        return form
    if slip:
        return slip
    if unclosed and unclosed.span and _is_consequence(unclosed.span, place):
        return unclosed
    if unclosed and error.token.type == NAME and error.accepts >= {"BAR", "CLOSE_BRACE"}:
        return _open_table(source, start, place)
    help, fix = for_token(error.token, place, error.accepts) or (_hint(error, place), None)
    return errors.UnexpectedToken(_found(error.token), _expected(error)).at(place, help=help, fix=fix)


def _place(token: Token, source: Source, start: int, end: int) -> Span:
    """Where a token stands; what the parser puts behind the last token stands at the end of that one."""
    first, last = start + (token.start_pos or 0), start + (token.end_pos or 0)
    if token.type == LINE_END and source.text.startswith("\n", first):
        if source.original[first - 1 : first + 1] == "\r\n":
            first -= 1
        return Span(source, first, first + 1)
    if token.type in (TEXT_END, LINE_END):
        if "\n" in source.text[last:end]:  # line ends inside brackets are not tokens
            last = end
        return Span(source, min(last, end), min(last, end))
    return Span(source, first, last)


def _is_consequence(opening: Span, place: Span) -> bool:
    """Whether an error is there because of an unclosed bracket before it: all after that bracket is read as inside."""
    text = place.source.text
    if opening.start >= place.start:
        return False
    line_start = text.rfind("\n", 0, place.start) + 1
    begins_line = not text[line_start : place.start].strip()
    return place.text in ("", "}") or (opening.text != "{" and begins_line)


def _found(token: Token) -> str:
    if token.type == LINE_END:
        return "end of line"
    if token.type == TEXT_END:
        return "end of text"
    return f"`{token}`" if len(token) <= 60 else f"`{token[:57]}...`"


def _expected(error: UnexpectedToken) -> str:
    expected = set(error.accepts)
    if expected >= _VALUE_STARTS:
        return "a value"
    if expected >= _AFTER_VALUES:
        shown = ["an operator", *(_SHOWN[name] for name in _VALUE_ENDS if name in expected)]
    else:
        expected -= {LINE_END} if "USE" in expected else set()
        shown = [text for name, text in _SHOWN.items() if name in expected] or ["the end of the text"]
    return " or ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def _hint(error: UnexpectedToken, place: Span) -> str | None:
    token, text = error.token, place.source.text
    before = text[text.rfind("\n", 0, place.start) + 1 : place.start]
    if before.lstrip().startswith("|"):
        return "a table row ends with `|`, and cells stand between `|`"
    if token.type == NAME and error.accepts >= {"BAR", "CLOSE_BRACE"}:
        return "rows begin with `|`; columns of stages that are inherited are set in `stages 1..3 { column = value }`"
    if token.type == "_EQUALS":
        return "equality is written `==`"
    if beside := _BESIDE.search(before) if token.type in _VALUES and re.search("[=>]", before) else None:
        if before.count("(") > before.count(")"):
            return "arguments are separated by `,`"
        return f"arguments stand in parentheses, `{beside[1]}({token})`, and `->` feeds a tensor into a layer"
    if token.type == "BAR":
        return "a table row stands on its own line and ends with `|`"
    if str(token) in _OTHER_LANGUAGES and not before:
        return "an item begins with `use`, `block`, `model`, `variants` or `recipe`"
    return None


def _open_table(source: Source, start: int, place: Span) -> Diagnostic:
    """What stands at `place` would be a statement of the model, if the table before it were closed."""
    opening = _opened(source, start, place.start)[-1]
    span = Span(source, opening, opening + 1)
    notes = (Note(f"the table seems to end above `{place.text}`", place),)
    return errors.UnclosedTable().at(span, notes=notes, fix=for_table(span, place))


def _unclosed(source: Source, start: int, end: int) -> Diagnostic | None:
    """The innermost bracket of a piece of a source that is opened and never closed."""
    opened = _opened(source, start, end)
    if not opened:
        return None
    span = Span(source, opened[-1], opened[-1] + 1)
    return errors.Unclosed(span.text).at(span)


def _opened(source: Source, start: int, end: int) -> list[int]:
    """Where the brackets stand that are opened in a piece of a source and not closed in it."""
    opened: list[int] = []
    for match in BRACKETS.finditer(source.text, start, end):
        character = match.group()
        if character in "([{":
            opened.append(match.start())
        elif character in _CLOSED_BY and opened and source.text[opened[-1]] == _CLOSED_BY[character]:
            opened.pop()
    return opened
