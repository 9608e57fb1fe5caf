"""Values, doc comments and names as Python source."""

from __future__ import annotations

import builtins
import keyword
import re
import textwrap
from collections.abc import Sequence
from typing import Any

from archdsl.backends.pytorch.helpers import SOURCES
from archdsl.backends.pytorch.layout import WIDTH
from archdsl.backends.pytorch.line_helpers import LINE_SOURCES
from archdsl.backends.pytorch.nodes import Code
from archdsl.backends.pytorch.spelling import spelled, text_literal, visible

# A line that goes on with nothing before it: an item of a list, a row of a table, text that is indented.
_BEGINS = re.compile(r"\s+\S|[-*+|#>]|\d+[.)]")
# What files import.
IMPORTED = ("torch", "nn", "functional", "Tensor", "Callable", "checkpoint", "Any", "operator")
# What the names of a file mean already, whatever it defines.
FILE_NAMES = frozenset(
    {
        *dir(builtins),
        *keyword.kwlist,
        "torch",
        "nn",
        "functional",
        "Tensor",
        "Block",
        *IMPORTED,
        *SOURCES,
        *LINE_SOURCES,
    }
)


def literal(value: Any) -> str:
    """A value as Python source."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, Code):
        return spelled(value.expression)
    return text_literal(value) if isinstance(value, str) else repr(value)


def docstring_lines(text: str) -> list[str]:
    """A doc comment as the lines of a docstring: nothing in it can end the string, or hide from the reader."""
    # Quotes stay as they are but where they could be taken for the string's own.
    shown = re.sub(r'^"|"$|"(?="")|(?<=")"', r"\"", visible(text.strip()))
    lines: list[str] = []
    for paragraph in _paragraphs(f'"""{shown}'.split("\n")):
        lines += textwrap.wrap(paragraph, WIDTH - 4, break_long_words=False, break_on_hyphens=False) or [""]
    is_short = len(lines) == 1 and len(lines[0]) + 3 <= WIDTH - 4
    return [f'{lines[0]}"""'] if is_short else [*lines, '"""']


def _paragraphs(lines: Sequence[str]) -> list[str]:
    """Lines as they are, but for those around one that is too long: text that goes on is wrapped as one piece."""
    found: list[str] = []
    run: list[str] = []
    for line in [*lines, ""]:
        if not line.strip() or _BEGINS.match(line):  # what stands before it ends
            found += [" ".join(run)] if any(len(one) > WIDTH - 4 for one in run) else run
            run = []
        if line.strip():
            run.append(line)
        else:
            found.append("")
    return found[:-1]


# Names ---------------------------------------------------------------------------------------------------------------


def function_name(name: str) -> str:
    """The function that builds the network `name`: its name, with a `_` where Python or emitted code has taken it."""
    # Names such as `__all__` and `__getattr__` are a module's own, those that Python has yet to think of included.
    is_dunder = name.startswith("__") and name.endswith("__")
    return f"{name}_" if is_dunder or name.rstrip("_") in FILE_NAMES else name
