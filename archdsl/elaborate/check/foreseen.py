"""What an objective comes to as far as its text says, whatever the network: `accuracy * 0` is 0, `max(accuracy, 1)` 1,
and `params / 0` nothing.

An expression is kept as a sum of terms, each a factor times something that differs between networks, and these have
bounds: an accuracy is from 0 to 1, a cost is not below 0. Two expressions of the same terms are the same number.
"""

from __future__ import annotations

import math
import operator as operators
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import NamedTuple

from archdsl.diagnostics import Diagnostic
from archdsl.elaborate.check.errors import GoalDividesByZero, GoalOfNegative, GoalPowerOfZero, GoalTooLarge
from archdsl.elaborate.resolve.objectives import ACCURACY, COUNTS, PROXIES
from archdsl.elaborate.resolve.quantities import QUANTITIES, as_written
from archdsl.elaborate.resolve.written import shown
from archdsl.ir.functions import OF_NUMBERS
from archdsl.language import tree
from archdsl.limits import limits

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
# Operators of which only this is known: what two constants come to, and that they divide.
_WHOLE: Mapping[str, Callable[[float, float], float]] = {"//": operators.floordiv, "%": operators.mod}


class Sum(NamedTuple):
    """A number: `constant`, and something by its number times a factor for each of `terms`, in order."""

    constant: float
    terms: tuple[tuple[int, float], ...] = ()


_ZERO = Sum(0.0)


class Alike(NamedTuple):
    """A part of an objective that speaks of networks, and is the same for all: a number, or whether it holds."""

    node: tree.Expression
    value: float | bool


class Foresight:
    """Looks ahead at the goals of an objective.

    Attributes:
        without_value: of each part that has no value for any network, why.
        alike: the parts that are the same for all networks, what is inside before what is around it.

    Args:
        own: the names of the model, which may be anything.
    """

    def __init__(self, own: Collection[str]):
        self.own = own
        self.without_value: list[Diagnostic] = []
        self.alike: list[Alike] = []
        self._names = 0
        # What differs between networks: what makes it what it is, its number, and its key and bounds by number.
        self._numbers: dict[Hashable, int] = {}
        self._keys: list[Hashable] = []
        self._bounds: list[tuple[float, float]] = []

    def of(self, node: tree.Expression) -> Sum:
        """What an expression comes to, with each quantity as a name, as `answered` gives it."""
        before = self._names
        found = self._of(node)
        if not found.terms:
            if not abs(found.constant) <= 2.0 ** limits().bits:
                return self._nothing(node, GoalTooLarge(shown(node)).at(node.span))
            if self._names > before:
                self.alike.append(Alike(node, found.constant))
        return found

    def order(self, goal: Sum, *, is_maximized: bool) -> tuple[tuple[int, float], ...]:
        """By what a goal orders networks: goals of one order want the same, with opposite signs the opposite."""
        while len(goal.terms) == 1:
            ((number, factor),) = goal.terms
            match self._keys[number]:
                case ("**", Sum() as inner, Sum(constant=exponent, terms=())) if self._between(inner)[0] >= 0:
                    rises = exponent > 0
                case ("/", Sum(terms=()), Sum() as inner) if self._between(inner)[0] >= 0:
                    rises = False  # 1 by it
                case ("sqrt", Sum() as inner):
                    rises = True
                case _:
                    break
            goal, is_maximized = inner, is_maximized == (rises == (factor > 0))
        scale = abs(goal.terms[0][1]) * (1 if is_maximized else -1) if goal.terms else 1
        return tuple((number, factor / scale) for number, factor in goal.terms)

    def _of(self, node: tree.Expression) -> Sum:
        match node:
            case tree.Literal(value=int() | float() as value) if not isinstance(value, bool):
                return Sum(float(value))
            case tree.Name(text=text):
                self._names += 1
                return self._named(text)
            case tree.Unary(operator="-", operand=operand):
                return self._scaled(self.of(operand), -1)
            case tree.Binary(operator=operator, left=left, right=right) if operator in self._ARITHMETIC:
                sides = self.of(left), self.of(right)
                if (problem := self._why_not(node, *sides)) is not None:
                    return self._nothing(node, problem)
                return self._ARITHMETIC[operator](self, *sides)
            case tree.Conditional():
                return self._either(node)
            case tree.Call(function=tree.Name(text=text), arguments=arguments) if text in OF_NUMBERS:
                if all(argument.name is None for argument in arguments):
                    return self._call(text, node)
        return self._something(("text", as_written(node)), _ANY)

    def _named(self, text: str) -> Sum:
        if text in self.own:
            return self._something(text, _ANY)
        if text == "flops" and "macs" not in self.own:
            return self._scaled(self._something("macs", _NOT_NEGATIVE), 2)
        return self._something(text, _BOUNDS.get(text.partition("(")[0], _ANY))

    # What has no value ------------------------------------------------------------------------------------------------

    def _nothing(self, node: tree.Expression, problem: Diagnostic) -> Sum:
        self.without_value.append(problem)
        return self._something(("text", as_written(node)), _ANY)

    def _why_not(self, node: tree.Binary, left: Sum, right: Sum) -> Diagnostic | None:
        """Why an operator has no result for any network, if that is so."""
        if node.operator in ("/", "//", "%") and right == _ZERO:
            return GoalDividesByZero(shown(node)).at(node.right.span, "whatever the network, it is 0")
        if node.operator == "**" and not right.terms:
            if left == _ZERO and right.constant < 0:
                return GoalPowerOfZero(shown(node)).at(node.left.span, "whatever the network, it is 0")
            if not right.constant.is_integer():
                return self._root(node, node.left, left, f"power of {right.constant:g}")
        return None

    def _root(self, node: tree.Expression, inner: tree.Expression, of: Sum, root: str) -> Diagnostic | None:
        high = self._between(of)[1]
        if of == _ZERO or high > 0 or math.isnan(high):
            return None
        most = "below 0" if high < 0 else "never above 0"
        return GoalOfNegative(shown(node), root).at(inner.span, f"whatever the network, it is {most}")

    # What differs -----------------------------------------------------------------------------------------------------

    def _something(self, key: Hashable, bounds: tuple[float, float]) -> Sum:
        if bounds[0] == bounds[1]:
            return Sum(bounds[0])
        if key not in self._numbers:
            self._numbers[key] = len(self._bounds)
            self._keys.append(key)
            self._bounds.append(bounds)
        return Sum(0.0, ((self._numbers[key], 1.0),))

    def _between(self, one: Sum) -> tuple[float, float]:
        low = high = one.constant
        for number, factor in one.terms:
            ends = sorted(factor * end for end in self._bounds[number])
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
        (scale, left), (other_scale, right) = self._unit(left), self._unit(right)
        bounds = self._product(self._between(left), self._between(right))
        return self._scaled(self._something(("*", *sorted((left, right))), bounds), scale * other_scale)

    def _over(self, left: Sum, right: Sum) -> Sum:
        if not right.terms:
            return self._scaled(left, 1 / right.constant)
        if not left.terms and not left.constant:
            return left
        (scale, left), (divisor, right) = self._unit(left), self._unit(right)
        if left == right:
            return Sum(scale / divisor)
        low, high = self._between(right)
        inverse = (1 / high, 1 / low if low else math.inf) if low >= 0 else _ANY
        quotient = self._something(("/", left, right), self._product(self._between(left), inverse))
        return self._scaled(quotient, scale / divisor)

    def _unit(self, one: Sum) -> tuple[float, Sum]:
        """A number as a factor times a sum that begins with one of something, or is 1."""
        factor = one.terms[0][1] if one.terms else one.constant
        return factor, Sum(one.constant / factor, tuple((number, own / factor) for number, own in one.terms))

    def _power(self, left: Sum, right: Sum) -> Sum:
        if right == Sum(0.0) or left == Sum(1.0):
            return Sum(1.0)
        if right == Sum(1.0):
            return left
        if not left.terms and not right.terms:
            return Sum(_raised(left.constant, right.constant))
        low, high = self._between(left)
        if not low >= 0 or right.terms:
            return self._something(("**", left, right), _ANY)
        ends = sorted(_raised(end, right.constant) for end in (low, high))
        return self._something(("**", left, right), (ends[0], ends[1]))

    def _whole(self, operator: str, left: Sum, right: Sum) -> Sum:
        if not left.terms and not right.terms:
            return Sum(_WHOLE[operator](left.constant, right.constant))
        return self._something((operator, left, right), _ANY)

    @staticmethod
    def _product(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
        # Where a bound is infinite, nothing times it may still be nothing.
        ends = [left * right if left and right else 0.0 for left in one for right in other]
        return min(ends), max(ends)

    _ARITHMETIC: Mapping[str, Callable[[Foresight, Sum, Sum], Sum]] = {
        "+": _plus,
        "-": _minus,
        "*": _times,
        "/": _over,
        "**": _power,
        "//": lambda self, left, right: self._whole("//", left, right),
        "%": lambda self, left, right: self._whole("%", left, right),
    }

    # Functions and conditions -----------------------------------------------------------------------------------------

    def _call(self, name: str, node: tree.Call) -> Sum:
        given = [self.of(argument.value) for argument in node.arguments]
        if name == "sum":
            total = _ZERO
            for one in given:
                total = self._plus(total, one)
            return total
        if name in ("min", "max") and len(given) > 1:
            return self._extreme(name, given)
        if name in _RISING and len(given) == 1:
            if name == "sqrt" and (why := self._root(node, node.arguments[0].value, given[0], "square root")):
                return self._nothing(node, why)
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

    def _either(self, node: tree.Conditional) -> Sum:
        before = self._names
        holds = self._holds(node.condition)
        if holds is not None:
            if self._names > before:
                self.alike.append(Alike(node.condition, holds))
            return self.of(node.chosen if holds else node.otherwise)
        chosen, otherwise = self.of(node.chosen), self.of(node.otherwise)
        if chosen == otherwise:
            return chosen
        (low, high), (least, most) = self._between(chosen), self._between(otherwise)
        key = ("if", as_written(node.condition), chosen, otherwise)
        return self._something(key, (min(low, least), max(high, most)))

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


def _raised(base: float, exponent: float) -> float:
    """A power of a number that is not negative, or a whole power; infinite where there is no other."""
    try:
        return float(base**exponent)
    except (OverflowError, ZeroDivisionError):
        return math.inf
