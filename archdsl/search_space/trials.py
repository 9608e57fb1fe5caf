"""Networks of a search space, elaborated for the mistakes in them, and the choices that a mistake is of."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from random import Random
from typing import NamedTuple

from msgspec import Struct

from archdsl.diagnostics import Diagnostic, Problems
from archdsl.diagnostics.codes import REQUIRE_FAILED
from archdsl.elaborate.evaluate.predictions import Predict
from archdsl.elaborate.evaluate.values import Decisions, Value
from archdsl.elaborate.instantiate.models import ModelElaborator
from archdsl.elaborate.instantiate.requirements import prove, subject
from archdsl.elaborate.instantiate.work import Spare, Work
from archdsl.elaborate.resolve.merge import Variant
from archdsl.ir.architecture import Architecture
from archdsl.language import tree
from archdsl.search_space.choices import Choice, OpenChoices

# The networks that are elaborated to check a space: enough to meet every option of choices among so many.
MAX_TURNS = 64
# Spaces of so many networks are small: all of them are elaborated, as far as the effort goes.
SMALL = 400
# What answers the claims about a network that speak of predictions, as a part of the effort.
Answers = Callable[[Architecture, Work], Predict]


class Tried(NamedTuple):
    """What came of a network: the mistakes in it or, where there are none, the claims that it does not meet."""

    mistakes: tuple[Diagnostic, ...]
    refuted: tuple[Diagnostic, ...] = ()


class Cause(NamedTuple):
    """A choice that a mistake is of: what is taken, and an option with which that network would be without it."""

    choice: Choice
    instead: tree.Expression


def key(problem: Diagnostic) -> Hashable:
    """What makes two mistakes the same: other options may come to one with other numbers in its message."""
    return problem.code, problem.span


class Trials(Struct, eq=False):
    """Elaborates networks of a space. What need not be looked at is looked at with `spare` effort, while it lasts."""

    variant: Variant
    choices: OpenChoices
    resolution: int | tuple[int, int] | None
    overrides: dict[str, Value] | None
    spare: Spare
    answers: Answers

    def networks(self, effort: Work) -> Iterator[tuple[Decisions, Tried]]:
        """Networks with what came of each: some that together meet every option, then the others of a small space.

        They end early where the effort does.
        """
        tried = set()
        for turn in range(min(MAX_TURNS, max(part.turns for part in self.choices.parts))):
            decisions = {node: taken for part in self.choices.parts for node, taken in part.diagonal(turn).items()}
            tried.add(frozenset(decisions.items()))
            yield decisions, self._tried(decisions, effort)
            if effort.is_spent:
                return
        for index in range(self.choices.size if self.choices.size <= SMALL else 0):
            decisions = self._decisions(index)
            if frozenset(decisions.items()) in tried:
                continue
            found = self._tried(decisions, self.spare.networks)
            if self.spare.networks.is_spent:
                return
            yield decisions, found

    def drawn(self, count: int) -> Iterator[tuple[Decisions, Tried]]:
        """Further networks, drawn uniformly, as far as the effort goes."""
        draw = Random(0).randrange
        for _ in range(count):
            decisions = self._decisions(draw(self.choices.size))
            found = self._tried(decisions, self.spare.networks)
            if self.spare.networks.is_spent:
                return
            yield decisions, found

    def _decisions(self, index: int) -> dict[int, int]:
        numbers = zip(self.choices.parts, self.choices.split(index), strict=True)
        return {node: taken for part, number in numbers for node, taken in part.decisions(number).items()}

    def causes(self, decisions: Decisions, problems: tuple[Diagnostic, ...]) -> dict[Hashable, list[Cause]] | None:
        """The choices that each mistake of a network is of: taken otherwise, each alone, it is not there.

        None where the effort ends before all have been tried.
        """
        before = {key(problem) for problem in problems}
        found: dict[Hashable, list[Cause]] = {one: [] for one in before}
        if self.spare.causes.is_spent:
            return None
        for choice in self.choices:
            taken = decisions.get(id(choice.node))
            if taken is None or isinstance(choice.node.options[taken], tree.Choice):
                continue
            waiting = set(before)
            for number, option in enumerate(choice.node.options):
                if number == taken or not waiting:
                    continue
                otherwise = {**decisions, id(choice.node): number, **choice.options[number].diagonal(0)}
                after = {key(problem) for problem in self._tried(otherwise, self.spare.causes).mistakes}
                if self.spare.causes.is_spent:
                    return None
                # Another mistake may hide this one.
                if after <= before:
                    for one in waiting - after:
                        found[one].append(Cause(choice, option))
                    waiting &= after
        return found

    def _tried(self, decisions: Mapping[int, int], effort: Work) -> Tried:
        found = Problems()
        made = ModelElaborator(self.variant, found, effort, self.resolution, self.overrides, decisions).run()
        if made is None:
            return Tried(tuple(found.sorted()))
        network = subject(made.architecture, self.answers(made.architecture, effort))
        unmet = prove(made.requires, network, made.names, self.variant.definition.environment)
        wrong = tuple(problem for problem in unmet if problem.code is not REQUIRE_FAILED)
        return Tried(wrong, () if wrong else tuple(unmet))
