"""The networks that a model with open choices stands for, by number: what is chosen in each, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

from archdsl.diagnostics import DiagnosticError, Problems, Source
from archdsl.elaborate.evaluate.predictions import Predicted, Prediction
from archdsl.elaborate.evaluate.values import Decisions, Seconds
from archdsl.elaborate.instantiate.apply import place
from archdsl.elaborate.instantiate.models import ModelElaborator
from archdsl.elaborate.instantiate.work import Work
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Place
from archdsl.ir.cost import Cost
from archdsl.language import tree
from archdsl.search_space.choices import Choice
from archdsl.search_space.errors import NoSuchNetwork
from archdsl.search_space.open_models import OpenModel
from archdsl.search_space.parts import Frames

if TYPE_CHECKING:
    from pathlib import Path

    from archdsl.backends.latency import Time
    from archdsl.backends.latency.latencies import PartLatencies


@dataclass(frozen=True)
class OpenChoice:
    """A choice as text: what is chosen (`stages.2 kernel`), the options, and where it stands."""

    name: str
    options: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Sample:
    """One network of a space by its number, from 0 to the size of the space.

    `numbers` says the same part by part: what is shared, then each row of the table of stages.
    """

    index: int
    numbers: tuple[int, ...]


class Networks:
    """All networks that a model with open choices stands for, those among them that its `require` lines prune."""

    def __init__(self, source: Source, model: OpenModel):
        self.source, self.model = source, model
        self.frames = Frames(model)
        self._timed: dict[object, Frames] = {}

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def size(self) -> int:
        """The number of networks: of ways to take all choices. Two ways may happen to give one network."""
        return self.model.size

    @cached_property
    def choices(self) -> tuple[OpenChoice, ...]:
        """What there is to choose, in the order of the text; choices inside options follow those that they are in."""
        return tuple(
            OpenChoice(
                choice.place,
                tuple(option.span.text for option in choice.node.options),
                place(choice.node.span),
            )
            for choice in self.model.choices
        )

    # Samples ---------------------------------------------------------------------------------------------------------

    def numbered(self, index: int) -> Sample:
        """The network with this number, pruned or not. Raises DiagnosticError when there is none."""
        if not 0 <= index < self.size:
            raise DiagnosticError([NoSuchNetwork(self.name, index, self.size - 1).at(None)])
        return Sample(index, self.model.choices.split(index))

    def values(self, sample: Sample) -> dict[str, str]:
        """What is chosen in a network, as text, by the name of the choice; one inside another stands for both."""
        decisions = self.decisions(sample)
        taken: dict[str, str] = {}
        for choice in self.model.choices:
            option = option_taken(choice, decisions)
            if option is not None and not isinstance(option, tree.Choice):
                name, count = choice.place, 1
                while name in taken:  # two choices in one cell
                    count += 1
                    name = f"{choice.place} ({count})"
                taken[name] = option.span.text
        return taken

    def decisions(self, sample: Sample) -> Decisions:
        """The option taken at each choice, by the id of its node."""
        decisions: dict[int, int] = {}
        for part, number in zip(self.model.choices.parts, sample.numbers, strict=True):
            decisions.update(part.decisions(number))
        return decisions

    # Networks --------------------------------------------------------------------------------------------------------

    def cost(self, sample: Sample) -> Cost:
        """The cost of a network for one image; what it has in common with those before is not counted anew.

        Raises DiagnosticError when there is a mistake in the network.
        """
        return self.frames.cost(sample.numbers)

    def costs(self, samples: Iterable[Sample]) -> list[Cost]:
        """The cost of each network; thousands a second. Raises DiagnosticError for the first that holds a mistake."""
        cost = self.frames.cost
        return [cost(sample.numbers) for sample in samples]

    def latency(
        self,
        sample: Sample,
        device: str | Path = "a100",
        *,
        batch: int = 1,
        training: bool = False,
        dtype: str | None = None,
    ) -> Time:
        """How long a network takes on a device: what `Network.latency` predicts, without elaborating it in full."""
        return self.latencies([sample], device, batch=batch, training=training, dtype=dtype)[0]

    def latencies(
        self,
        samples: Iterable[Sample],
        device: str | Path = "a100",
        *,
        batch: int = 1,
        training: bool = False,
        dtype: str | None = None,
    ) -> list[Time]:
        """How long inference of a batch takes in each network or, with `training`, a step of training.

        What networks have in common is timed once, in this call and in others with the same arguments. Raises
        DiagnosticError where there is no such device, and for the first network that holds a mistake.
        """
        _, frames = self.timed(str(device), batch, training, dtype)
        return [frames.time(sample.numbers) for sample in samples]

    def timed(self, device: str, batch: int, training: bool, dtype: str | None) -> tuple[PartLatencies, Frames]:
        """The networks with a clock of a device at hand, and what that clock predicts. Raises DiagnosticError."""
        from archdsl.search_space.clock import Clock

        clock = Clock.of(device, batch, training, dtype)
        frames = self._timed.setdefault(clock.setting, Frames(self.model, clock))
        return clock.latencies("", {}), frames

    def predicted(self, sample: Sample, asks: Prediction) -> Predicted:
        """What the cost model answers about a network: stages make up a latency; a peak of memory is one of the whole
        network, which is elaborated for it. Raises DiagnosticError."""
        if asks.quantity == "memory":
            from archdsl.predicting import predicted

            return predicted(self.architecture(sample), asks)
        from archdsl.backends.latency.report import setting

        dtype = dict(asks.words).get("dtype")
        clock, frames = self.timed(str(asks.device), asks.batch, asks.is_training, dtype)
        return Predicted(Seconds(frames.time(sample.numbers).seconds), f"{setting(clock)}, batch {asks.batch}")

    def architecture(self, sample: Sample) -> Architecture:
        """A network in full, called after the space and its number. Raises DiagnosticError when there is a mistake in
        it."""
        model, problems = self.model, Problems()
        label = "_".join(filter(None, [model.variant.label, str(sample.index)]))
        variant = replace(model.variant, label=label)
        decisions = self.decisions(sample)
        made = ModelElaborator(variant, problems, Work(), model.resolution, model.overrides, decisions).run()
        if made is None:
            raise DiagnosticError(problems.sorted())
        return made.architecture


def option_taken(choice: Choice, decisions: Decisions) -> tree.Expression | None:
    """The option that is taken at a choice; None where the choice is inside an option that is not."""
    number = decisions.get(id(choice.node))
    return None if number is None else choice.node.options[number]
