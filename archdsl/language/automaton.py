"""The loop that reads a text by the tables of the grammar: a lexer, an LALR(1) parser, and what either refuses.

Lark makes the tables out of `grammar.lark` (`tables.py`), and Lark could run them too; but importing it takes a sixth
of a whole `archdsl estimate`, and its lexer and parser twice the time of these. The parser knows nothing of the
language beyond its tables and the two rules on line ends and keywords below.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

TABLES = Path(__file__).with_name("grammar.json")
LINE_END, NAME, TEXT_END = "_NEWLINE", "NAME", "$END"
# The rules that a whole text can be: a file, and an expression by itself.
FILE, EXPRESSION = STARTS = ("start", "alone")

# What becomes of each symbol of a rule among the children that the rule's method is given.
KEEP, DROP, SPLICE, NOTHING = "k", "d", "s", "n"

_DEEPER = {"OPEN_PAREN", "OPEN_BRACKET"}
_BACK = {"CLOSE_PAREN", "CLOSE_BRACKET"}


class Token(str):
    """A piece of the text: the terminal that it is, and where it starts and ends."""

    __slots__ = ("end", "kind", "start")

    kind: str
    start: int
    end: int

    def __new__(cls, kind: str, text: str, start: int, end: int) -> Token:
        token = super().__new__(cls, text)
        token.kind, token.start, token.end = kind, start, end
        return token


class Unreadable(Exception):  # noqa: N818 - what is wrong is the text
    """The text is none of the language."""


class UnknownCharacter(Unreadable):
    """No token begins at `position`."""

    def __init__(self, position: int):
        super().__init__()
        self.position = position


class UnexpectedToken(Unreadable):
    """`token` cannot follow what stands before it; terminals of the kinds `expected` can."""

    def __init__(self, token: Token, expected: frozenset[str]):
        super().__init__()
        self.token, self.expected = token, expected


class Automaton:
    """The tables, ready to run: `states[state][symbol]` is the state to go to, or `~rule` for a rule to reduce by."""

    def __init__(self, tables: dict[str, Any]):
        self._states: list[dict[str, int]] = tables["states"]
        self._starts: dict[str, int] = tables["starts"]
        self._rules: list[tuple[str, str, str, int]] = [
            (symbol, method, "" if recipe.strip(KEEP) == "" else recipe, len(recipe.replace(NOTHING, "")))
            for symbol, method, recipe in tables["rules"]
        ]
        self._methods = [None if name.startswith("_") else name for _, name, _, _ in self._rules]
        self._match = re.compile(tables["lexer"]).match
        self._ignored = frozenset(tables["ignored"])
        self._keywords: dict[str, str] = tables["keywords"]

    @classmethod
    def load(cls) -> Automaton:
        """The automaton of the `.arch` language."""
        return cls(json.loads(TABLES.read_text(encoding="utf-8")))

    def parse(self, text: str, builder: object, whole: str = FILE) -> Any:
        """What the builder's method for `whole`, the one of STARTS that the text is to be, makes of a text.

        Each rule is given to the method of `builder` that has its name, with what the rule's symbols became, first to
        last; a rule whose name begins with an underscore hands them on as they are. Raises Unreadable.
        """
        run = _Run(self._states, self._rules, self._methods, builder, self._starts[whole])
        match, ignored, keywords, states = self._match, self._ignored, self._keywords, self._states
        position, length, depth = 0, len(text), 0
        kind, start, end = "", 0, 0
        while position < length:
            found = match(text, position)
            if found is None:
                raise UnknownCharacter(position)
            start, position = position, found.end()
            lexed = found.lastgroup or ""
            if lexed in ignored:
                continue
            kind, end = lexed, position
            word = found.group()
            if kind == NAME:
                # A keyword is one only where it can stand: elsewhere it is a name like any other.
                keyword = keywords.get(word)
                if keyword is not None and keyword in states[run.stack[-1]]:
                    kind = keyword
            elif kind == LINE_END:
                if depth:  # inside `( )` and `[ ]` a line end means nothing
                    continue
            elif kind in _DEEPER:
                depth += 1
            elif kind in _BACK:
                depth -= 1
            run.feed(kind, Token(kind, word, start, end))
        if kind and kind != LINE_END:  # the last line ends, whether the text says so or not
            run.feed(LINE_END, Token(LINE_END, "\n", start, end))
        run.feed(TEXT_END, Token(TEXT_END, "", start, end))
        return run.values[-1]


class _Run:
    """A parser's state in the middle of a text."""

    __slots__ = ("builder", "methods", "rules", "stack", "states", "values")

    def __init__(
        self,
        states: list[dict[str, int]],
        rules: list[tuple[str, str, str, int]],
        methods: list[str | None],
        builder: object,
        start: int,
    ):
        self.states, self.rules, self.methods, self.builder = states, rules, methods, builder
        self.stack, self.values = [start], list[Any]()

    def feed(self, kind: str, token: Token) -> None:
        """Takes the next token: reduces by every rule that it ends, then moves on over it."""
        states, stack, values = self.states, self.stack, self.values
        while True:
            action = states[stack[-1]].get(kind)
            if action is None:
                raise UnexpectedToken(token, self._expected())
            if action >= 0:
                stack.append(action)
                values.append(token)
                return
            symbol, _, recipe, size = self.rules[~action]
            children: list[Any] = []
            if size:
                children = values[-size:]
                del stack[-size:], values[-size:]
            if recipe:
                children = _prepared(recipe, children)
            method = self.methods[~action]
            stack.append(states[stack[-1]][symbol])
            values.append(children if method is None else getattr(self.builder, method)(children))
            if symbol in STARTS:
                return

    def _expected(self) -> frozenset[str]:
        """The terminals that would be taken: not only looked at, as some are that a reduction then refuses."""
        return frozenset(kind for kind in self.states[self.stack[-1]] if kind.isupper() and self._would_take(kind))

    def _would_take(self, kind: str) -> bool:
        stack = list(self.stack)
        while True:
            action = self.states[stack[-1]].get(kind)
            if action is None:
                return False
            if action >= 0:
                return True
            symbol, _, _, size = self.rules[~action]
            if size:
                del stack[-size:]
            stack.append(self.states[stack[-1]][symbol])


def _prepared(recipe: str, values: list[Any]) -> list[Any]:
    """The children of a rule: its values with those left out that mean nothing, and `None` where an option is not."""
    index = 0
    children: list[Any] = []
    if recipe[0] == SPLICE:  # A list that grows by one at a time is not copied each time.
        children, index, recipe = values[0], 1, recipe[1:]
    for fate in recipe:
        if fate == NOTHING:
            children.append(None)
            continue
        if fate == KEEP:
            children.append(values[index])
        elif fate == SPLICE:
            children += values[index]
        index += 1
    return children
