"""The same mistake, met in many stages or networks, is reported once."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from archdsl.diagnostics import Diagnostic, Note
from archdsl.diagnostics.wording import enumerated
from archdsl.elaborate.resolve.merge import Variant

_NUMBER = r"\d[\d,.]*"


def cause(diagnostic: Diagnostic) -> Hashable:
    """What two diagnostics of one mistake have in common: their place, and what they say but for the values."""
    span = diagnostic.span
    place = (span.source.name, span.start, span.end) if span else None
    return place, diagnostic.code.name, re.sub(_NUMBER, "#", diagnostic.message)


def numbered(what: str, numbers: Sequence[int]) -> str:
    """`stage 2`, `stages 2 and 3`, `stages 1 to 5 and 7`, for numbers that ascend."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [part for run in runs for part in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run))]
    return f"{what}{'s' if len(numbers) > 1 else ''} {enumerated(parts)}"


class InStages:
    """The mistakes of one network's stages."""

    def __init__(self) -> None:
        self._met: dict[Hashable, tuple[Diagnostic, list[int]]] = {}

    def add(self, diagnostic: Diagnostic, number: int) -> None:
        self._met.setdefault(cause(diagnostic), (diagnostic, []))[1].append(number)

    def taken(self) -> list[Diagnostic]:
        """Those so far, each with a note on the stages that it was met in again."""
        found = []
        for first, numbers in self._met.values():
            others = sorted(set(numbers[1:]) - {numbers[0]})
            note = (Note(f"and in {numbered('stage', others)}"),) if others else ()
            found.append(replace(first, notes=(*first.notes, *note)))
        self._met.clear()
        return found


class _Mistake(Struct):
    first: Diagnostic
    met: list[tuple[Variant, Diagnostic]]


class Gathered:
    """Collects the diagnostics of one network after the other: the same mistake in eight variants is one mistake."""

    def __init__(self) -> None:
        self._mistakes: dict[Hashable, _Mistake] = {}

    def add(self, variant: Variant, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            mistake = self._mistakes.setdefault(cause(diagnostic), _Mistake(diagnostic, []))
            if not mistake.met or mistake.met[-1][0] is not variant:
                mistake.met.append((variant, diagnostic))

    def reported(self, everything: Iterable[Variant]) -> list[Diagnostic]:
        """One diagnostic a mistake, with a note on the networks that have it."""
        sizes: dict[int, int] = {}
        for variant in everything:
            sizes[id(variant.definition)] = sizes.get(id(variant.definition), 0) + 1
        if list(sizes.values()) == [1]:
            return [mistake.first for mistake in self._mistakes.values()]  # there is but one network
        return [_told(mistake, sizes) for mistake in self._mistakes.values()]

    def told_claims(self) -> list[Diagnostic]:
        """One diagnostic a claim, with the values of all networks that do not meet it."""
        return [_told_claim(mistake) for mistake in self._mistakes.values()]


def folded(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The mistakes in the cells of a table: the same one in seven rows is one mistake, whose fix is for all of them."""
    said: dict[tuple[object, ...], dict[tuple[object, ...], Diagnostic]] = {}
    for diagnostic in diagnostics:
        same = (diagnostic.code, diagnostic.message, diagnostic.help, diagnostic.notes)
        said.setdefault(same, {}).setdefault(diagnostic.key, diagnostic)
    for first, *others in (list(places.values()) for places in said.values()):
        if not others:
            yield first
            continue
        edits = tuple(edit for one in (first, *others) if one.fix is not None for edit in one.fix.edits)
        fix = replace(first.fix, edits=edits) if first.fix is not None else None
        more = Note(f"and in {len(others)} more place{'s' if len(others) > 1 else ''} of the table")
        yield replace(first, notes=(*first.notes, more), fix=fix)


def _told(mistake: _Mistake, sizes: dict[int, int]) -> Diagnostic:
    diagnostic, met = mistake.first, mistake.met
    where = _where(mistake, sizes[id(met[0][0].definition)])
    return replace(diagnostic, notes=(*diagnostic.notes, Note(where))) if where else diagnostic


def _told_claim(mistake: _Mistake) -> Diagnostic:
    others = [Note(f"`{variant.name}`: {diagnostic.label}") for variant, diagnostic in mistake.met[1:]]
    if len(others) > 8:
        others = [*others[:7], Note(f"and {len(others) - 7} more")]
    return replace(mistake.first, notes=(*mistake.first.notes, *others))


def _where(mistake: _Mistake, size: int) -> str | None:
    """Which networks a mistake is in, where that is not plain from its place."""
    met = [variant for variant, _ in mistake.met]
    first = met[0]
    if first.label is None:
        span, own = mistake.first.span, first.definition.model.span
        is_inside = span is not None and span.source is own.source and own.start <= span.start < own.end
        return None if is_inside and len(met) == 1 else f"in {_listed(met)}"
    is_everywhere = len(met) == size > 1
    if all(diagnostic == mistake.first for _, diagnostic in mistake.met):
        return None if is_everywhere else f"in {_listed(met)}"
    values = f"the values are those of `{first.label}`"
    return f"in {f'every variant of `{first.definition.name}`' if is_everywhere else _listed(met)}; {values}"


def _listed(met: list[Variant]) -> str:
    names = [f"`{variant.name}`" for variant in met[:3]]
    if len(met) > 3:
        names = [*names[:2], f"{len(met) - 2} more"]
    return enumerated(names)
