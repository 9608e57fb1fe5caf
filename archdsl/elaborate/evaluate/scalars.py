"""Arithmetic at compile time, bounded: no file can make it run for long or grow without end."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

from archdsl.diagnostics import Span
from archdsl.elaborate.evaluate.describe import describe, kind
from archdsl.elaborate.evaluate.errors import (
    BadDivisor,
    ComplexPower,
    DivisionByZero,
    LayerAndText,
    NegativeChannels,
    NoResult,
    NumberTooLarge,
    WrongArgument,
    WrongCondition,
    WrongNegation,
    WrongOperand,
    ZeroToNegativePower,
)
from archdsl.elaborate.evaluate.values import LAYERS, List, Tensor, Value, alike
from archdsl.elaborate.problems import ElaborationError
from archdsl.ir.base import Line, Scalar, Size
from archdsl.ir.functions import OF_NUMBERS, Numeric, as_whole
from archdsl.ir.operators import PRIMITIVES
from archdsl.limits import limits

_ARITHMETIC: dict[str, Callable[[Numeric, Numeric], Numeric]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
_ORDER: dict[str, Callable[[Numeric, Numeric], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def truth(value: Value, span: Span) -> bool:
    """Whether a condition holds: a boolean, or a number that is not zero, or not `none`."""
    if value is None or isinstance(value, bool | int | float):
        return bool(value)
    help = f"to ask whether it is given, write `{span.text} != none`" if isinstance(value, Tensor) else None
    raise ElaborationError(WrongCondition(kind(value)).at(span, help=help))


def binary(symbol: str, left: Value, right: Value, span: Span, sides: tuple[Span, Span]) -> Scalar:
    """`left symbol right` for scalars. Raises ElaborationError for operands of the wrong kind and results out of
    bounds.

    `span` is the place of the whole, `sides` those of the operands.
    """
    if symbol in ("==", "!="):
        return _equal(symbol, left, right, sides) == (symbol == "==")
    if not (is_number(left) and is_number(right)):
        wrong, place = (right, sides[1]) if is_number(left) else (left, sides[0])
        raise ElaborationError(WrongOperand(symbol, kind(wrong)).at(place, help=_number_help(symbol, wrong)))
    assert isinstance(left, int | float)
    assert isinstance(right, int | float)
    if symbol in _ORDER:
        return _ORDER[symbol](left, right)
    try:
        result = _power(left, right, span) if symbol == "**" else _ARITHMETIC[symbol](left, right)
    except ZeroDivisionError:
        if symbol == "**":
            raise ElaborationError(ZeroToNegativePower().at(span)) from None
        raise ElaborationError(DivisionByZero(symbol).at(sides[1])) from None
    except OverflowError:
        raise _too_large(span) from None
    return bounded(result, span)


def _equal(symbol: str, left: Value, right: Value, sides: tuple[Span, Span]) -> bool:
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, (*LAYERS, List)) and isinstance(right, (*LAYERS, List)):
        return alike(left, right)
    for layer, text, place in ((left, right, sides[1]), (right, left, sides[0])):
        if isinstance(layer, LAYERS) and isinstance(text, str) and text == describe(layer):
            raise ElaborationError(LayerAndText(symbol, text).at(place))
    left, right = (
        Line.of(one) if isinstance(one, Size) and isinstance(other, Line) else one
        for one, other in ((left, right), (right, left))
    )
    return (type(left), left) == (type(right), right)


def _number_help(symbol: str, wrong: Value) -> str | None:
    if isinstance(wrong, bool):
        return "choose between numbers with `if ... then ... else ...`"
    if isinstance(wrong, LAYERS) and symbol == "*":
        return "a layer is repeated with the number on the right: `layer * 3`"
    return None


def _power(base: Numeric, exponent: Numeric, span: Span) -> Numeric:
    if abs(base) > 1 and exponent * math.log2(abs(base)) > limits().bits:
        raise _too_large(span)
    result = base**exponent
    if isinstance(result, complex):
        raise ElaborationError(ComplexPower().at(span))
    return result


def bounded(value: Numeric, span: Span) -> Numeric:
    """The value, unless it is infinite, not a number, or beyond the bound."""
    if value != value or abs(value) > 2 ** limits().bits:
        raise _too_large(span)
    return value


def _too_large(span: Span) -> ElaborationError:
    return ElaborationError(NumberTooLarge().at(span))


def negate(value: Value, span: Span) -> Scalar:
    if not is_number(value):
        raise ElaborationError(WrongNegation(kind(value)).at(span))
    assert isinstance(value, int | float)
    return -value


# Functions -----------------------------------------------------------------------------------------------------------


def call(name: str, given: list[tuple[str | None, Value, Span]], span: Span) -> Scalar:
    """A function of scalars, applied to arguments that its signature has admitted: name, value and place of each."""
    positional: list[Value] = []
    named: dict[str, Value] = {}
    for parameter, value, place in given:
        if not is_number(value):
            is_layer = name in PRIMITIVES and isinstance(value, Tensor)
            help = f"of tensors it is a layer: `x -> {name}`" if is_layer else None
            raise ElaborationError(WrongArgument(name, kind(value)).at(place, help=help))
        if parameter == "divisor":
            value = as_whole(value)
        if name == "divisible" and parameter == "divisor" and not (isinstance(value, int) and value >= 1):
            raise ElaborationError(BadDivisor(describe(value)).at(place))
        if name == "divisible" and parameter == "value" and isinstance(value, int | float) and value < 0:
            raise ElaborationError(NegativeChannels(describe(value)).at(place))
        if parameter in (None, "value"):
            positional.append(value)
        elif parameter is not None:
            named[parameter] = value
    try:
        return bounded(OF_NUMBERS[name].compute(*positional, **named), span)
    except ValueError:
        raise ElaborationError(NoResult(name, describe(given[0][1])).at(span)) from None
    except OverflowError:
        raise _too_large(span) from None
