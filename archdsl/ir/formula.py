"""Formulas: the scalar expressions from which the values of a block came, as nodes.

A formula speaks of the scalars of one block: its parameters, its own bindings, and facts of its input under the names
`in_channels`, `in_height`, `in_width` or `in_<fact>`. Backends use formulas to write code that computes what the table
says (`hidden = divisible(in_channels * expansion)`) instead of numbers without a reason. A value always stands beside
its formula, so a backend that has no use for formulas loses nothing.

An architecture holds formulas as text, which `notation` writes and `parse` reads: that of the language, but for a
conditional, `a if b else c`, and a pair of sizes, `(a, b)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Annotated, Any, Self, cast

from msgspec import Struct
from pydantic import AfterValidator


class FormulaError(ValueError):
    """A text that is no formula."""


class Expression(Struct, frozen=True):
    """A node; what its fields hold of other nodes, alone or in tuples, are its parts. Backends may add kinds."""

    @property
    def parts(self) -> Iterator[Expression]:
        """The nodes right below this one, in their order."""
        for field in self.__struct_fields__:
            yield from _expressions(getattr(self, field))

    def rebuilt(self, change: Callable[[Expression], Expression]) -> Self:
        """The same node of changed parts."""
        return type(self)(*(_changed(getattr(self, field), change) for field in self.__struct_fields__))


class Name(Expression, frozen=True):
    name: str


class Constant(Expression, frozen=True):
    """A number, a truth value, a word or None; `kind` keeps apart what is equal in Python: 1, 1.0 and True."""

    value: bool | int | float | str | None
    kind: type


class Call(Expression, frozen=True):
    function: str
    arguments: tuple[Expression, ...] = ()
    named: tuple[tuple[str, Expression], ...] = ()


class Operation(Expression, frozen=True):
    """Arithmetic: `+`, `-`, `*`, `/`, `//`, `%` or `**`."""

    operator: str
    left: Expression
    right: Expression


class Unary(Expression, frozen=True):
    """`-` or `not`."""

    operator: str
    operand: Expression


class Comparison(Expression, frozen=True):
    operator: str
    left: Expression
    right: Expression


class Logical(Expression, frozen=True):
    """`and` or `or` of two or more."""

    operator: str
    operands: tuple[Expression, ...]


class Conditional(Expression, frozen=True):
    test: Expression
    chosen: Expression
    otherwise: Expression


class Tuple(Expression, frozen=True):
    elements: tuple[Expression, ...]


def constant(value: bool | int | float | str | None) -> Constant:
    """A value as a node."""
    return Constant(value, type(value))


def walk(node: Expression) -> Iterator[Expression]:
    """A node and all that it is made of."""
    yield node
    for part in node.parts:
        yield from walk(part)


@lru_cache(maxsize=4096)
def names(node: Expression) -> frozenset[str]:
    """The scalars that a formula speaks of."""
    return frozenset(part.name for part in walk(node) if isinstance(part, Name))


def _expressions(value: Any) -> Iterator[Expression]:
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _expressions(item)


def _changed(value: Any, change: Callable[[Expression], Expression]) -> Any:
    if isinstance(value, Expression):
        return change(value)
    return tuple([_changed(item, change) for item in value]) if isinstance(value, tuple) else value


# The notation --------------------------------------------------------------------------------------------------------

# How tightly operators bind, loosest first.
_CONDITIONAL, _OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGN, _POWER, _TIGHTEST = range(10)
_BINDS = {
    "or": _OR,
    "and": _AND,
    "**": _POWER,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), _COMPARISON),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/", "//", "%"), _PRODUCT),
}


def notation(node: Expression) -> str:
    """A formula in the notation that `parse` reads."""
    return _text(node, _CONDITIONAL)


def _text(node: Expression, loosest: int) -> str:
    written, binds = _written(node)
    return f"({written})" if binds < loosest else written


def _written(node: Expression) -> tuple[str, int]:
    """A node as text, and how tightly that binds."""
    match node:
        case Name(name):
            return name, _TIGHTEST
        case Constant(value):
            return repr(value), _TIGHTEST
        case Operation("**", left, right):
            return f"{_text(left, _TIGHTEST)} ** {_text(right, _POWER)}", _POWER
        case Operation(operator, left, right):
            binds = _BINDS[operator]
            return f"{_text(left, binds)} {operator} {_text(right, binds + 1)}", binds
        case Comparison(operator, left, right):
            return f"{_text(left, _SUM)} {operator} {_text(right, _SUM)}", _COMPARISON
        case Logical(operator, operands):
            binds = _BINDS[operator]
            return f" {operator} ".join([_text(operand, binds + 1) for operand in operands]), binds
        case Unary("not", operand):
            return f"not {_text(operand, _NOT)}", _NOT
        case Unary(_, operand):
            return f"-{_text(operand, _SIGN)}", _SIGN
        case Conditional(test, chosen, otherwise):
            parts = [_text(part, _OR) for part in (chosen, test, otherwise)]
            return f"{parts[0]} if {parts[1]} else {parts[2]}", _CONDITIONAL
        case Call(function, arguments, named):
            inside = [_text(argument, _CONDITIONAL) for argument in arguments]
            inside += [f"{name}={_text(argument, _CONDITIONAL)}" for name, argument in named]
            return f"{function}({', '.join(inside)})", _TIGHTEST
        case Tuple(elements):
            return f"({', '.join([_text(element, _CONDITIONAL) for element in elements])})", _TIGHTEST
    raise TypeError(f"{type(node).__name__} is no part of a formula")


# More nodes within one another than the deepest expression of the language gives; nodes are compared by recursion.
_DEEPEST = 300
_TOO_DEEP = "a formula is nested too deeply"


@lru_cache(maxsize=4096)
def parse(formula: str) -> Expression:
    """The nodes of a formula.

    Raises:
        FormulaError: for a text that is none.
    """
    try:
        node = _Parser(formula).whole()
    except RecursionError:
        raise FormulaError(_TOO_DEEP) from None
    level: list[Expression] = [node]
    for _ in range(_DEEPEST):
        level = [part for one in level for part in one.parts]
        if not level:
            return node
    raise FormulaError(_TOO_DEEP)


def _checked(formula: str) -> str:
    """A formula from outside, which becomes code: it calls the functions of the language, and nothing else."""
    from archdsl.ir.functions import OF_NUMBERS

    level: list[Expression] = [parse(formula)]
    while level:
        for node in level:
            if isinstance(node, Call) and node.function not in {*OF_NUMBERS, "length", "item"}:
                raise FormulaError(f"a formula cannot call `{node.function}`")
        level = [part for one in level for part in one.parts]
    return formula


# A formula of an architecture, as text; one that comes from outside is read before it is taken for one.
Formula = Annotated[str, AfterValidator(_checked)]

# Compiled when first used: what elaborates a text reads no formulas.
_TOKEN = r"""(?P<number>\d+(?:\.\d*)?(?:e[+-]?\d+)?) | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>\*\*|//|[=!<>]=|[-+*/%<>(),=]) | (?P<word>'(?:[^'\\\n]|\\.)*' | "(?:[^"\\\n]|\\.)*") | (?P<other>\S)"""
_ESCAPE = r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))"
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_CONSTANTS = {"True": True, "False": False, "None": None}
_WORDS = {"if", "else", "and", "or", "not"}


class _Parser:
    """Reads one formula by precedence climbing."""

    def __init__(self, formula: str):
        found = re.finditer(_TOKEN, formula, re.ASCII | re.VERBOSE)
        self.tokens = [(match.lastgroup or "", match[0]) for match in found]
        self.tokens += [("end", "")] * 2  # one to look ahead at
        self.at = 0

    def whole(self) -> Expression:
        node = self.conditional()
        if self.tokens[self.at][0] != "end":
            raise self.unexpected()
        return node

    def conditional(self) -> Expression:
        chosen = self.operand(_OR)
        if not self.taken("if"):
            return chosen
        test = self.operand(_OR)
        self.expect("else")
        return Conditional(test, chosen, self.conditional())

    def operand(self, loosest: int) -> Expression:
        left = self.prefixed(loosest)
        while (binds := _BINDS.get(operator := self.tokens[self.at][1], -1)) >= loosest:
            self.at += 1
            # `**` groups to the right and takes a sign; comparisons do not follow one another.
            right = self.operand(_SIGN if operator == "**" else binds + 1)
            if binds in (_OR, _AND):
                operands = [left, right]
                while self.taken(operator):
                    operands.append(self.operand(binds + 1))
                left = Logical(operator, tuple(operands))
            elif binds == _COMPARISON:
                left = Comparison(operator, left, right)
                if _BINDS.get(self.tokens[self.at][1]) == _COMPARISON:
                    raise self.unexpected()
            else:
                left = Operation(operator, left, right)
        return left

    def prefixed(self, loosest: int) -> Expression:
        if loosest <= _NOT and self.taken("not"):
            return Unary("not", self.operand(_NOT))
        return Unary("-", self.operand(_SIGN)) if self.taken("-") else self.atom()

    def atom(self) -> Expression:
        kind, token = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return constant(float(token) if not token.isdigit() else int(token))
        if kind == "word":
            return constant(re.sub(_ESCAPE, _unescaped, token[1:-1]))
        if token in _CONSTANTS:
            return constant(_CONSTANTS[token])
        if kind == "name" and token not in _WORDS:
            return self.call(token) if self.taken("(") else Name(token)
        if token == "(":
            return self.group()
        self.at -= 1
        raise self.unexpected()

    def group(self) -> Expression:
        """What follows a `(` that is not of a call: an expression, or a pair."""
        first = self.conditional()
        if self.taken(","):
            first = Tuple((first, self.conditional()))
        self.expect(")")
        return first

    def call(self, function: str) -> Expression:
        arguments: list[Expression] = []
        named: list[tuple[str, Expression]] = []
        while not self.taken(")"):
            if arguments or named:
                self.expect(",")
            (kind, name), (_, after) = self.tokens[self.at : self.at + 2]
            if kind == "name" and after == "=":
                self.at += 2
                named.append((name, self.conditional()))
            elif named:
                raise self.unexpected()
            else:
                arguments.append(self.conditional())
        return Call(function, tuple(arguments), tuple(named))

    def taken(self, token: str) -> bool:
        """Goes past a token, if it is the next one."""
        is_next = self.tokens[self.at][1] == token
        self.at += is_next
        return is_next

    def expect(self, token: str) -> None:
        if not self.taken(token):
            raise self.unexpected()

    def unexpected(self) -> FormulaError:
        kind, token = self.tokens[self.at]
        return FormulaError("a formula ends too early" if kind == "end" else f"a formula cannot go on with `{token}`")


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    return chr(int(code, 16)) if code else _ESCAPED.get(cast("str", match[4]), match[4])
