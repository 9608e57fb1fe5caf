"""What is being written at a cursor, known from the text before it alone: while one types, no parser can read it."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<skip>[ \t\f\r]+|\#[^\n]*(?=\n))|(?P<comment>\#[^\n]*)
    |(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<open_string>"[^\n]*)
    |(?P<number>[0-9]+(?:\.[0-9]+)?[A-Za-z%]*)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>->|\.\.|==|!=|<=|>=|\n|.)""",
    re.VERBOSE,
)
_ITEM = re.compile(r"^(extern[ \t]+)?(use|block|model|variants|recipe)\b(?!\s*[=.])", re.MULTILINE)
_UNFINISHED_WORD = re.compile(r"[A-Za-z0-9_]*\Z")
_CLOSING = {")": "(", "]": "[", "}": "{"}


class Bracket(NamedTuple):
    """A bracket that is open at the cursor: the sign, the words before it on its line, and the tokens inside."""

    sign: str
    before: tuple[str, ...]
    inside: list[str]


class Context(NamedTuple):
    """The item that the cursor is in, if any; the open brackets, the outermost first; what stands before the cursor.

    `line` are the tokens of the statement that is being written, without the word that is not finished yet; a quote
    alone is a string without an end.
    """

    item: str
    name: str
    head: list[str]
    brackets: list[Bracket]
    line: list[str]
    text: str
    is_comment: bool

    @property
    def last(self) -> str:
        return self.line[-1] if self.line else ""

    @property
    def innermost(self) -> Bracket | None:
        return self.brackets[-1] if self.brackets else None

    def is_inside(self, *words: str) -> bool:
        """Whether the innermost brackets are the braces of `stages`, `scale`, and so on."""
        bracket = self.innermost
        return bracket is not None and bracket.sign == "{" and any(word in bracket.before for word in words)


def context(text: str) -> Context:
    """The context at the end of a text."""
    text = text[: _UNFINISHED_WORD.search(text).start()]  # type: ignore[union-attr]
    starts = list(_ITEM.finditer(text))
    item_text = text[starts[-1].start(2) :] if starts else ""
    is_extern = bool(starts and starts[-1][1])
    brackets: list[Bracket] = []
    head: list[str] = []
    line: list[str] = []
    is_closed = is_comment = False
    for match in _TOKEN.finditer(item_text):
        token = match.group()
        if match.lastgroup in ("skip", "comment"):
            is_comment = match.lastgroup == "comment"
            continue
        token = '"' if match.lastgroup == "open_string" else token
        is_in_parentheses = bool(brackets) and brackets[-1].sign != "{"
        if token == "\n":
            if not is_in_parentheses and not _continues(item_text, match.end()):
                line = []
            continue
        if not brackets:
            head.append(token)
        for bracket in brackets:
            bracket.inside.append(token)
        if token in "([{":
            brackets.append(Bracket(token, tuple(line), []))
            line = [] if token == "{" else [*line, token]
            continue
        if token in _CLOSING and brackets:
            closed = brackets.pop()
            line = [] if token == "}" and closed.sign == "{" else [*line, token]
            is_closed = is_closed or (not brackets and token == "}")
            continue
        line.append(token)
    words = item_text.split(None, 2)
    name = re.match(r"[A-Za-z0-9_]*", words[1]).group() if len(words) > 1 else ""  # type: ignore[union-attr]
    is_use = bool(words) and words[0] == "use" and "\n" in item_text
    item = "" if is_closed or is_use or not words else "extern" if is_extern else words[0]
    return Context(item, name, head, brackets, line, item_text, is_comment)


def _continues(text: str, start: int) -> bool:
    """Whether the line that begins at an offset goes on with the one before it."""
    return re.match(r"\s*(->|(then|else)\b)", text[start:]) is not None


def bound_names(context: Context) -> list[str]:
    """The parameters and bindings that the text of the item declares before the cursor."""
    head, _, body = context.text.partition("{")
    parameters = re.findall(r"[(,]\s*([A-Za-z_]\w*)\s*(?==(?!=)|,|\)|\Z)", head.partition("extends")[0])
    bound = re.findall(r"^\s*([A-Za-z_]\w*(?:[ \t]*,[ \t]*[A-Za-z_]\w*)*)\s*=(?!=)", body, re.MULTILINE)
    bindings = [name for names in bound for name in re.findall(r"\w+", names) if name != "_"]
    return list(dict.fromkeys([*parameters, *bindings]))
