"""Text of a file inside Markdown: emphasis and code at most, never a link, an image, a tag or a table."""

from __future__ import annotations

import re

from archdsl.diagnostics.render import printable, printable_lines

# Code within a line; a `|` would end it in a table. Whatever else could begin or end something is written `\x`.
_CODE = re.compile(r"(?<!`)(`[^`|\n]+`)(?!`)")
_SPECIAL = re.compile(r"[\\`\[\]<>|~&]")


def prose(text: str) -> str:
    """A doc comment as a paragraph."""
    parts = _CODE.split(printable_lines(text))
    return "".join(part if index % 2 else _SPECIAL.sub(r"\\\g<0>", part) for index, part in enumerate(parts))


def code(text: str) -> str:
    """Text of the language as a block of code."""
    fence = "`" * max(3, _longest(text) + 1)
    return f"{fence}arch\n{printable_lines(text)}\n{fence}"


def inline(text: str) -> str:
    """A value as code within a line."""
    fence = "`" * (_longest(text) + 1)
    # A space on each side is not part of the code; one of spaces alone keeps them all.
    space = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) or not text.strip() else ""
    return f"{fence}{space}{printable(text)}{space}{fence}" if text else '`""`'


def _longest(text: str) -> int:
    """The longest run of backticks."""
    return max(map(len, re.findall("`+", text)), default=0)
