"""Values, doc comments and names as Python source."""

from __future__ import annotations

import builtins
import keyword
import re
import textwrap
from typing import Any

from archdsl.backends.pytorch.helpers import SOURCES
from archdsl.backends.pytorch.layout import WIDTH
from archdsl.backends.pytorch.nodes import Code
from archdsl.backends.pytorch.spelling import spelled, text_literal, visible

# What files import.
IMPORTED = ("torch", "nn", "functional", "Tensor", "Callable", "checkpoint")
# What the names of a file mean already, whatever it defines.
FILE_NAMES = frozenset(
    {*dir(builtins), *keyword.kwlist, "torch", "nn", "functional", "Tensor", "Block", *IMPORTED, *SOURCES}
)


def literal(value: Any) -> str:
    """A value as Python source."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))})"
    if isinstance(value, Code):
        return spelled(value.expression)
    return text_literal(value) if isinstance(value, str) else repr(value)


def docstring_lines(text: str) -> list[str]:
    """A doc comment as the lines of a docstring: nothing in it can end the string, or hide from the reader."""
    # Quotes stay as they are but where they could be taken for the string's own.
    shown = re.sub(r'^"|"$|"(?="")|(?<=")"', r"\"", visible(text.strip()))
    lines: list[str] = []
    for line in f'"""{shown}'.split("\n"):
        lines += textwrap.wrap(line, WIDTH - 4, break_long_words=False, break_on_hyphens=False) or [""]
    is_short = len(lines) == 1 and len(lines[0]) + 3 <= WIDTH - 4
    return [f'{lines[0]}"""'] if is_short else [*lines, '"""']


# Names ---------------------------------------------------------------------------------------------------------------


def function_name(name: str) -> str:
    """The function that builds the network `name`: its name, with a `_` where Python or emitted code has taken it."""
    # Names such as `__all__` and `__getattr__` are a module's own, those that Python has yet to think of included.
    is_dunder = name.startswith("__") and name.endswith("__")
    return f"{name}_" if is_dunder or name.rstrip("_") in FILE_NAMES else name
