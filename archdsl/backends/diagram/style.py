"""How diagrams look and what texts they have: colours, lines of text, numbers, and how much there may be."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from archdsl.backends.diagram.errors import TooManyDrawn
from archdsl.ir.base import Scalar, Size
from archdsl.limits import limits

INK = "#1f2933"
SOFT = "#52606d"
LINE = "#7b8794"
ACCENT = "#0072b2"


class Colors(NamedTuple):
    """A pale ground that dark text reads well on, in print too, and a border strong enough to separate boxes."""

    ground: str
    border: str


# After Okabe & Ito (2008), whose hues stay apart for colour-blind readers; the grounds are tints of them.
PALETTE = (
    Colors("#dcebf7", "#0072b2"),
    Colors("#fdebd0", "#c46a00"),
    Colors("#d8f0e4", "#00795c"),
    Colors("#f4e1ec", "#a8487f"),
    Colors("#faf4c8", "#8f8000"),
    Colors("#f9ddd3", "#b84a00"),
    Colors("#e2e4f6", "#4f5bb5"),
)
NEUTRAL = Colors("#f3f4f6", "#7b8794")
WHITE = Colors("#ffffff", "#52606d")

# One colour for each family of operators, which are the files of `archdsl.ir.operators`.
FAMILIES = {
    "convolution": PALETTE[0],
    "linear": PALETTE[3],
    "dot_product": PALETTE[3],
    "pooling": PALETTE[2],
    "arrangement": PALETTE[4],
    "block": PALETTE[1],
    "extern": PALETTE[5],
    "combine": WHITE,
}


def palette(kinds: Iterable[str]) -> dict[str, Colors]:
    """A colour for each kind, in the order in which they come up first."""
    distinct = dict.fromkeys(kinds)
    return {kind: PALETTE[index % len(PALETTE)] for index, kind in enumerate(distinct)}


# Texts ---------------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Text without what has no place in a label: control and bidi characters, half characters, runs of white space."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept = (" " if character.isspace() else character for character in text)
    return " ".join("".join(c for c in kept if not unicodedata.category(c).startswith("C")).split())


def first_line(doc: str) -> str:
    """What a doc comment says in short."""
    return next(iter(doc.strip().splitlines()), "")


def wrapped(text: str, width: int, lines: int = 2) -> list[str]:
    """Text in at most so many lines, with an ellipsis where something was left out."""
    return list(_wrapped(text, width, lines))


@lru_cache(maxsize=64)
def _wrapped(text: str, width: int, lines: int) -> tuple[str, ...]:
    """All variants of a model have its text."""
    return tuple(textwrap.wrap(plain(text), width, max_lines=lines, placeholder=" …", break_on_hyphens=False))


# Numbers -------------------------------------------------------------------------------------------------------------


def number(value: float) -> str:
    """A number without needless digits."""
    is_whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1e6)
    return str(int(value)) if is_whole else f"{value:.4g}"


def value(argument: Scalar) -> str:
    """An argument as the language writes it."""
    if isinstance(argument, Size):
        return str(argument)
    if argument is None or isinstance(argument, bool):
        return str(argument).lower()
    return argument if isinstance(argument, str) else number(argument)


def filled(facts: Iterable[str], letters: int) -> list[str]:
    """Facts on as few lines as they fit."""
    lines: list[str] = []
    for fact in facts:
        if lines and len(lines[-1]) + len(fact) + 3 <= letters:
            lines[-1] += f" · {fact}"
        else:
            lines.append(fact)
    return lines


def spread(values: Iterable[float]) -> str:
    """What a figure says of a number that differs from place to place: `3`, `3 / 5`, `16–320`."""
    distinct = sorted(set(values))
    if len(distinct) <= 2:
        return " / ".join(map(number, distinct))
    return f"{number(distinct[0])}–{number(distinct[-1])}"


def bound_networks(count: int, things: str = "networks") -> None:
    """Refuse more columns than Graphviz, whose time grows with their square, places in a second or two."""
    bound(count, "drawn_networks", things, "draw one with `--variant`")


def bound(count: int, name: str, things: str, instead: str) -> None:
    """Refuse to draw more than Graphviz lays out within a minute, or than anyone could read: the limit `name`."""
    if count > getattr(limits(), name):
        raise TooManyDrawn(count, things, name, instead).error()
