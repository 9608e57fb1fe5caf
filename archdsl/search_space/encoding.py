"""Networks of a space as the option taken at each choice, which is what optimizers vary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from archdsl.search_space.choices import Choice, Choices
from archdsl.search_space.networks import Networks, Sample


@dataclass(frozen=True)
class Variable:
    """A choice as an optimizer sees it: a name that no other of the space has, and its options, which differ."""

    name: str
    options: tuple[str, ...]


# Says which option to take at a choice.
Decide = Callable[[Variable], int]


class Encoding:
    """The choices of a space as variables. One inside an option is there only where that option is taken."""

    def __init__(self, space: Networks):
        self.choices = space.model.choices
        seen: Counter[str] = Counter()
        self._of: dict[int, Variable] = {}
        for choice in self.choices:
            seen[choice.place] += 1
            count = seen[choice.place]
            name = choice.place if count == 1 else f"{choice.place} ({count})"
            self._of[id(choice.node)] = Variable(name, _labels(choice))

    @property
    def variables(self) -> tuple[Variable, ...]:
        """All of them, in the order of the text."""
        return tuple(self._of.values())

    @property
    def always(self) -> tuple[Variable, ...]:
        """Those that are there in every network."""
        return tuple(self._of[id(choice.node)] for part in self.choices.parts for choice in part.choices)

    @cached_property
    def by_name(self) -> Mapping[str, Variable]:
        """All of them by name."""
        return {variable.name: variable for variable in self.variables}

    def sample(self, decide: Decide) -> Sample:
        """The network with the options that `decide` takes. It is asked for those variables alone that are there."""
        numbers = tuple(self._number(part, decide) for part in self.choices.parts)
        return Sample(self.choices.join(numbers), numbers)

    def taken(self, sample: Sample) -> dict[str, int]:
        """The option taken at each variable that is there in a network, by name."""
        decisions: dict[int, int] = {}
        for part, number in zip(self.choices.parts, sample.numbers, strict=True):
            decisions.update(part.decisions(number))
        return {variable.name: decisions[node] for node, variable in self._of.items() if node in decisions}

    def _number(self, choices: Choices, decide: Decide) -> int:
        number = 0
        for choice in choices.choices:
            taken = decide(self._of[id(choice.node)])
            before = sum(option.size for option in choice.options[:taken])
            number = number * choice.size + before + self._number(choice.options[taken], decide)
        return number


def _labels(choice: Choice) -> tuple[str, ...]:
    texts = [" ".join(option.span.text.split()) for option in choice.node.options]
    repeated = {text for text, count in Counter(texts).items() if count > 1}
    return tuple(f"{text} [{index}]" if text in repeated else text for index, text in enumerate(texts))
