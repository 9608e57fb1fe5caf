"""Arithmetic at compile time, bounded: no file can make it run for long or grow without end."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

from archdsl.diagnostics import Span
from archdsl.diagnostics.codes import ARITHMETIC, TOO_LARGE, WRONG_KIND
from archdsl.elaborate.problems import stop
from archdsl.elaborate.values import Scalar, Value, describe, kind

# Far beyond any size, far below anything slow.
MAX_MAGNITUDE = 2**256

Numeric = int | float

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
    raise stop(WRONG_KIND, f"a condition is a boolean or a number, not {kind(value)}", span)


def binary(symbol: str, left: Value, right: Value, span: Span) -> Scalar:
    """`left symbol right` for scalars. Raises Stop for operands of the wrong kind and results out of bounds."""
    if symbol in ("==", "!="):
        same = left == right if is_number(left) and is_number(right) else (type(left), left) == (type(right), right)
        return same if symbol == "==" else not same
    if not (is_number(left) and is_number(right)):
        wrong = right if is_number(left) else left
        raise stop(WRONG_KIND, f"`{symbol}` needs numbers, not {kind(wrong)}", span)
    assert isinstance(left, int | float)
    assert isinstance(right, int | float)
    if symbol in _ORDER:
        return _ORDER[symbol](left, right)
    try:
        result = _power(left, right, span) if symbol == "**" else _ARITHMETIC[symbol](left, right)
    except ZeroDivisionError:
        raise stop(ARITHMETIC, f"{describe(left)} {symbol} {describe(right)} divides by zero", span) from None
    except OverflowError:
        raise _too_large(span) from None
    return bounded(result, span)


def _power(base: Numeric, exponent: Numeric, span: Span) -> Numeric:
    if abs(base) > 1 and exponent * math.log2(abs(base)) > 256:
        raise _too_large(span)
    result = base**exponent
    if isinstance(result, complex):
        raise stop(ARITHMETIC, f"{describe(base)} ** {describe(exponent)} is not a real number", span)
    return result


def bounded(value: Numeric, span: Span) -> Numeric:
    """The value, unless it is infinite, not a number, or beyond MAX_MAGNITUDE."""
    if value != value or abs(value) > MAX_MAGNITUDE:
        raise _too_large(span)
    return value


def _too_large(span: Span) -> Exception:
    return stop(TOO_LARGE, "this number is too large", span, "beyond 2 ** 256")


def negate(value: Value, span: Span) -> Scalar:
    if not is_number(value):
        raise stop(WRONG_KIND, f"`-` needs a number, not {kind(value)}", span)
    assert isinstance(value, int | float)
    return -value


# Functions -----------------------------------------------------------------------------------------------------------


def divisible(value: Numeric, divisor: int = 8, limit: float = 0.9) -> int:
    """The paper's rounding of channels: to the nearest multiple of `divisor`, never below `limit` times the value.

    MobileNetV2 and EfficientNet use `limit` 0.9; EfficientNetV2's published code has none (`limit = 0`).
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < limit * value else rounded


def nearest(value: Numeric) -> int:
    """The nearest whole number, halves away from zero."""
    return math.floor(value + 0.5) if value >= 0 else -math.floor(0.5 - value)


FUNCTIONS: dict[str, tuple[Callable[..., Numeric], tuple[str, ...], int]] = {
    # name: the function, its parameters' names, how many of them must be given (-1: any number, at least one)
    "divisible": (divisible, ("value", "divisor", "limit"), 1),
    "round": (nearest, ("value",), 1),
    "floor": (math.floor, ("value",), 1),
    "ceil": (math.ceil, ("value",), 1),
    "sqrt": (math.sqrt, ("value",), 1),
    "min": (min, (), -1),
    "max": (max, (), -1),
}


def call(name: str, positional: list[Value], keywords: dict[str, Value], span: Span) -> Scalar:
    """A function of scalars, applied. Raises Stop for arguments that do not fit."""
    function, parameters, required = FUNCTIONS[name]
    for value in (*positional, *keywords.values()):
        if not is_number(value):
            raise stop(WRONG_KIND, f"`{name}` needs numbers, not {kind(value)}", span)
    unknown = [keyword for keyword in keywords if keyword not in parameters]
    many = required == -1
    given = len(positional) + len(keywords)
    if (
        unknown
        or (many and not positional)
        or (not many and not required <= given <= len(parameters))
        or any(keyword in parameters[: len(positional)] for keyword in keywords)
    ):
        shown = "value, ..." if many else ", ".join(parameters)
        raise stop(WRONG_KIND, f"these arguments do not fit `{name}`", span, help=f"it is `{name}({shown})`")
    try:
        if name == "divisible":
            divisor = keywords.get("divisor", positional[1] if len(positional) > 1 else 8)
            if not isinstance(divisor, int) or divisor < 1:
                raise stop(ARITHMETIC, "`divisible` needs a positive whole divisor", span)
        return bounded(function(*positional, **keywords), span)
    except (ValueError, OverflowError):
        raise stop(ARITHMETIC, f"`{name}` has no result here", span) from None
