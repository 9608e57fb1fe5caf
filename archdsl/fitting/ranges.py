"""The values that a parameter may take: `width`, `width=0.25..2.0`, `width=0.25..2.0:0.05`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from archdsl.diagnostics import DiagnosticError, Source, Span
from archdsl.fitting.errors import BadStep, EmptyRange, NotRange, RangeGivenTwice, TooManyValues, UnknownRange
from archdsl.limits import limits
from archdsl.passes.fit import Number

_NUMBER = r"-?[0-9]{1,12}(?:\.[0-9]{1,9})?"
_RANGE = re.compile(
    rf"\s*(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*(?:=\s*(?P<low>{_NUMBER})\s*\.\.\s*(?P<high>{_NUMBER})\s*(?::\s*(?P<step>{_NUMBER})\s*)?)?"
)
# Low, high and step of the parameters that compound scaling speaks of (Tan & Le 2019). Fractions go in twentieths, as
# on the paper's grid, where none of alpha, beta and gamma is below 1; resolutions in eights, which halve three times.
_KNOWN = {
    "phi": ("-4", "10", "0.05"),
    "width": ("0.05", "10", "0.05"),
    "depth": ("0.05", "10", "0.05"),
    "resolution": ("32", "1024", "8"),
    "alpha": ("1", "1.4", "0.05"),
    "beta": ("1", "1.4", "0.05"),
    "gamma": ("1", "1.4", "0.05"),
}


@dataclass(frozen=True)
class Range:
    """The values `low`, `low + step`, ... of a parameter that are not above `high`; they are exact decimals.

    `is_given` says whether the ends were written and not assumed.
    """

    name: str
    low: Decimal
    high: Decimal
    step: Decimal
    span: Span
    is_given: bool = False

    def values(self) -> tuple[Number, ...]:
        """Whole numbers where the low end and the step are whole, else broken ones."""
        is_whole = self.low == int(self.low) and self.step == int(self.step)
        count = int((self.high - self.low) / self.step) + 1
        return tuple(
            int(value) if is_whole else float(value)
            for value in (self.low + self.step * index for index in range(count))
        )


def known_range(name: str) -> Range | None:
    """The range of a parameter that compound scaling speaks of."""
    if name not in _KNOWN:
        return None
    low, high, step = map(Decimal, _KNOWN[name])
    return Range(name, low, high, step, Span(Source(name, name), 0, len(name)))


def ranges(source: Source) -> tuple[Range, ...]:
    """The ranges that a text lists, with commas between them. Raises DiagnosticError for the first that is none."""
    found: dict[str, Range] = {}
    place = 0
    for text in source.text.split(","):
        one = _range(Source(source.name, source.text), text, place)
        if one.name in found:
            raise DiagnosticError([RangeGivenTwice(one.name).at(one.span)])
        found[one.name] = one
        place += len(text) + 1
    return tuple(found.values())


def _range(source: Source, text: str, place: int) -> Range:
    span = Span(source, place, place + len(text))
    match = _RANGE.fullmatch(text)
    if match is None:
        raise DiagnosticError([NotRange().at(span)])
    name = match["name"]
    low, high, step = (None if part is None else Decimal(part) for part in match.group("low", "high", "step"))
    usual = known_range(name)
    if low is None or high is None:
        if usual is None:
            raise DiagnosticError([UnknownRange(name).at(span).suggesting(name, _KNOWN, can_fix=False)])
        return Range(name, usual.low, usual.high, usual.step, span)
    if step is None:
        is_whole = low == int(low) and high == int(high)
        step = usual.step if usual is not None else Decimal(1) if is_whole else Decimal("0.05")
    if step <= 0:
        raise DiagnosticError([BadStep(str(step)).at(span)])
    if high < low:
        raise DiagnosticError([EmptyRange(str(low), str(high)).at(span)])
    if (high - low) / step >= limits().values:
        raise DiagnosticError([TooManyValues().at(span)])
    return Range(name, low, high, step, span, is_given=True)
