"""`archdsl space --where --best`: networks of a space that meet a condition over the columns, and the best of them."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from typing import NamedTuple

from archdsl.backends.pareto.measures import ADDED_BY, COUNTS, measure
from archdsl.cli.commands.errors import MissingColumn, NoNetworkMeets, NotColumn, UnknownColumnOfSpace
from archdsl.cli.errors import OptionAlone
from archdsl.cli.predictions import Predictions
from archdsl.diagnostics import Source, Span, did_you_mean
from archdsl.elaborate.evaluate.arithmetic import Constraint, names_in
from archdsl.elaborate.resolve.dimensions import OF_COLUMNS
from archdsl.search_space.networks import Sample
from archdsl.search_space.space import Space

# A space of so many networks is looked at in full where the best is asked for, else so many of them are drawn.
_ALL, _DRAWN = 10_000, 1_000
_ALL_IN_FULL, _DRAWN_IN_FULL = 100, 100


def add_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("search")
    group.add_argument(
        "--where",
        metavar="E",
        help="of networks that meet a condition over the columns: `latency <= 5ms and params <= 2M`",
    )
    group.add_argument(
        "--best",
        metavar="C",
        help="the best in a column: `macs` for the least, as costs go, `max:macs` for the most; of those drawn with "
        "--sample, else of all in a small space and of 1,000 in a large one",
    )
    group.add_argument("--top", type=_positive, metavar="N", help="with --best: so many, the best first (default: 1)")


class Search:
    """What the options ask for."""

    def __init__(self, arguments: Namespace, predicted: Predictions):
        """Raises DiagnosticError for a condition or a column that means nothing here."""
        self.predicted, self.top = predicted, arguments.top or 1
        self.columns = (*COUNTS, *predicted.measures)
        self._looked_at = 0
        self.sample, self.seed = arguments.sample, arguments.seed or 0
        self.where = self._condition(arguments.where) if arguments.where is not None else None
        self.best = self._column(arguments.best) if arguments.best is not None else None
        if arguments.top is not None and self.best is None:
            raise OptionAlone("top", "the best networks", "add `--best macs`").error()

    def _condition(self, text: str) -> Constraint:
        source = Source("--where", text)
        for name in names_in(source):
            if name in ADDED_BY and name not in self.columns:
                raise MissingColumn(name, ADDED_BY[name]).error()
        return Constraint(source, self.columns, {name: OF_COLUMNS[name] for name in self.columns})

    def _column(self, text: str) -> Best:
        way, colon, key = text.partition(":")
        if not colon:
            way, key = "", text
        elif way not in ("min", "max"):
            raise NotColumn(text, key).error()
        if key not in self.columns:
            if key in ADDED_BY:
                raise MissingColumn(key, ADDED_BY[key]).error()
            raise UnknownColumnOfSpace(key, self.columns).error(help=did_you_mean(key, self.columns))
        return Best(key, measure(key).is_lower_better if not way else way == "min")

    def found(self, space: Space) -> list[Sample]:
        """The networks that are asked for. Raises DiagnosticError where there are none."""
        samples = self._candidates(space)
        self._looked_at = len(samples)
        if self.best is not None:
            key, is_least = self.best
            samples = sorted(
                dict.fromkeys(samples), key=lambda one: self._value(space, one, key) * (1 if is_least else -1)
            )
            return samples[: self.top]
        return samples

    def _candidates(self, space: Space) -> list[Sample]:
        what = f"`{self.where.source.text}`" if self.where is not None else "its `require` lines"
        if self.where is not None and space.pruning.claims:
            what += " and its `require` lines"
        if not self._is_drawn(space):
            everything = map(space.numbered, range(space.size))
            found = [one for one in everything if space.pruning.meets(one) and self._meets(space, one)]
            if not found:
                raise NoNetworkMeets(space.size, space.name, what).error(self._span)
            return found
        count = self.sample or (_DRAWN_IN_FULL if "memory" in self._used else _DRAWN)
        return space.pruning.draw(count, self.seed, lambda one: self._meets(space, one), what, self._span)

    def _is_drawn(self, space: Space) -> bool:
        """Whether there are too many networks to look at all of them, or some are asked for."""
        return self.sample is not None or space.size > (_ALL_IN_FULL if "memory" in self._used else _ALL)

    def notes(self, space: Space, count: int) -> Iterator[str]:
        """What was looked for, and among how many networks."""
        if self.where is not None:
            yield f"where {self.where.source.text}"
        if self.best is not None:
            key, is_least = self.best
            of = f"{self._looked_at:,} {'drawn' if self._is_drawn(space) else 'networks, all that there are'}"
            yield f"best: {'least' if is_least else 'most'} {measure(key).label} of {of}"
        elif self.sample is not None and count < self.sample:
            yield f"{count:,} of the {self.sample:,} asked for: others are too rare to draw"

    @property
    def _span(self) -> Span | None:
        return self.where.claim.span if self.where is not None else None

    @property
    def _used(self) -> set[str]:
        """The columns that are looked at."""
        names = set(names_in(self.where.source)) if self.where is not None else set()
        return names | ({self.best.key} if self.best is not None else set())

    def _meets(self, space: Space, sample: Sample) -> bool:
        if self.where is None:
            return True
        names = names_in(self.where.source)
        return self.where.holds({name: self._value(space, sample, name) for name in names if name in self.columns})

    def _value(self, space: Space, sample: Sample, key: str) -> float:
        if key in COUNTS:
            return float(getattr(space.cost(sample).for_batch(self.predicted.batch), key))
        if key == "memory":
            return self.predicted.memory_of(space.architecture(sample))[key]
        one = self.predicted
        assert one.device is not None
        time = space.latency(sample, one.device, batch=one.batch, training=one.training, dtype=one.dtype)
        return one.timed(time)[key]


class Best(NamedTuple):
    """The column whose least or most is looked for."""

    key: str
    is_least: bool


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise ArgumentTypeError(f"{text!r} is not a number of networks")
    return int(text)
