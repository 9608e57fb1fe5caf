"""What an objective comes to as far as its text says, whatever the network: `accuracy * 0` is 0, `max(accuracy, 1)` 1.

An expression is kept as a sum of terms, each a factor times something that differs between networks, and these have
bounds: an accuracy is from 0 to 1, a cost is not below 0. Two expressions of the same terms are the same number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import NamedTuple

from archdsl.elaborate.resolve.objectives import ACCURACY, COUNTS, PROXIES
from archdsl.elaborate.resolve.quantities import QUANTITIES
from archdsl.ir.functions import OF_NUMBERS
from archdsl.language import tree

_NOT_NEGATIVE = (0.0, math.inf)
_ANY = (-math.inf, math.inf)
# Between what a measure is; names of the model may be anything.
_BOUNDS: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys((*COUNTS, *QUANTITIES, "grad_norm"), _NOT_NEGATIVE),
    **dict.fromkeys(PROXIES.keys() - {"grad_norm"}, _ANY),
    ACCURACY: (0.0, 1.0),
}
# Functions that never fall while their one argument rises.
_RISING = ("round", "round_even", "floor", "ceil", "sqrt")


class Sum(NamedTuple):
    """A number: `constant`, and something by its number times a factor for each of `terms`, in order."""

    constant: float
    terms: tuple[tuple[int, float], ...] = ()


def foreseen(goal: tree.Expression, own: Collection[str]) -> float | None:
    """What a goal comes to for every network; None where that depends on it.

    Args:
        goal: with each quantity as a name, as `answered` gives it.
        own: the names of the model, which may be anything.
    """
    try:
        found = _Foresight(own).of(goal)
    except (ArithmeticError, ValueError):  # it has no value, and whoever evaluates it says so
        return None
    return found.constant if not found.terms and math.isfinite(found.constant) else None


class _Foresight:
    def __init__(self, own: Collection[str]):
        self.own = own
        # What differs between networks: what makes it what it is, its number, and its bounds by number.
        self.numbers: dict[Hashable, int] = {}
        self.bounds: list[tuple[float, float]] = []

    def of(self, node: tree.Expression) -> Sum:
        match node:
            case tree.Literal(value=int() | float() as value) if not isinstance(value, bool):
                return Sum(float(value))
            case tree.Name(text=text) if text in self.own:
                return self._something(text, _ANY)
            case tree.Name(text="flops") if "macs" not in self.own:
                return self._scaled(self._something("macs", _NOT_NEGATIVE), 2)
            case tree.Name(text=text):
                return self._something(text, _BOUNDS.get(text.partition("(")[0], _ANY))
            case tree.Unary(operator="-", operand=operand):
                return self._scaled(self.of(operand), -1)
            case tree.Binary(operator=operator, left=left, right=right) if operator in self._ARITHMETIC:
                return self._ARITHMETIC[operator](self, self.of(left), self.of(right))
            case tree.Conditional(condition=condition, chosen=chosen, otherwise=otherwise):
                return self._either(condition, self.of(chosen), self.of(otherwise))
            case tree.Call(function=tree.Name(text=text), arguments=arguments) if text in OF_NUMBERS:
                if all(argument.name is None for argument in arguments):
                    return self._call(text, [self.of(argument.value) for argument in arguments])
        return self._something(("unknown", len(self.bounds)), _ANY)

    # What differs -----------------------------------------------------------------------------------------------------

    def _something(self, key: Hashable, bounds: tuple[float, float]) -> Sum:
        if bounds[0] == bounds[1]:
            return Sum(bounds[0])
        if key not in self.numbers:
            self.numbers[key] = len(self.bounds)
            self.bounds.append(bounds)
        return Sum(0.0, ((self.numbers[key], 1.0),))

    def _between(self, one: Sum) -> tuple[float, float]:
        low = high = one.constant
        for number, factor in one.terms:
            ends = sorted(factor * end for end in self.bounds[number])
            low, high = low + ends[0], high + ends[1]
        return low, high

    # Arithmetic -------------------------------------------------------------------------------------------------------

    def _scaled(self, one: Sum, factor: float) -> Sum:
        terms = tuple((number, own * factor) for number, own in one.terms if factor)
        return Sum(one.constant * factor, terms)

    def _plus(self, left: Sum, right: Sum) -> Sum:
        terms = dict(left.terms)
        for number, factor in right.terms:
            terms[number] = terms.get(number, 0.0) + factor
        return Sum(left.constant + right.constant, tuple(sorted((n, f) for n, f in terms.items() if f)))

    def _minus(self, left: Sum, right: Sum) -> Sum:
        return self._plus(left, self._scaled(right, -1))

    def _times(self, left: Sum, right: Sum) -> Sum:
        for one, other in ((left, right), (right, left)):
            if not one.terms:
                return self._scaled(other, one.constant)
        return self._something(("*", *sorted((left, right))), self._product(self._between(left), self._between(right)))

    def _over(self, left: Sum, right: Sum) -> Sum:
        if not right.terms:
            return self._scaled(left, 1 / right.constant)
        if not left.terms and not left.constant:
            return left
        if left.terms:
            ratio = left.terms[0][1] / right.terms[0][1]
            if left == self._scaled(right, ratio):
                return Sum(ratio)
        low, high = self._between(right)
        inverse = (1 / high, 1 / low if low else math.inf) if low >= 0 else _ANY
        return self._something(("/", left, right), self._product(self._between(left), inverse))

    def _power(self, left: Sum, right: Sum) -> Sum:
        if right == Sum(0.0) or left == Sum(1.0):
            return Sum(1.0)
        if right == Sum(1.0):
            return left
        if not left.terms and not right.terms:
            return Sum(float(left.constant**right.constant))
        low, high = self._between(left)
        if low < 0 or right.terms:
            bounds = _ANY
        elif right.constant > 0:
            bounds = low**right.constant, high**right.constant
        else:
            bounds = high**right.constant, low**right.constant if low else math.inf
        return self._something(("**", left, right), bounds)

    @staticmethod
    def _product(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
        # Where a bound is infinite, nothing times it may still be nothing.
        ends = [left * right if left and right else 0.0 for left in one for right in other]
        return min(ends), max(ends)

    _ARITHMETIC: Mapping[str, Callable[[_Foresight, Sum, Sum], Sum]] = {
        "+": _plus,
        "-": _minus,
        "*": _times,
        "/": _over,
        "**": _power,
    }

    # Functions and conditions -----------------------------------------------------------------------------------------

    def _call(self, name: str, given: Sequence[Sum]) -> Sum:
        if name == "sum":
            total = Sum(0.0)
            for one in given:
                total = self._plus(total, one)
            return total
        if name in ("min", "max") and len(given) > 1:
            return self._extreme(name, given)
        if name in _RISING and len(given) == 1:
            low, high = self._between(given[0])
            rise = OF_NUMBERS[name].compute
            is_defined = name != "sqrt" or low >= 0
            ends = [float(rise(end)) if math.isfinite(end) else end for end in (low, high)] if is_defined else _ANY
            return self._something((name, *given), (ends[0], ends[1]))
        return self._something((name, *given), _ANY)

    def _extreme(self, name: str, given: Sequence[Sum]) -> Sum:
        distinct = sorted(set(given))
        between = [self._between(one) for one in distinct]
        for one, (low, high) in zip(distinct, between, strict=True):
            others = [pair for other, pair in zip(distinct, between, strict=True) if other != one]
            if all(high <= pair[0] if name == "min" else low >= pair[1] for pair in others):
                return one
        choose = min if name == "min" else max
        bounds = choose(low for low, _ in between), choose(high for _, high in between)
        return self._something((name, *distinct), bounds)

    def _either(self, condition: tree.Expression, chosen: Sum, otherwise: Sum) -> Sum:
        holds = self._holds(condition)
        if holds is not None:
            return chosen if holds else otherwise
        if chosen == otherwise:
            return chosen
        (low, high), (least, most) = self._between(chosen), self._between(otherwise)
        return self._something(("if", len(self.bounds)), (min(low, least), max(high, most)))

    def _holds(self, node: tree.Expression) -> bool | None:
        """Whether a condition holds for every network, or for none; None where that depends on it."""
        match node:
            case tree.Literal(value=bool() as value):
                return value
            case tree.Unary(operator="not", operand=operand):
                held = self._holds(operand)
                return None if held is None else not held
            case tree.Binary(operator="and" | "or" as operator, left=left, right=right):
                both = self._holds(left), self._holds(right)
                decides = operator == "or"
                return decides if decides in both else None if None in both else not decides
            case tree.Binary(operator="<" | "<=" | ">" | ">=" | "==" | "!=" as operator, left=left, right=right):
                low, high = self._between(self._minus(self.of(left), self.of(right)))
                return _sign(operator, low, high)
        return None


def _sign(operator: str, low: float, high: float) -> bool | None:
    """Whether a difference between these bounds is one of `left operator right`."""
    if math.isnan(low) or math.isnan(high):
        return None
    match operator:
        case ">" | ">=":
            return _sign("<" if operator == ">" else "<=", -high, -low)
        case "<":
            return True if high < 0 else False if low >= 0 else None
        case "<=":
            return True if high <= 0 else False if low > 0 else None
        case "!=":
            same = _sign("==", low, high)
            return None if same is None else not same
    return True if low == high == 0 else False if low > 0 or high < 0 else None
