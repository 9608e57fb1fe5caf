"""Formulas as Python: what is known is put in and folded, functions of the language are spelled in Python."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache, reduce
from typing import Any

from archdsl.backends.pytorch.nodes import Code, Derived, Item, call, value_node
from archdsl.backends.pytorch.tidy import tidy_conditional, tidy_not
from archdsl.ir.base import Scalar
from archdsl.ir.formula import (
    Call,
    Comparison,
    Conditional,
    Constant,
    Expression,
    Logical,
    Name,
    Operation,
    Tuple,
    Unary,
    constant,
    walk,
)
from archdsl.ir.functions import OF_NUMBERS

# Of an argument: a scalar of the architecture or a list of them, or source.
Value = Scalar | tuple[Scalar, ...] | Code

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "int": int,
    "bool": bool,
    "len": len,
    "length": len,
    "item": operator.getitem,
    **{name: function.compute for name, function in OF_NUMBERS.items()},
}
# What the names mean in the expressions that `spell` makes, where `round` and `sum` are Python's own.
_IN_SOURCE: dict[str, Callable[..., Any]] = {**_FUNCTIONS, "round": round, "sum": sum}
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": operator.is_,
    "is not": operator.is_not,
}


def value_of(node: Expression, scalars: Mapping[str, Value]) -> Any:
    """What the expression that `spell` made of a formula gives for these scalars; None when it has no value."""
    try:
        return _value(node, scalars, _IN_SOURCE)
    except (LookupError, TypeError, ValueError, ArithmeticError):
        return None


def _value(node: Expression, scalars: Mapping[str, Value], functions: Mapping[str, Callable[..., Any]]) -> Any:
    match node:
        case Name(name):
            return scalars[name]
        case Constant():
            return node.value
        case Operation(symbol, left, right) | Comparison(symbol, left, right):
            return _OPERATORS[symbol](_value(left, scalars, functions), _value(right, scalars, functions))
        case Conditional(test, chosen, otherwise):
            return _value(chosen if _value(test, scalars, functions) else otherwise, scalars, functions)
        case Logical(symbol, operands):
            value = None
            for operand in operands:
                value = _value(operand, scalars, functions)
                if bool(value) == (symbol == "or"):
                    break
            return value
        case Unary(symbol, operand):
            value = _value(operand, scalars, functions)
            return not value if symbol == "not" else -value
        case Call(function, arguments, named):
            given = [_value(argument, scalars, functions) for argument in arguments]
            return functions[function](*given, **{name: _value(one, scalars, functions) for name, one in named})
        case Tuple(elements):
            return tuple([_value(element, scalars, functions) for element in elements])
        case Derived(inner):
            return _value(inner, scalars, functions)
        case Item(value, index):
            return _value(value, scalars, functions)[_value(index, scalars, functions)]
    raise TypeError("no scalar")


def same(one: Any, other: Any) -> bool:
    """Equality that keeps booleans apart from numbers."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def spell(formula: Expression, known: Mapping[str, Value]) -> Expression:
    """The formula as Python has it, with the `known` names replaced by their values and constants folded."""
    # A class is written again until its constructor is settled. Python's own equality mixes 1, 1.0 and True.
    return _spelled(formula, tuple((name, type(value), value) for name, value in known.items()))


@lru_cache(maxsize=4096)
def _spelled(formula: Expression, known: tuple[tuple[str, type, Value], ...]) -> Expression:
    return _Folder({name: value for name, _, value in known}).folded(formula)


class _Folder:
    """Puts in what is known and says the rest as a person would."""

    def __init__(self, known: Mapping[str, Value]):
        self.known = known

    def folded(self, node: Expression) -> Expression:
        match node:
            case Name(name):
                return value_node(self.known[name]) if name in self.known else node
            case Conditional(test, chosen, otherwise):
                test = self.folded(test)
                if isinstance(test, Constant):
                    return self.folded(chosen if test.value else otherwise)
                return _computed(tidy_conditional(test, self.folded(chosen), self.folded(otherwise)))
            case Logical(symbol, operands):
                return self._logical(symbol, [self.folded(operand) for operand in operands])
            case Unary("not", operand):
                return _computed(tidy_not(self.folded(operand)))
            case Comparison(symbol, left, right):
                return _computed(_comparison(symbol, self.folded(left), self.folded(right)))
            case Call():
                made = _computed(node.rebuilt(self.folded))
                return _in_python(made) if isinstance(made, Call) else made
        return _computed(node.rebuilt(self.folded))

    def _logical(self, symbol: str, operands: list[Expression]) -> Expression:
        is_and = symbol == "and"
        left = []
        for operand in operands:
            if not isinstance(operand, Constant):
                left.append(operand)
            elif bool(operand.value) != is_and:
                return constant(not is_and)
        if not left:
            return constant(is_and)
        return left[0] if len(left) == 1 else Logical(symbol, tuple(left))


def _computed(node: Expression) -> Expression:
    """The value of an expression without names, if it is short to say and quick to compute."""
    if isinstance(node, Constant):
        return node
    for part in walk(node):
        is_power = isinstance(part, Operation) and part.operator == "**"
        if isinstance(part, Name) or is_power or (isinstance(part, Constant) and not _is_small(part.value)):
            return node  # `0.2**2` says more than 0.04000000000000001, and 9**9**9 has no end
    try:
        value = _value(node, {}, _FUNCTIONS)
    except (LookupError, TypeError, ValueError, ArithmeticError):
        return node
    readable = isinstance(value, bool | int) or (isinstance(value, float) and len(repr(value)) <= 12)
    return constant(value) if readable else node


def _comparison(symbol: str, left: Expression, right: Expression) -> Expression:
    if isinstance(left, Constant) and not isinstance(right, Constant):
        left, symbol, right = right, _MIRRORED[symbol], left
    if isinstance(right, Constant) and isinstance(right.value, bool | None) and symbol in _IDENTITY:
        symbol = _IDENTITY[symbol]
    return Comparison(symbol, left, right)


_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_IDENTITY = {"==": "is", "!=": "is not"}


def _in_python(node: Call) -> Expression:
    """A function of the language in Python."""
    first = node.arguments[0] if node.arguments else constant(0)
    match node.function:
        case "round":
            return call("int", Operation("+", first, constant(0.5)))
        case "round_even":
            return call("round", first)
        case "floor":
            return call("int", first)  # of a number that is not negative
        case "ceil":
            return Unary("-", call("int", Operation("//", Unary("-", first), constant(1))))
        case "sum" if len(node.arguments) > 1:
            return reduce(lambda total, one: Operation("+", total, one), node.arguments)
        case "length":
            return call("len", first)
        case "item":
            return Item(first, node.arguments[1])
        case "sqrt":
            return Operation("**", first, constant(0.5))
        case "divisible":
            named = tuple((name, _counted(side) if name == "divisor" else side) for name, side in node.named)
            return Call(node.function, (first, *map(_counted, node.arguments[1:2]), *node.arguments[2:]), named)
        case _:
            return node


def _counted(node: Expression) -> Expression:
    """A whole number as an integer, where it is a quotient or was one."""
    match node:
        case Constant(float() as value) if value.is_integer():
            return constant(int(value))
        case Operation("/"):
            return call("int", node)
    return node


def _is_small(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < 2**64
