"""The choices that a model leaves open, and in how many ways they can be taken.

A choice is a place in the text: `k = {3, 5}` is decided once however often `k` is used, and the cell of a row once for
all layers of its stage. A choice within an option is there only where that option is taken. Every combination has a
number, from 0 to the size of the space, so that to sample uniformly is to draw a number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from math import prod

from msgspec import Struct

from archdsl.elaborate.resolve.definitions import Definition, Environment
from archdsl.elaborate.resolve.merge import Merged, Variant, merge, take_row
from archdsl.elaborate.resolve.words import ASIDE
from archdsl.language import tree
from archdsl.language.nodes import children


class Choice(Struct, frozen=True, eq=False, dict=True):
    """One choice: its node, and for each option the choices inside it. `place` is what is chosen: `stages.2 kernel`."""

    node: tree.Choice
    place: str
    options: tuple[Choices, ...]

    @cached_property
    def size(self) -> int:
        return sum(option.size for option in self.options)


class Choices(Struct, frozen=True, eq=False, dict=True):
    """Choices that do not depend on each other."""

    choices: tuple[Choice, ...] = ()

    @cached_property
    def size(self) -> int:
        """The number of combinations; 1 where there is nothing to choose."""
        return prod(choice.size for choice in self.choices)

    def decisions(self, index: int) -> dict[int, int]:
        """The combination of a number below `size`: the option taken at each choice, by the id of its node."""
        found: dict[int, int] = {}
        self._decide(index, found)
        return found

    def _decide(self, index: int, found: dict[int, int]) -> None:
        for choice in reversed(self.choices):
            index, rest = divmod(index, choice.size)
            for number, option in enumerate(choice.options):
                if rest < option.size:
                    found[id(choice.node)] = number
                    option._decide(rest, found)
                    break
                rest -= option.size

    def diagonal(self, turn: int) -> dict[int, int]:
        """Decisions that take option `turn` of each choice, counted round: the first turns meet every option once."""
        found: dict[int, int] = {}
        for choice in self.choices:
            number = turn % len(choice.options)
            found[id(choice.node)] = number
            found.update(choice.options[number].diagonal(turn // len(choice.options)))
        return found

    @property
    def turns(self) -> int:
        """How many turns of `diagonal` meet every option."""
        return max(
            (len(choice.options) * max(option.turns for option in choice.options) for choice in self.choices), default=1
        )

    def __iter__(self) -> Iterator[Choice]:
        """All of them, those inside options too."""
        for choice in self.choices:
            yield choice
            for option in choice.options:
                yield from option


class OpenChoices(Struct, frozen=True, eq=False, dict=True):
    """The choices of a model: in each row of its table of stages, and those that more than one row can feel."""

    shared: Choices
    rows: tuple[Choices, ...]

    @cached_property
    def parts(self) -> tuple[Choices, ...]:
        return (self.shared, *self.rows)

    @cached_property
    def size(self) -> int:
        return prod(part.size for part in self.parts)

    def split(self, index: int) -> tuple[int, ...]:
        """The number of a combination as one number for each of `parts`."""
        found = []
        for part in reversed(self.parts):
            index, rest = divmod(index, part.size)
            found.append(rest)
        return tuple(reversed(found))

    def join(self, numbers: Sequence[int]) -> int:
        """The number of a combination from one number for each of `parts`: the inverse of `split`."""
        index = 0
        for part, number in zip(self.parts, numbers, strict=True):
            index = index * part.size + number
        return index

    def __iter__(self) -> Iterator[Choice]:
        for part in self.parts:
            yield from part


def open_choices(variant: Variant, decided: Iterable[str] = ()) -> OpenChoices:
    """The choices of a network, in the order of the text; parameters that are `decided` from outside leave none."""
    merged = merge(variant.definition)
    take_row(merged, variant)
    blocks = _Blocks()
    shared = list(_outside_the_table(merged, blocks, frozenset(decided)))
    rows: list[list[Choice]] = []
    for row in merged.rows.rows:
        rows.append([])
        for column, (cell, environment) in row.cells.items():
            if not isinstance(cell, tree.DefaultCell) and column != "name":
                rows[-1] += _choices(cell, environment, f"stages.{row.number - 1} {column}", blocks)
    count = Counter(id(choice.node) for row in rows for choice in row)
    # A model that extends another can set the cells of several rows with one choice.
    several = {id(choice.node): choice for row in rows for choice in row if count[id(choice.node)] > 1}
    shared += several.values()
    alone = [Choices(tuple(choice for choice in row if id(choice.node) not in several)) for row in rows]
    return OpenChoices(Choices((*shared, *blocks.choices)), tuple(alone))


def _outside_the_table(merged: Merged, blocks: _Blocks, decided: frozenset[str]) -> Iterator[Choice]:
    for name, (parameter, environment) in merged.parameters.items():
        node: tree.Expression | None = parameter.default
        if name in merged.given:
            node, environment, _ = merged.given[name]
        if node is not None and name not in decided:
            yield from _choices(node, environment, name, blocks)
    for name, (binding, environment) in merged.bindings.items():
        if name not in ASIDE:
            yield from _choices(binding.value, environment, name, blocks)
    for binding, environment in merged.facts:
        fact = f".{binding.fact.text}" if binding.fact else ""
        yield from _choices(binding.value, environment, f"{binding.name.text}{fact}", blocks)
    if merged.scale is not None:
        scale, environment = merged.scale
        for binding in scale.bindings:
            yield from _choices(binding.value, environment, f"scale {binding.name.text}", blocks)


class _Blocks:
    """The choices in the blocks that a model applies, each block looked into once."""

    def __init__(self) -> None:
        self.choices: list[Choice] = []
        self._seen: set[int] = set()

    def meet(self, definition: Definition) -> None:
        if id(definition) in self._seen:
            return
        self._seen.add(id(definition))
        for node in children(definition.block):
            name = node.name.text if isinstance(node, tree.Parameter | tree.Binding) else "require"
            self.choices += _choices(node, definition.environment, f"{definition.name} {name}", self)


def _choices(node: tree.Node, environment: Environment, place: str, blocks: _Blocks) -> Iterator[Choice]:
    """The outermost choices in an expression; those in the blocks that it names are left with `blocks`."""
    if isinstance(node, tree.Choice):
        options = (Choices(tuple(_choices(option, environment, place, blocks))) for option in node.options)
        yield Choice(node, place, tuple(options))
        return
    if isinstance(node, tree.Name) and (definition := environment.block(node.text)) is not None:
        blocks.meet(definition)
    for child in children(node):
        yield from _choices(child, environment, place, blocks)
