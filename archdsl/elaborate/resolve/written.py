"""Expressions as they were written."""

from __future__ import annotations

from archdsl.language import tree


def shown(node: tree.Expression) -> str:
    """An expression as it was written, on one line and not too long."""
    text = " ".join(node.span.text.split())
    if text.startswith("(") and text.endswith(")") and ")" not in text[1:-1]:
        text = text[1:-1]
    return text if len(text) <= 80 else f"{text[:76]} ..."
