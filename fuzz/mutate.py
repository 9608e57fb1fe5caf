"""Changes to a text: of its tokens, its lines, its numbers, its characters."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from fuzz.texts import TOKEN, items, tokens

NUMBERS = [
    *(
        "0",
        "1",
        "2",
        "3",
        "7",
        "-1",
        "0.5",
        "2.5",
        "1e-9",
        "1e9",
        "1e300",
        "1e999",
        "0.1%",
        "3M",
        "99999999999999999999",
    ),
    *(
        "9 ** 9 ** 9",
        "2 ** 256",
        "2 ** 255",
        "1 / 0",
        "0 // 0",
        "5 % 0",
        "10000",
        "10001",
        "1000",
        "16777216",
        "1048577",
    ),
    *("none", "true", "false", "3 x 3", "3 x 8 x 8", "{1, 2}", "-0.0", "(-8) ** 0.5", "2 ** -3", "1e-400", "9" * 41),
]
WORDS = [
    *("in", "out", "in.channels", "in.variance", "name", "op", "layers", "conv", "norm", "act", "drop_path", "padding"),
    *(
        "relu",
        "same",
        "mbconv",
        "concat",
        "round",
        "stem",
        "head",
        "require",
        "resize(like = in)",
        "extends",
        "ramp(0.2)",
    ),
    *(
        "when",
        "if",
        "then",
        "else",
        "as",
        "x",
        "for",
        "scale",
        "stages",
        "use",
        "model",
        "block",
        "extern",
        "divisible(3)",
        "objective",
    ),
    *(
        "batch_norm",
        "linear(classes)",
        "global_avg_pool",
        "flatten",
        "params",
        "reduction",
        "sqrt(-1)",
        "min()",
        "concat()",
    ),
]
SIGNS = [
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "|",
    "-",
    "->",
    "*",
    "**",
    "+-",
    "==",
    "<",
    "=",
    ",",
    ".",
    "..",
    "\n",
    "#",
    "##",
    '"',
    "\\",
]
CHARACTERS = (
    "\0\x01\x1b\x7f\r\v\f\t\u00a0\u00ad\u200b\u200e\u2028\u202e\ufeff\ufffd\ud7ff\u0301\U0001f600"
    "×−→≤±“”'`;&!$@~^é中٣²ⅷ𝟙"
)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_NAME = re.compile(r"[A-Za-z_]\w*")


def mutated(text: str, random: Random) -> str:
    """The text with one to a few changes."""
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 5))):
        text = changed(text, random)
    return text


def changed(text: str, random: Random) -> str:
    """The text with one change."""
    return random.choice(_CHANGES)(text, random)


def renumbered(text: str, random: Random) -> str:
    """The text with other numbers: most of these are still programs."""
    for _ in range(random.choice((1, 1, 2, 3))):
        found = list(_NUMBER.finditer(text))
        if found:
            place = random.choice(found)
            text = text[: place.start()] + random.choice(NUMBERS) + text[place.end() :]
    return text


def _replaced(text: str, random: Random, make: Callable[[str], str]) -> str:
    """The text with another token in a place."""
    found = [match for match in TOKEN.finditer(text) if not match.group().isspace()]
    if not found:
        return make("")
    place = random.choice(found)
    return text[: place.start()] + make(place.group()) + text[place.end() :]


def _delete(text: str, random: Random) -> str:
    return _replaced(text, random, lambda token: "")


def _double(text: str, random: Random) -> str:
    return _replaced(text, random, lambda token: f"{token} {token}")


def _put(text: str, random: Random) -> str:
    word = random.choice(random.choice((NUMBERS, WORDS, SIGNS, tokens())))
    return _replaced(text, random, lambda token: random.choice((word, f"{word} {token}", token + word)))


def _swap(text: str, random: Random) -> str:
    parts = TOKEN.findall(text)
    if len(parts) > 1:
        one, other = random.randrange(len(parts)), random.randrange(len(parts))
        parts[one], parts[other] = parts[other], parts[one]
    return "".join(parts)


def _rename(text: str, random: Random) -> str:
    names = sorted(set(_NAME.findall(text)))
    if not names:
        return text
    return re.sub(rf"\b{random.choice(names)}\b", random.choice((*names, *WORDS[:12])), text)


def _lines(text: str, random: Random) -> str:
    lines = text.splitlines(keepends=True)
    if not lines:
        return text
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(4):
        case 0:
            del lines[min(one, other) : max(one, other)]
        case 1:
            lines[one], lines[other] = lines[other], lines[one]
        case 2:
            lines.insert(other, lines[one])
        case _:
            lines[one:one] = [lines[other]] * random.choice((2, 5, 30))
    return "".join(lines)


def _cut(text: str, random: Random) -> str:
    place = random.randrange(len(text) + 1)
    return random.choice((text[:place], text[place:]))


def _splice(text: str, random: Random) -> str:
    other = random.choice(items())
    here, there = random.randrange(len(text) + 1), random.randrange(len(other) + 1)
    return text[:here] + other[there:]


def _insert(text: str, random: Random) -> str:
    """A piece of another text in the middle of this one."""
    other = random.choice(items())
    here, start = random.randrange(len(text) + 1), random.randrange(len(other) + 1)
    return text[:here] + other[start : start + random.choice((3, 10, 60))] + text[here:]


def _characters(text: str, random: Random) -> str:
    place = random.randrange(len(text) + 1)
    return text[:place] + random.choice(CHARACTERS) * random.choice((1, 1, 2)) + text[place + random.randrange(2) :]


def _repeat(text: str, random: Random) -> str:
    """A piece of the text again and again."""
    place = random.randrange(len(text) + 1)
    piece = text[place : place + random.choice((1, 2, 5, 20))]
    return text[:place] + piece * random.choice((2, 3, 10, 100)) + text[place:]


_CHANGES: tuple[Callable[[str, Random], str], ...] = (
    *(_delete, _delete, _double, _put, _put, _put, _swap, _swap, _rename, _lines, _cut, _splice, _insert, _characters),
    *(_repeat, renumbered, renumbered),
)
