"""The way back from a value that is wrong to the text that it came from."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.diagnostics import Note, Span
from archdsl.diagnostics.wording import enumerated
from archdsl.elaborate.evaluate.describe import describe
from archdsl.elaborate.evaluate.values import Origin, Scope, Tensor, Value
from archdsl.elaborate.problems import in_library
from archdsl.elaborate.resolve.written import shown
from archdsl.ir.base import Size
from archdsl.language import tree

_MAX_NOTES = 4
_MAX_NAMES = 6
_ROUNDING = ("round", "round_even", "floor", "ceil", "divisible")


def trace(origin: Origin) -> Origin:
    """The expression that computed a value, found through the names and choices that only hand it on."""
    for _ in range(64):  # `act = act`, a default, hands on what the scope outside has
        node, scope = origin
        further = scope.origins.get(node.text) if isinstance(node, tree.Name) else None
        if isinstance(node, tree.Choice) and (taken := scope.decisions.get(id(node))) is not None:
            further = Origin(node.options[taken], scope)
        if further is None or further.node is node:
            break
        origin = further
    return origin


def blame(origin: Origin | None, span: Span, value: Value, taker: str) -> tuple[Span, tuple[Note, ...]]:
    """Where a wrong argument was written, and how it came about. `span` is the place when nothing was written."""
    if origin is None:
        return span, ()
    source = trace(origin)
    notes = () if source is origin else (Note(f"`{taker}` takes it here", origin.node.span),)
    return source.node.span, (*reasons(source, value), *notes)


def source_of(origin: Origin, value: Value, what: str) -> tuple[Note, ...]:
    """How a value came about that a layer meets and did not take itself, with the place where it was written."""
    source = trace(origin)
    first, *further = reasons(source, value) or (Note(f"the {describe(value)} {what} are written here", None),)
    return (Note(first.text, source.node.span), *further)


def rounded(origin: Origin, divisor: int) -> str | None:
    """Advice to round an expression, where it is the reader's, so that it gives a multiple of a number."""
    node = trace(origin).node
    if in_library(node.span) or isinstance(node, tree.Literal):
        return None
    if isinstance(node, tree.Call) and node.function.span.text in _ROUNDING and node.arguments:
        node = node.arguments[0].value
    return f"round the channels to a multiple: `divisible({shown(node)}, {divisor})`"


def reasons(origin: Origin, value: Value) -> tuple[Note, ...]:
    """How a value came about: its expression with the values of the names in it, then the expressions of those."""
    notes: list[Note] = []
    waiting = [(origin, value)]
    while waiting and len(notes) < _MAX_NOTES:
        (node, scope), value = waiting.pop(0)
        parts = [] if isinstance(node, tree.Literal) else list(_parts(node, scope))
        if parts and not isinstance(node, tree.Name):
            place = None if node is origin.node else node.span
            notes.append(Note(f"{describe(value)} comes from `{shown(node)}` with {_listed(parts)}", place))
        for text, inner, source in parts:
            if source is None:
                continue
            further = trace(source)
            if isinstance(further.node, tree.Literal) and in_library(node.span) and not in_library(further.node.span):
                notes.append(Note(f"`{text}` is {describe(inner)}", further.node.span))
            waiting.append((further, inner))
    return tuple(notes)


def situation(node: tree.Expression, scope: Scope) -> tuple[Note, ...]:
    """The values of the names in an expression that has no result, and how they came about."""
    parts = list(_parts(node, scope))
    if not parts:
        return ()
    further = [note for _, value, source in parts if source for note in reasons(trace(source), value)]
    return (Note(f"here {_listed(parts)}"), *further[:_MAX_NOTES])


def came_from(node: tree.Expression, scope: Scope) -> tuple[Note, ...]:
    """Where the value of a name was written, when that is somewhere else."""
    source = trace(Origin(node, scope))
    return () if source.node is node else (Note(f"`{shown(node)}` was given here", source.node.span),)


def values_of(node: tree.Expression, scope: Scope) -> str:
    """`a = 1 and b = 2` for the scalars that an expression speaks of, or nothing."""
    return _listed(list(_parts(node, scope)))


def _listed(parts: list[tuple[str, Value, Origin | None]]) -> str:
    return enumerated(f"{text} = {describe(value)}" for text, value, _ in parts) if parts else ""


def _parts(node: tree.Expression, scope: Scope) -> Iterator[tuple[str, Value, Origin | None]]:
    """The names and facts of an expression that have scalar values, each once, with where they came from."""
    seen: set[str] = set()
    for inner in _walk(node):
        text, value, source = "", None, None
        match inner:
            case tree.Name(text=text) if text in scope.names:
                value, source = scope.names[text], scope.origins.get(text)
            case tree.Fact(owner=tree.Name(text=owner), name=name) if isinstance(
                tensor := scope.names.get(owner), Tensor
            ):
                text, value = f"{owner}.{name.text}", _fact(tensor, name.text)
                if value is None:
                    continue
                source = tensor.channels_from if name.text == "channels" else None
            case _:
                continue
        if text not in seen and (value is None or isinstance(value, bool | int | float | Size)):
            seen.add(text)
            yield text, value, source
            if len(seen) == _MAX_NAMES:
                return


def _fact(tensor: Value, name: str) -> Value:
    assert isinstance(tensor, Tensor)
    return {**dict(tensor.facts), **dict(tensor.shape.facts)}.get(name)


def _walk(node: tree.Expression) -> Iterator[tree.Expression]:
    """The scalar parts of an expression, left to right, without recursion: it may be nested very deeply."""
    waiting: list[tree.Expression] = [node]
    while waiting:
        node = waiting.pop()
        yield node
        match node:
            case tree.Unary(operand=operand):
                waiting.append(operand)
            case tree.Binary(left=left, right=right):
                waiting += (right, left)
            case tree.Conditional(condition=condition, chosen=chosen, otherwise=otherwise):
                waiting += (otherwise, chosen, condition)
            case tree.Call(arguments=arguments):
                waiting += [argument.value for argument in reversed(arguments)]
            case tree.ShapeOf(sizes=sizes):
                waiting += reversed(sizes)
            case _:
                pass
