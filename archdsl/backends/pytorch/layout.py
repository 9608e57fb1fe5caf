"""Lines of Python as its formatters lay them out: what is too long is broken, one argument a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

from archdsl.backends.pytorch.nodes import Collected, Copies, Generated, Listed
from archdsl.backends.pytorch.spelling import arguments, precedence, spelled
from archdsl.backends.pytorch.tidy import tidied
from archdsl.ir.formula import Call, Conditional, Constant, Expression, Logical, Name, Operation, Tuple, walk

WIDTH = 120
_BODY_WIDTH = WIDTH - 8  # of a method's body

_PIPELINES = ("pipeline", "SequentialWith")
_SUMS = ("+", "-")
_PRODUCTS = ("*", "/", "//", "%")


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


def expression_lines(target: str, expression: Expression) -> list[str]:
    """`target`, such as `self.stem = `, followed by an expression: lines of a method's body, not yet indented."""
    if isinstance(expression, Collected):
        return _collected(target.removesuffix(" = "), expression)
    node = tidied(expression)
    return _broken_in_a_call(target, node) or _lines(target, node, "")


def _broken_in_a_call(target: str, node: Expression) -> list[str]:
    """Two operands that end with a call, broken inside of that call, or of the first one; none where neither does."""
    if not isinstance(node, Operation) or len(_operands(node)) != 2 or _is_broken(node):
        return []
    last = node.right
    while isinstance(last, Operation) and precedence(last) > precedence(node):
        last = last.right
    if not _fills_brackets(last):
        return []
    before, after = spelled(node).removesuffix(spelled(last)), f" {node.operator} {spelled(node.right)}"
    if len(f"{target}{before}{spelled(last)}") <= _BODY_WIDTH:
        return []
    if len(f"{target}{before}{last.function}(") <= _BODY_WIDTH:
        return _lines(f"{target}{before}", last, "")
    if not _fills_brackets(node.left) or len(f"){after}") > _BODY_WIDTH:
        return []
    return _lines(target, node.left, after)


def _fills_brackets(node: Expression) -> TypeGuard[Call]:
    return isinstance(node, Call) and bool(arguments(node))


def _collected(name: str, node: Collected) -> list[str]:
    """A list, and the loop that appends to it."""
    body = [line for variable, value in node.computed for line in expression_lines(f"{variable} = ", value)]
    body += expression_lines(f"{name}.append(", node.element)
    body[-1] += ")"
    over = spelled(tidied(node.over))
    return [f"{name}: list[Tensor] = []", f"for {node.variables} in {over}:", *(f"    {line}" for line in body)]


def loop_lines(variables: Sequence[str], over: str) -> list[str]:
    """The head of a loop, as a line of a method's body."""
    line = f"for {', '.join(variables)} in {over}:"
    return [line] if len(line) <= _BODY_WIDTH else ["for (", *(f"    {name}," for name in variables), f") in {over}:"]


def _lines(target: str, node: Expression, tail: str) -> list[str]:
    line = f"{target}{spelled(node)}{tail}"
    if len(line) <= _BODY_WIDTH and not _is_broken(node):
        return [line]
    indent = " " * (len(target) - len(target.lstrip()))
    match node:
        case Call():
            inside = _inside(indent, arguments(node), _is_pipeline(node))
            return [f"{target}{node.function}(", *inside, f"{indent}){tail}"]
        case Generated(element, variables, over):
            return [*_lines(target, element, ""), *_lines(f"{indent}for {variables} in ", over, tail)]
        case Listed(elements):
            return [f"{target}[", *_inside(indent, [("", part) for part in elements], False), f"{indent}]{tail}"]
        case Tuple(elements):
            return [f"{target}(", *_inside(indent, [("", part) for part in elements], False), f"{indent}){tail}"]
        case Conditional():
            pieces = _alternatives(node)
        case Copies(element, variable, over):
            pieces = [("", element), (f"for {variable} in ", over)]
            target += "*"
        case Operation(operator) if operator != "**":
            pieces = _operands(node)
        case Logical(operator, (first, *others)):
            pieces = [("", first), *((f"{operator} ", value) for value in others)]
        case _:
            return [line]
    inner = f"{indent}    {spelled(node)}"
    if isinstance(node, Copies):
        inner = f"{indent}    {spelled(node)[2:-1]}"
    if len(inner) <= _BODY_WIDTH and not _is_broken(node):
        return [f"{target}(", inner, f"{indent}){tail}"]
    lines = [line for prefix, part in pieces for line in _piece(f"{indent}    {prefix}", part, node)]
    return [f"{target}(", *lines, f"{indent}){tail}"]


def _piece(prefix: str, part: Expression, whole: Expression) -> list[str]:
    """A piece of a broken expression on lines of its own."""
    # What binds no tighter than the operators beside it stands in parentheses of its own.
    is_beside = isinstance(whole, Operation | Logical | Conditional) and not isinstance(part, Name | Constant)
    if not is_beside or precedence(part) > precedence(whole):
        return _lines(prefix, part, "")
    lines = _lines(f"{prefix}(", part, ")")
    if len(lines) == 1:
        return lines
    first, *inside, _ = lines
    return [first.removesuffix("("), *inside, f"{' ' * (len(prefix) - len(prefix.lstrip()))})"]


def _inside(indent: str, parts: Sequence[tuple[str, Expression]], is_broken: bool) -> list[str]:
    """What stands between brackets: on one line if it fits, else one part a line."""
    inner = f"{indent}    {', '.join(name + spelled(part) for name, part in parts)}"
    if len(inner) <= _BODY_WIDTH and not is_broken and not any(_is_broken(part) for _, part in parts):
        return [inner]
    if len(parts) == 1 and not parts[0][0] and isinstance(parts[0][1], Operation | Logical | Conditional):
        # Alone in its brackets it needs none of its own.
        lines = _lines(indent, parts[0][1], "")
        if (lines[0].strip(), lines[-1].strip()) == ("(", ")"):
            return lines[1:-1]
    comma = "," if len(parts) > 1 or is_broken else ""
    return [line for name, part in parts for line in _lines(f"{indent}    {name}", part, comma)]


def _alternatives(node: Conditional) -> list[tuple[str, Expression]]:
    """The parts of a conditional, and of those that follow after its `else`."""
    pieces = [("", node.chosen), ("if ", node.test)]
    if not isinstance(node.otherwise, Conditional):
        return [*pieces, ("else ", node.otherwise)]
    (_, chosen), *rest = _alternatives(node.otherwise)
    return [*pieces, ("else ", chosen), *rest]


def _operands(node: Operation) -> list[tuple[str, Expression]]:
    """The operands of the loosest operators, each with its operator in front."""
    symbols = _SUMS if node.operator in _SUMS else _PRODUCTS
    pieces: list[tuple[str, Expression]] = []
    current: Expression = node
    while isinstance(current, Operation) and current.operator in symbols:
        pieces.insert(0, (f"{current.operator} ", current.right))
        current = current.left
    return [("", current), *pieces]


def _is_pipeline(node: Expression) -> bool:
    return isinstance(node, Call) and node.function in _PIPELINES and bool(node.named)


def _is_broken(node: Expression) -> bool:
    """Whether an expression takes several lines however short it is: a pipeline shows one layer a line."""
    return any(_is_pipeline(part) for part in walk(node))
