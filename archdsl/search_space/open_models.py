"""Models that leave choices open: search spaces. A few of their networks are elaborated, to find mistakes."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from archdsl.diagnostics import Diagnostic, Note, Problems, Span
from archdsl.elaborate.evaluate.values import Decisions, Value
from archdsl.elaborate.instantiate.work import Spare, Work
from archdsl.elaborate.resolve.merge import Variant, merge
from archdsl.elaborate.resolve.written import shown
from archdsl.language import tree
from archdsl.limits import limits
from archdsl.search_space.choices import Choice, OpenChoices, open_choices
from archdsl.search_space.errors import EmptySpace, SpaceNotNetwork, TooLargeSpace
from archdsl.search_space.trials import SMALL, Answers, Cause, Trials, Tried, key

_MAX_SHOWN = 6
# So many networks are drawn of a large space where a `require` prunes all that were tried before.
_DRAWN = 100
_NOT_SEARCHED = "which of the choices causes it was not searched: that takes more work than `archdsl check` may do"


class Pruned(NamedTuple):
    """A claim that prunes a space: what it says of the first network that it prunes, and how many it does."""

    first: Diagnostic
    networks: int


class OpenModel(Struct, frozen=True, eq=False):
    """A model, or a variant of one, that is a space of networks, and what can be chosen in it."""

    variant: Variant
    choices: OpenChoices
    # How many of the networks have been elaborated, none with a mistake, and how many of those break a `require`.
    tried: int
    pruned: int
    # The claims about its networks, and those of them that prune some.
    claims: tuple[tree.Require, ...] = ()
    pruning: tuple[Pruned, ...] = ()
    resolution: int | tuple[int, int] | None = None
    overrides: dict[str, Value] | None = None

    @property
    def name(self) -> str:
        return self.variant.name

    @property
    def size(self) -> int:
        """The number of networks: of ways to take all choices."""
        return self.choices.size

    def is_empty(self) -> Diagnostic | None:
        """That no network is left of those that were tried, if that is so."""
        if not 0 < self.tried == self.pruned:
            return None
        first, *others = sorted(self.pruning, key=lambda claim: -claim.networks)
        of = "" if self.tried == self.size else f" tried, of {counted(self.size)},"
        networks = f"{self.tried:,} networks{of}" if self.tried != 1 else f"one network{of}"
        return EmptySpace(self.name, networks).at(
            first.first.span,
            f"this prunes {first.networks:,}; in one of them {first.first.label}",
            notes=tuple(Note(f"this prunes {count:,}; in one of them {one.label}", one.span) for one, count in others),
        )

    def is_open(self) -> Diagnostic:
        """That this is not a network, for those who need one."""
        name = self.variant.definition.model.name.span.source.name
        file = "FILE" if name.startswith("<") else name  # standard input
        return SpaceNotNetwork(self.name, counted(self.size), file).at(next(iter(self.choices)).node.span)


def open_model(
    variant: Variant,
    problems: Problems,
    effort: Work,
    spare: Spare,
    answers: Answers,
    resolution: int | tuple[int, int] | None = None,
    overrides: dict[str, Value] | None = None,
) -> OpenModel | None:
    """The space that a model with open choices is. Mistakes go to `problems`; None when there is one.

    All networks of a small space are elaborated; of a large one, some that together meet every option. Those that break
    a `require` line are pruned; where that leaves none of a large space, some more are drawn.
    """
    choices = open_choices(variant, overrides or ())
    if choices.size > 10 ** limits().space:
        problems.add(TooLargeSpace(variant.name).at(variant.definition.model.name.span))
        return None
    trials = Trials(variant, choices, resolution, overrides, spare, answers)
    tally = _Tally()
    for decisions, tried in trials.networks(effort):
        tally.add(decisions, tried)
    if tally.is_empty and choices.size > SMALL:
        for decisions, tried in trials.drawn(_DRAWN):
            tally.add(decisions, tried)
            if not tally.is_empty:
                break
    reported: set[Hashable] = set()
    for decisions, found in tally.wrong:
        causes = trials.causes(decisions, found)
        for problem in found:
            if key(problem) not in reported:
                reported.add(key(problem))
                of = causes.get(key(problem), ()) if causes is not None else None
                problems.add(decided(problem, choices, decisions, of))
    if problems:
        return None
    claims = merge(variant.definition).requires
    pruning = tuple(tally.refuted.values())
    return OpenModel(variant, choices, tally.tried, tally.pruned, claims, pruning, resolution, overrides)


@dataclass
class _Tally:
    """What came of the networks that were tried: the first of each mistake, and those that break a `require`."""

    tried: int = 0
    pruned: int = 0
    refuted: dict[Hashable, Pruned] = field(default_factory=dict)
    wrong: list[tuple[Decisions, tuple[Diagnostic, ...]]] = field(default_factory=list)
    known: set[Hashable] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        """Whether no network is left."""
        return self.tried == self.pruned > 0

    def add(self, decisions: Decisions, tried: Tried) -> None:
        self.tried += 1
        self.pruned += bool(tried.refuted)
        for unmet in tried.refuted:
            first, count = self.refuted.get(unmet.span, (unmet, 0))
            self.refuted[unmet.span] = Pruned(first, count + 1)
        if not self.known.issuperset(map(key, tried.mistakes)):
            self.known.update(map(key, tried.mistakes))
            self.wrong.append((decisions, tried.mistakes))


def decided(
    problem: Diagnostic, choices: Iterable[Choice], decisions: Decisions, causes: Collection[Cause] | None = ()
) -> Diagnostic:
    """A mistake in a network of a space, with the choices that it is of; not knowing them, those around its place.

    `causes` is None where they were not searched to the end.
    """
    texts = [f"{_taken(cause.choice, decisions)} ({shown(cause.instead)} avoids it)" for cause in causes or ()]
    if not causes:
        taken = [choice for choice in choices if id(choice.node) in decisions]
        taken = [choice for choice in taken if not isinstance(_option(choice, decisions), tree.Choice)]
        lines = {_line(span) for span in (problem.span, *(note.span for note in problem.notes)) if span is not None}
        near = [choice for choice in taken if _line(choice.node.span) in lines] or taken
        texts = [_taken(choice, decisions) for choice in near]
    if not texts:
        return replace(problem, fix=None)
    rest = f" and {len(texts) - _MAX_SHOWN} more" if len(texts) > _MAX_SHOWN else ""
    note = Note(f"in a network with {', '.join(texts[:_MAX_SHOWN])}{rest}")
    notes = (note, Note(_NOT_SEARCHED)) if causes is None else (note,)
    # What fixes these networks may break the others.
    return replace(problem, notes=(*problem.notes, *notes), fix=None)


def _taken(choice: Choice, decisions: Decisions) -> str:
    return f"{choice.place} = {shown(_option(choice, decisions))}"


def _option(choice: Choice, decisions: Decisions) -> tree.Expression:
    return choice.node.options[decisions[id(choice.node)]]


def _line(span: Span) -> tuple[int, int]:
    return id(span.source), span.source.position(span.start)[0]


def counted(size: int) -> str:
    """A number of networks: exact where it is short, else to three digits, `3.75e17`."""
    return f"{size:,}" if size < 10**7 else f"{size:.3g}".replace("e+", "e")
