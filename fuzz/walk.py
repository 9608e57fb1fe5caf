"""Texts that the grammar takes: a walk through the parser's states, token by token."""

from __future__ import annotations

from random import Random

from lark.lexer import Token

from archdsl.language.grammar import FILE, saved
from archdsl.language.lexer import LINE_END, TEXT_END
from fuzz.mutate import NUMBERS

_LARK = saved()
_OPERATORS = ["==", "!=", "<=", ">=", "<", ">", "+-", "+", "*", "//", "/", "%", "**"]
_WORDS = {
    "OR": "or",
    "AND": "and",
    "CROSS": "x",
    "MINUS": "-",
    "_ARROW": "->",
    "_RANGE": "..",
    "_DOT": ".",
    "_COMMA": ",",
    "BAR": "|",
    "_EQUALS": "=",
    "OPEN_PAREN": "(",
    "CLOSE_PAREN": ")",
    "OPEN_BRACKET": "[",
    "CLOSE_BRACKET": "]",
    "OPEN_BRACE": "{",
    "CLOSE_BRACE": "}",
    LINE_END: "\n",
    TEXT_END: "",
}
_NAMES = [
    "a",
    "b",
    "in",
    "out",
    "m",
    "conv",
    "relu",
    "norm",
    "input",
    "stem",
    "head",
    "op",
    "name",
    "layers",
    "channels",
]
_STRINGS = ['""', '"a"', '"v2_b.arch"', '"archdsl:resnet.arch"', '"\\n\\""', '"../x"']
# What brings a text to its end, the first of them first.
_ENDING = ("CLOSE_PAREN", "CLOSE_BRACKET", "CLOSE_BRACE", "BAR", LINE_END, "NAME", "_EQUALS", "NUMBER")


def walked(random: Random, length: int) -> str:
    """A text of about so many tokens that can be parsed, whatever it means."""
    run = _LARK.parse_interactive("", start=FILE)
    words: list[str] = []
    for count in range(length * 3):
        expected = run.accepts()
        if count >= length and TEXT_END in expected:
            break
        choices = sorted(expected - {TEXT_END}) or [TEXT_END]
        kind = random.choice(choices)
        if count >= length:
            kind = next((one for one in _ENDING if one in expected), kind)
        word = _word(kind, random)
        run.feed_token(Token(kind, word))
        words.append(word)
        if kind == TEXT_END:
            break
    return " ".join(words)


def _word(kind: str, random: Random) -> str:
    match kind:
        case "NAME":
            return random.choice(_NAMES)
        case "NUMBER":
            return random.choice(("1", "2", "3", "8", "0.5", "1e3", "5M", "2%", random.choice(NUMBERS[:15])))
        case "STRING":
            return random.choice(_STRINGS)
        case "OPERATOR":
            return random.choice(_OPERATORS)
    return _WORDS.get(kind, kind.strip("_").lower())
