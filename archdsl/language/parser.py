"""Text to syntax tree.

Lark builds its LALR tables from `grammar.lark` in about 0.1 s, half the time of a whole `archdsl estimate`, so the
tables are kept beside the grammar as JSON (`python -m archdsl.language.parser` writes them; a test fails when they
are stale). Tables of another version of Lark are ignored and built anew.
"""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import lark
from lark import Lark, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from archdsl.diagnostics import Diagnostic, Problems, Source, Span
from archdsl.diagnostics.codes import BAD_CHARACTER, SYNTAX, TOO_LARGE, UNCLOSED
from archdsl.language import comments, tree
from archdsl.language.builder import Builder
from archdsl.language.lines import LineEnds

GRAMMAR = Path(__file__).with_name("grammar.lark")
TABLES = Path(__file__).with_name("grammar.json")
MAX_CHARACTERS = 1_000_000
MAX_NESTING = 100
_LOCK = Lock()

_ITEM_START = re.compile(r"^(?:use|block|model|variants|recipe)\b", re.MULTILINE)


def parse(source: Source) -> tuple[tree.Module, tuple[Diagnostic, ...]]:
    """The module that a text says, and what is wrong with the text.

    With a syntax error in it, the module holds the items that could be read on their own.
    """
    problems = Problems()
    if len(source.text) > MAX_CHARACTERS:
        problems.add(
            Diagnostic(
                TOO_LARGE,
                f"the file has {len(source.text):,} characters, more than the bound of {MAX_CHARACTERS:,}",
                Span(source, 0, 1),
                help="split it and bring the parts together with `use`",
            )
        )
        return tree.Module(source, ()), problems.sorted()
    if deep := _too_deep(source):
        problems.add(deep)
        return tree.Module(source, ()), problems.sorted()
    found = comments.collect(source)
    docs = comments.docs(found)
    try:
        items = _parse_text(source, source.text, docs, problems)
    except UnexpectedInput as error:
        problems.add(_explain(error, source))
        items = _parse_items(source, docs, problems)
    return tree.Module(source, items, found), problems.sorted()


def _parse_text(source: Source, text: str, docs: dict[int, str], problems: Problems) -> tuple[tree.Item, ...]:
    with _LOCK:
        parser, builder = _lark()
        builder.begin(source, docs)
        items: tuple[tree.Item, ...] = parser.parse(text)  # type: ignore[assignment]
        problems.add(*builder.problems)
    return items


def _parse_items(source: Source, docs: dict[int, str], problems: Problems) -> tuple[tree.Item, ...]:
    """Each item by itself, so that a mistake in one hides none in the others."""
    text = source.text
    starts = [match.start() for match in _ITEM_START.finditer(text)]
    items: tuple[tree.Item, ...] = ()
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        # Everything but this item becomes white space, so that places stay as they are.
        alone = re.sub(r"[^\n]", " ", text[:start]) + text[start:end]
        try:
            items += _parse_text(source, alone, docs, problems)
        except UnexpectedInput as error:
            problems.add(_explain(error, source))
    return items


# Tables ----------------------------------------------------------------------------------------------------------


@cache
def _lark() -> tuple[Lark, Builder]:
    builder = Builder()
    options: dict[str, Any] = {"postlex": LineEnds(), "transformer": builder}
    try:
        tables = json.loads(TABLES.read_text(encoding="utf-8"), object_hook=_with_whole_keys)
        if tables["lark"] == lark.__version__:
            return Lark._load_from_dict(tables["data"], tables["memo"], **options), builder
    except (OSError, ValueError, KeyError):
        pass  # No tables, or not ours: the grammar itself is the truth.
    return _from_grammar(**options), builder


def _with_whole_keys(table: dict[str, Any]) -> dict[Any, Any]:
    """JSON writes the numbers of states and terminals as strings; give them back."""
    return {int(key) if key.isdigit() else key: value for key, value in table.items()}


def _from_grammar(**options: Any) -> Lark:
    return Lark(
        GRAMMAR.read_text(encoding="utf-8"),
        parser="lalr",
        lexer="contextual",
        maybe_placeholders=True,
        propagate_positions=False,
        **options,
    )


def tables() -> str:
    """The LALR tables of the grammar as JSON text, the same for the same grammar and version of Lark."""
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    data, memo = _from_grammar(postlex=LineEnds()).memo_serialize([TerminalDef, Rule])
    data["options"] = {**data["options"], "postlex": None}
    return json.dumps({"lark": lark.__version__, "data": data, "memo": memo}, separators=(",", ":")) + "\n"


# Errors ----------------------------------------------------------------------------------------------------------

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


def _explain(error: UnexpectedInput, source: Source) -> Diagnostic:
    text = source.text
    if isinstance(error, UnexpectedCharacters):
        at = error.pos_in_stream or 0
        character = text[at : at + 1]
        help_line = {
            '"': "a string ends on its line: close it with `\"`",
            "'": 'strings are written with double quotes: `"..."`',
            ";": "a statement ends at the end of its line; no `;` is needed",
            "&": "write `and`",
            "!": "write `not`, or `!=` between two values",
        }.get(character)
        return Diagnostic(BAD_CHARACTER, f"{character!r} has no meaning here", Span(source, at, at + 1), help=help_line)
    if not isinstance(error, UnexpectedToken):  # the end of the text in the middle of an item
        return _unclosed(source) or Diagnostic(SYNTAX, "the file ends too early", Span(source, len(text), len(text)))
    token = error.token
    start = token.start_pos if token.start_pos is not None else len(text)
    end = token.end_pos if token.end_pos is not None else start
    if token.type in ("$END", "_NEWLINE") and (unclosed := _unclosed(source)) and not text[start:].strip():
        return unclosed
    found = _SHOWN.get(token.type, f"`{token}`")
    if token.type in ("NAME", "NUMBER", "STRING"):
        found = f"`{token}`"
    if token.type == "$END":
        found = "the end of the file"
    span = Span(source, start, start + 1 if token.type == "_NEWLINE" else max(end, start + 1))
    return Diagnostic(SYNTAX, f"{found} cannot stand here", span, f"expected {_expected(error)}", help=_hint(token, text))


def _expected(error: UnexpectedToken) -> str:
    expected = set(error.accepts or error.expected or ())
    if expected >= _VALUE_STARTS:
        return "a value"
    shown = [text for name, text in _SHOWN.items() if name in expected]
    if not shown:
        return "an operator or the end of the line"
    if len(shown) > 5:
        return "an operator or the end of the statement"
    return " or ".join(shown)


def _hint(token: Any, text: str) -> str | None:
    if token.type == "_EQUALS":
        return "equality is written `==`"
    if token.type == "BAR":
        return "a table row stands on its own line and ends with `|`"
    if token.type == "NAME" and str(token) in ("def", "class", "import", "function", "let", "var"):
        return "an item begins with `use`, `block`, `model`, `variants` or `recipe`"
    line_start = text.rfind("\n", 0, token.start_pos or 0) + 1
    if text[line_start : token.start_pos].lstrip().startswith("|"):
        return "a table row ends with `|`, and cells stand between `|`"
    return None


_CLOSING = {")": "(", "]": "[", "}": "{"}
_BRACKETS = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"|#[^\n]*|[()\[\]{}]')


def _unclosed(source: Source) -> Diagnostic | None:
    """The innermost bracket that was opened and never closed."""
    stack: list[int] = []
    for match in _BRACKETS.finditer(source.text):
        character = match.group()
        if character in "([{":
            stack.append(match.start())
        elif character in _CLOSING and stack and source.text[stack[-1]] == _CLOSING[character]:
            stack.pop()
    if not stack:
        return None
    span = Span(source, stack[-1], stack[-1] + 1)
    return Diagnostic(UNCLOSED, f"`{span.text}` is never closed", span, "opened here")


def _too_deep(source: Source) -> Diagnostic | None:
    """Brackets and conditionals nested beyond what any reader, or Python's stack, would follow."""
    depth = 0
    for match in re.finditer(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"|#[^\n]*|[()\[\]{}]', source.text):
        character = match.group()
        if character in "([{":
            depth += 1
            if depth > MAX_NESTING:
                return Diagnostic(
                    TOO_LARGE,
                    f"brackets nested more than {MAX_NESTING} deep",
                    Span(source, match.start(), match.end()),
                    help="give the inner part a name of its own",
                )
        elif character in _CLOSING:
            depth = max(0, depth - 1)
    return None


if __name__ == "__main__":
    TABLES.write_text(tables(), encoding="utf-8")
    sys.stdout.write(f"wrote {TABLES.name}\n")
