"""The `require` lines of a space: which networks they prune, and how many are left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from random import Random

from archdsl.diagnostics import Diagnostic, DiagnosticError, Span
from archdsl.diagnostics.codes import REQUIRE_FAILED
from archdsl.elaborate.instantiate.requirements import Subject, prove
from archdsl.elaborate.resolve.quantities import asked
from archdsl.language import tree
from archdsl.search_space.errors import NoneMeets, PrunedNetwork
from archdsl.search_space.networks import Networks, Sample

# Networks in a row that may be drawn in vain.
MOST_IN_VAIN = 10_000
# Networks that are drawn to estimate how many are left of a space, and of one whose claims need each network in full.
_DRAWN, _DRAWN_IN_FULL = 500, 50


@dataclass(frozen=True)
class Left:
    """How many networks of a space meet its `require` lines: `met` of those `tried`, which may be all there are."""

    size: int
    met: int
    tried: int

    @property
    def is_exact(self) -> bool:
        return self.tried == self.size

    @property
    def networks(self) -> int:
        """So many, or about so many."""
        return self.size * self.met // self.tried


class Pruning:
    """The claims of a space, tried on its networks."""

    def __init__(self, space: Networks):
        self.space = space

    @property
    def claims(self) -> tuple[tree.Require, ...]:
        return self.space.model.claims

    def refuted(self, sample: Sample) -> tuple[Diagnostic, ...]:
        """The claims that a network does not meet. Raises DiagnosticError for a mistake in it, or in a claim about
        it."""
        return tuple(found for claim in self._tried(sample) for found in claim)

    def meets(self, sample: Sample) -> bool:
        """Whether a network meets all claims. Raises DiagnosticError as `refuted` does."""
        return self.unmet(sample) is None

    def unmet(self, sample: Sample) -> Span | None:
        """The place of the first claim that a network does not meet. Raises DiagnosticError as `refuted` does."""
        for claim in self._tried(sample):
            if claim:
                assert claim[0].span is not None
                return claim[0].span
        return None

    def _tried(self, sample: Sample) -> Iterator[list[Diagnostic]]:
        """What comes of each claim about a network, one after the other."""
        if not self.claims:
            return
        space = self.space
        frame, last, out = space.frames.ends(sample.numbers)
        elaborator = frame.elaborator
        subject = Subject(
            f"network {sample.index} of {space.name}",
            space.cost(sample),
            elaborator.image,
            last.shape if frame.has_stages else out.shape,
            out.shape,
            frame.outputs[last],
            elaborator.settings["padding"],
            lambda asks, span: space.predicted(sample, asks),
        )
        environment = space.model.variant.definition.environment
        for claim in self.claims:
            found = prove([claim], subject, elaborator.names, environment)
            if wrong := [problem for problem in found if problem.code is not REQUIRE_FAILED]:
                raise DiagnosticError(wrong)
            yield found

    def require(self, sample: Sample) -> None:
        """Raises DiagnosticError, with every claim that prunes it, where a network is pruned."""
        problems = []
        for unmet in self.refuted(sample):
            assert unmet.span is not None
            pruned = PrunedNetwork(sample.index, self.space.name, _shown(unmet.span))
            problems.append(pruned.at(unmet.span, unmet.label, notes=unmet.notes))
        if problems:
            raise DiagnosticError(problems)

    def draw(
        self, count: int, seed: int, also: Callable[[Sample], bool] | None, what: str, place: Span | None = None
    ) -> list[Sample]:
        """Networks drawn uniformly of those that are left, and of which `also` holds; `what` names that in words.

        Fewer come where so many in a row are drawn in vain that the rest is not worth waiting for; raises
        DiagnosticError where that leaves none.
        """
        draw, space = Random(seed).randrange, self.space
        found: list[Sample] = []
        in_vain = 0
        while len(found) < count and in_vain < MOST_IN_VAIN:
            sample = space.numbered(draw(space.size))
            if not self.meets(sample) or not (also is None or also(sample)):
                in_vain += 1
                continue
            found.append(sample)
            in_vain = 0
        if count and not found:
            span = place or (self.claims[0].claim.span if self.claims else None)
            raise DiagnosticError([NoneMeets(in_vain, space.name, what).at(span)])
        return found

    @cached_property
    def left(self) -> Left:
        """How many networks are left: exactly where all have been tried, else by a draw."""
        model = self.space.model
        if not self.claims or model.tried == model.size:
            return Left(model.size, model.size - (model.pruned if self.claims else 0), model.size)
        needs_all = any("memory" in node.span.text for claim in self.claims for node in asked(claim.claim))
        count, draw = _DRAWN_IN_FULL if needs_all else _DRAWN, Random(0).randrange
        few = model.size <= 2 * count
        numbers = range(model.size) if few else [draw(model.size) for _ in range(count)]
        return Left(model.size, sum(self.meets(self.space.numbered(number)) for number in numbers), len(numbers))


def _shown(span: Span) -> str:
    return " ".join(span.text.split())
