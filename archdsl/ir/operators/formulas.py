"""The shape and cost rules of operators as formulas: the rules themselves, run on names in place of numbers.

What the reference and the editor show can therefore not differ from what is computed. A rule that is to be shown is
arithmetic: `channels * self.bias`, not a branch on `bias`, which is refused here. What it checks is taken to hold.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any, Literal, NamedTuple, get_args, get_origin

from archdsl.ir.base import Shape, ShapeError, Size
from archdsl.ir.operators.base import Operator, Windowed

_SUM, _PRODUCT, _ATOM = range(3)


class Formulas(NamedTuple):
    """What an operator does to a shape and what it costs.

    They speak of the operator's attributes (`bias` counts as 1 where it is true), of `in` and `out`, and of `window`,
    which docs/primitives.md explains.
    """

    channels: str
    height: str
    width: str
    parameters: str
    macs: str

    @property
    def keeps_shape(self) -> bool:
        return self[:3] == ("in.channels", "in.height", "in.width")


@cache
def formulas(operator: type[Operator], *words: str) -> Formulas:
    """The formulas of a class of operators, with the words that must be given, in their order (see `cases`).

    Raises TypeError where a rule is more than arithmetic.
    """
    overrides: dict[str, Any] = {"__module__": __name__}
    if issubclass(operator, Windowed):
        overrides["positions"] = lambda self, shape: (
            _Symbol(f"{operator.counts}(in.height, {_side(operator, 'height')})"),
            _Symbol(f"{operator.counts}(in.width, {_side(operator, 'width')})"),
        )
    rules: Any = type(operator.__name__, (operator,), overrides)
    source, attributes = _Named.of("in"), {name: _symbol(rules, name) for name in rules.model_fields}
    attributes |= dict(zip(_words(operator), words, strict=True))
    sources = (source, *map(_Named.of, operator.reads))
    output = rules.model_construct(**attributes).output(*sources)
    # The output's own size has names in the formulas of costs.
    costs: Any = type(operator.__name__, (rules,), {**overrides, "output": lambda self, *shapes: _Named.of("out")})
    costed = costs.model_construct(**attributes)
    return Formulas(*map(str, (*output, costed.parameters(*sources), costed.macs(*sources))))


def cases(operator: type[Operator]) -> dict[tuple[str, ...], Formulas]:
    """The formulas of an operator by the words that must be given to it; a single case without any for most.

    What exchanges height and width is the same as what exchanges width and height: of such cases the first stands.
    """
    found: dict[Formulas, tuple[str, ...]] = {}
    for words in product(*_words(operator).values()):
        try:
            found.setdefault(formulas(operator, *words), words)
        except ShapeError:
            continue
    return {words: rules for rules, words in found.items()}


def condition(operator: type[Operator], words: tuple[str, ...]) -> str:
    """What has been given in a case: `over = channels`."""
    return ", ".join(f"{name} = {word}" for name, word in zip(_words(operator), words, strict=True))


def _words(operator: type[Operator]) -> dict[str, tuple[str, ...]]:
    """The attributes that are one of some words and have no default, with those."""
    fields = {name: field for name, field in operator.model_fields.items() if name != "kind" and field.is_required()}
    return {name: get_args(one.annotation) for name, one in fields.items() if get_origin(one.annotation) is Literal}


def _side(operator: type[Operator], side: str) -> str:
    return f"kernel.{side}" if Size in _kinds(operator.model_fields["kernel"].annotation) else "kernel"


def _symbol(operator: type[Operator], name: str) -> Any:
    """What stands for an attribute: its name if it is a number, else its default."""
    field = operator.model_fields[name]
    kinds = _kinds(field.annotation)
    if Size in kinds:
        return Size(*(_Symbol(f"{name}.{side}") for side in Size._fields))  # type: ignore[arg-type]
    return _Symbol(name) if any(kind in kinds for kind in (int, float, bool)) else field.default


def _kinds(annotation: Any) -> list[Any]:
    inner = get_args(annotation)
    return [kind for part in inner for kind in _kinds(part)] if inner else [annotation]


class _Named(Shape):
    """A shape whose sizes are names."""

    @classmethod
    def of(cls, name: str) -> _Named:
        return cls(*(_Symbol(f"{name}.{side}") for side in Shape._fields))  # type: ignore[arg-type]

    @property
    def elements(self) -> Any:
        return _Symbol(str(self.channels).replace("channels", "elements"))


class _Symbol:
    """A number that is known by name or formula alone."""

    def __init__(self, text: str, strength: int = _ATOM):
        self.text, self.strength = text, strength

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        raise TypeError(f"a rule branches on `{self.text}`, so no formula says what it computes: make it arithmetic")

    def __add__(self, other: Any) -> Any:
        return self if _is(other, 0) else _joined(self, "+", other, _SUM)

    def __radd__(self, other: Any) -> Any:
        return self if _is(other, 0) else _joined(other, "+", self, _SUM)

    def __sub__(self, other: Any) -> Any:
        return _joined(self, "-", other, _SUM)

    def __rsub__(self, other: Any) -> Any:
        return _joined(other, "-", self, _SUM)

    def __mul__(self, other: Any) -> Any:
        return self if _is(other, 1) else _joined(self, "*", other, _PRODUCT)

    def __rmul__(self, other: Any) -> Any:
        return self if _is(other, 1) else _joined(other, "*", self, _PRODUCT)

    def __floordiv__(self, other: Any) -> Any:
        return 1 if str(self) == str(other) else _joined(self, "//", other, _PRODUCT)

    def __rfloordiv__(self, other: Any) -> Any:
        return _joined(other, "//", self, _PRODUCT)

    # Checks are of what must not be, and so nothing is: no rest is left, and nothing is too small or too large.

    def __floor__(self) -> Any:
        return _Symbol(f"floor({self})")

    def __mod__(self, other: Any) -> int:
        return 0

    def __lt__(self, other: Any) -> bool:
        return False

    __le__ = __gt__ = __ge__ = __ne__ = __lt__


def _is(value: Any, number: int) -> bool:
    return isinstance(value, int) and value == number


def _joined(left: Any, sign: str, right: Any, strength: int) -> _Symbol:
    """Two numbers with a sign between them, those in parentheses that bind less tightly than it."""
    first, second = (value if isinstance(value, _Symbol) else _Symbol(str(value)) for value in (left, right))
    before = f"({first})" if first.strength < strength else str(first)
    is_open = second.strength < strength or (second.strength == strength and sign in ("-", "//", "*"))
    return _Symbol(f"{before} {sign} {f'({second})' if is_open else second}", strength)
