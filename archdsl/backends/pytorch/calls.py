"""Calls as Python text."""

from __future__ import annotations

from collections.abc import Mapping

# Python text for the value of an attribute, or for `in_channels`: what emitted code passes to a constructor.
Expressions = Mapping[str, str]


def call(function: str, *positional: str, **keywords: str | None) -> str:
    """The text of a call; a keyword whose text is None (its default) is left out."""
    parts = [*positional, *(f"{name}={text}" for name, text in keywords.items() if text is not None)]
    return f"{function}({', '.join(parts)})"


def operand(text: str) -> str:
    """An expression as an operand of `*` or `//`: in parentheses unless it is a name or a number."""
    return text if text.isidentifier() or text.isdigit() else f"({text})"


def unless(default: str, text: str) -> str | None:
    """The text of an argument, None where that is what the constructor takes by itself."""
    return None if text == default else text
