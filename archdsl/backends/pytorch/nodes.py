"""Expressions of Python that no formula has: with the nodes of formulas, they are the source that is emitted.

Functions and attributes are names with dots: `nn.Conv2d`, `self.conv`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from archdsl.ir.formula import Call, Constant, Expression, Name, Tuple, constant, walk

# What emitted code passes to a constructor, by the name of an attribute, or `in_channels`.
Expressions = Mapping[str, Expression]


class Item(Expression, frozen=True):
    """`value[index]`."""

    value: Expression
    index: Expression


class Slice(Expression, frozen=True):
    """`value[first:last]`."""

    value: Expression
    first: Expression
    last: Expression


class Copies(Expression, frozen=True):
    """`*(element for variable in over)`, among the arguments of a call."""

    element: Expression
    variable: str
    over: Expression


class Generated(Expression, frozen=True):
    """`element for variables in over`, the only argument of a call or all of a list."""

    element: Expression
    variables: str
    over: Expression


class Starred(Expression, frozen=True):
    """`*value`, among the values of a list."""

    value: Expression


class Listed(Expression, frozen=True):
    """`[a, b]`, or `[a for b in c]`."""

    elements: tuple[Expression, ...]


class Collected(Expression, frozen=True):
    """A list that a loop appends to, as statements: `computed` are variables of a round, `element` what it appends."""

    computed: tuple[tuple[str, Expression], ...]
    element: Expression
    variables: str
    over: Expression


class Lambda(Expression, frozen=True):
    parameters: tuple[str, ...]
    body: Expression


class Derived(Expression, frozen=True):
    """Channels that came about by a calculation, which a name may say more plainly."""

    value: Expression


class Code(Struct, frozen=True):
    """An argument's value that is an expression, such as the name of a class, and no scalar."""

    expression: Expression


class Given(Code, frozen=True):
    """An argument's value that constructs a module and comes from the caller of the network, under the same name."""


def plain(node: Expression) -> Expression:
    """An expression, however it came about."""
    return node.value if isinstance(node, Derived) else node


def is_same(one: Expression | None, other: Expression | None) -> bool:
    """Whether channels are the same expression, however they came about."""
    return (one and plain(one)) == (other and plain(other))


def value_node(value: Any) -> Expression:
    """The value of an argument as source."""
    if isinstance(value, Code):
        return value.expression
    return Tuple(tuple(map(value_node, value))) if isinstance(value, tuple) else constant(value)


def is_variable(node: Expression) -> bool:
    """Whether an expression is a name without dots."""
    return isinstance(node, Name) and node.name.isidentifier()


def whole_number(node: Expression) -> int | None:
    """The number that an expression is, if it is a whole one and not negative."""
    match node:
        case Constant(int(number), kind) if kind is int and number >= 0:
            return number
    return None


def spoken(node: Expression) -> set[str]:
    """All names of an expression, those of the functions that it calls included; of names with dots their beginning."""
    found = {part.name for part in walk(node) if isinstance(part, Name)}
    found |= {part.function for part in walk(node) if isinstance(part, Call)}
    return {name.split(".")[0] for name in found}


def replaced(node: Expression, change: Callable[[Expression], Expression | None]) -> Expression:
    """An expression with other nodes in the place of those, the outermost first, that a change is known for."""
    new = change(node)
    return new if new is not None else node.rebuilt(lambda part: replaced(part, change))


def call(function: str, *positional: Expression, **named: Expression | None) -> Call:
    """A call; an argument that is None (its default) is left out."""
    return Call(function, positional, tuple((name, node) for name, node in named.items() if node is not None))


def unless(default: Any, node: Expression) -> Expression | None:
    """An argument, None where it is what the constructor takes by itself."""
    return None if node == constant(default) else node


def copies(element: Expression, count: Expression) -> Call:
    """So many modules in sequence."""
    return call("nn.Sequential", Copies(element, "_", call("range", count)))


IDENTITY = call("nn.Identity")
