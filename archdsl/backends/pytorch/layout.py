"""Lines of Python: long calls and signatures are broken, one argument a line."""

from __future__ import annotations

import ast
from collections.abc import Sequence

WIDTH = 110


def call_lines(head: str, arguments: Sequence[str], tail: str) -> list[str]:
    """`head(arguments)tail` on one line, or one argument a line where it would pass the width."""
    line = f"{head}({', '.join(arguments)}){tail}"
    if len(line) <= WIDTH:
        return [line]
    indent = " " * (len(head) - len(head.lstrip()))
    inner = f"{indent}    {', '.join(arguments)}"
    if len(inner) <= WIDTH:
        return [f"{head}(", inner, f"{indent}){tail}"]
    return [f"{head}(", *(f"{indent}    {argument}," for argument in arguments), f"{indent}){tail}"]


def expression_lines(target: str, text: str, tail: str = "") -> list[str]:
    """`target` followed by an expression; calls of `pipeline`, and whatever is too long, one argument a line."""
    line = f"{target}{text}{tail}"
    if text.startswith("*") or (len(line) <= WIDTH and not text.startswith("pipeline(")):
        return [line]
    node = ast.parse(text, mode="eval").body
    if isinstance(node, ast.IfExp):
        return _conditional_lines(target, text, node, tail)
    if not isinstance(node, ast.Call):
        return [line]
    indent = " " * (len(target) - len(target.lstrip()))
    function = ast.get_source_segment(text, node.func)
    parts: list[tuple[str, str]] = [("", ast.get_source_segment(text, part) or "") for part in node.args]
    parts += [(f"{part.arg}=", ast.get_source_segment(text, part.value) or "") for part in node.keywords]
    inner = f"{indent}    {', '.join(name + value for name, value in parts)}"
    if len(inner) <= WIDTH and function != "pipeline":
        return [f"{target}{function}(", inner, f"{indent}){tail}"]
    lines = [f"{target}{function}("]
    for name, value in parts:
        lines += expression_lines(f"{indent}    {name}", value, ",")
    return [*lines, f"{indent}){tail}"]


def _conditional_lines(target: str, text: str, node: ast.IfExp, tail: str) -> list[str]:
    """`chosen if condition else otherwise`, in parentheses, one part a line."""
    indent = " " * (len(target) - len(target.lstrip()))
    chosen, condition, otherwise = (ast.get_source_segment(text, part) or "" for part in (node.body, node.test, node.orelse))
    return [
        f"{target}(",
        *expression_lines(f"{indent}    ", chosen),
        f"{indent}    if {condition}",
        f"{indent}    else {otherwise}",
        f"{indent}){tail}",
    ]
