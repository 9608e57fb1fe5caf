"""Lines of Python as its formatters lay them out: what is too long is broken, one argument a line.

Expressions come as text, with as many parentheses as is safe; they leave with those that they need.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from archdsl.backends.pytorch.spelling import arguments, precedence, spelled
from archdsl.backends.pytorch.tidy import Tidy

WIDTH = 120
_BODY_WIDTH = WIDTH - 8  # of a method's body

_PIPELINES = ("pipeline", "pipeline_like")
_SUMS: dict[type, str] = {ast.Add: "+ ", ast.Sub: "- "}
_PRODUCTS: dict[type, str] = {ast.Mult: "* ", ast.Div: "/ ", ast.FloorDiv: "// ", ast.Mod: "% "}


def call_lines(head: str, arguments: Sequence[str], tail: str) -> list[str]:
    """`head(arguments)tail` on one line, or its arguments on a line of their own, or one argument a line."""
    line = f"{head}({', '.join(arguments)}){tail}"
    if len(line) <= WIDTH:
        return [line]
    indent = " " * (len(head) - len(head.lstrip()))
    inner = f"{indent}    {', '.join(arguments)}"
    if len(inner) <= WIDTH:
        return [f"{head}(", inner, f"{indent}){tail}"]
    return [f"{head}(", *(f"{indent}    {argument}," for argument in arguments), f"{indent}){tail}"]


def expression_lines(target: str, text: str) -> list[str]:
    """`target`, such as `self.stem = `, followed by an expression: lines of a method's body, not yet indented."""
    return _lines(target, Tidy().visit(ast.parse(text, mode="eval").body), "")


def loop_lines(variables: Sequence[str], over: str) -> list[str]:
    """The head of a loop, as a line of a method's body."""
    line = f"for {', '.join(variables)} in {over}:"
    return [line] if len(line) <= _BODY_WIDTH else ["for (", *(f"    {name}," for name in variables), f") in {over}:"]


def _lines(target: str, node: ast.expr, tail: str) -> list[str]:
    line = f"{target}{spelled(node)}{tail}"
    if len(line) <= _BODY_WIDTH and not _is_broken(node):
        return [line]
    indent = " " * (len(target) - len(target.lstrip()))
    match node:
        case ast.Starred(value=value):
            return _lines(f"{target}*", value, tail)
        case ast.Call():
            inside = _inside(indent, arguments(node), _is_pipeline(node))
            return [f"{target}{spelled(node.func)}(", *inside, f"{indent}){tail}"]
        case ast.Tuple(elts=elements):
            return [f"{target}(", *_inside(indent, [("", part) for part in elements], False), f"{indent}){tail}"]
        case ast.IfExp():
            pieces = _alternatives(node)
        case ast.GeneratorExp(elt=element, generators=[ast.comprehension(target=variable, iter=iterable)]):
            pieces = [("", element), (f"for {spelled(variable)} in ", iterable)]
        case ast.BinOp(op=operator) if not isinstance(operator, ast.Pow):
            pieces = _operands(node)
        case ast.BoolOp(values=[first, *others]):
            word = "and " if isinstance(node.op, ast.And) else "or "
            pieces = [("", first), *((word, value) for value in others)]
        case _:
            return [line]
    inner = f"{indent}    {spelled(node)}"
    if isinstance(node, ast.GeneratorExp):
        inner = f"{indent}    {spelled(node)[1:-1]}"
    if len(inner) <= _BODY_WIDTH and not _is_broken(node):
        return [f"{target}(", inner, f"{indent}){tail}"]
    lines = [line for prefix, part in pieces for line in _piece(f"{indent}    {prefix}", part, node)]
    return [f"{target}(", *lines, f"{indent}){tail}"]


def _piece(prefix: str, part: ast.expr, whole: ast.expr) -> list[str]:
    """A piece of a broken expression on lines of its own."""
    # What binds no tighter than the operators beside it stands in parentheses of its own.
    is_beside = isinstance(whole, ast.BinOp | ast.BoolOp | ast.IfExp) and not isinstance(part, ast.Name | ast.Constant)
    if not is_beside or precedence(part) > precedence(whole):
        return _lines(prefix, part, "")
    lines = _lines(f"{prefix}(", part, ")")
    if len(lines) == 1:
        return lines
    first, *inside, _ = lines
    return [first.removesuffix("("), *inside, f"{' ' * (len(prefix) - len(prefix.lstrip()))})"]


def _inside(indent: str, parts: Sequence[tuple[str, ast.expr]], is_broken: bool) -> list[str]:
    """What stands between brackets: on one line if it fits, else one part a line."""
    inner = f"{indent}    {', '.join(name + spelled(part) for name, part in parts)}"
    if len(inner) <= _BODY_WIDTH and not is_broken and not any(_is_broken(part) for _, part in parts):
        return [inner]
    comma = "," if len(parts) > 1 or is_broken else ""
    return [line for name, part in parts for line in _lines(f"{indent}    {name}", part, comma)]


def _alternatives(node: ast.IfExp) -> list[tuple[str, ast.expr]]:
    """The parts of a conditional, and of those that follow after its `else`."""
    pieces = [("", node.body), ("if ", node.test)]
    if not isinstance(node.orelse, ast.IfExp):
        return [*pieces, ("else ", node.orelse)]
    (_, chosen), *rest = _alternatives(node.orelse)
    return [*pieces, ("else ", chosen), *rest]


def _operands(node: ast.BinOp) -> list[tuple[str, ast.expr]]:
    """The operands of the loosest operators, each with its operator in front."""
    symbols = _SUMS if type(node.op) in _SUMS else _PRODUCTS
    pieces: list[tuple[str, ast.expr]] = []
    current: ast.expr = node
    while isinstance(current, ast.BinOp) and type(current.op) in symbols:
        pieces.insert(0, (symbols[type(current.op)], current.right))
        current = current.left
    return [("", current), *pieces]


def _is_pipeline(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _PIPELINES


def _is_broken(node: ast.expr) -> bool:
    """Whether an expression takes several lines however short it is: a pipeline shows one layer a line."""
    return any(_is_pipeline(part) for part in ast.walk(node))
