"""`layer * n` in a constructor: one expression for all copies where that can be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from archdsl.backends.pytorch.module import ModuleBuilder, Unmergeable, formulas_of
from archdsl.backends.pytorch.naming import Names
from archdsl.backends.pytorch.nodes import Copies, Derived, call, copies, is_same, whole_number
from archdsl.backends.pytorch.seen import Seen
from archdsl.ir.body import Apply
from archdsl.ir.formula import Call, Expression, Name, Operation, constant

Made = tuple[Expression, Expression | None]  # the copies in sequence, and the channels that come out of them


class Copier(Protocol):
    """What writes the copies: the writer of steps, which comes after this."""

    builder: ModuleBuilder

    def bake(self, formulas: Iterable[Expression | None]) -> None: ...

    def copy(self, seen: Seen, channels: Expression | None) -> Made: ...

    def followed(
        self, values: Sequence[tuple[int, Any]], formulas: Sequence[Expression | None], hint: str
    ) -> Expression: ...

    def channels(self, seen: Seen, channels: Expression | None) -> Expression: ...


def repeated(writer: Copier, seen: Seen, channels: Expression | None, name: str) -> tuple[Call, Expression | None]:
    """The copies of a layer, for all instances of a class. Raises Unmergeable when no one expression fits them all."""
    counts = [(index, step.count) for index, step in seen]
    some = [(index, step) for index, step in seen if step.count]
    if not some or all(count == 1 for _, count in counts):
        writer.bake(formulas_of(step.formula for _, step in seen))
    if not some:
        return call("nn.Sequential"), channels
    first = [(index, step.copies[0]) for index, step in some]
    if all(count == 1 for _, count in counts):
        made, after = writer.copy(first, channels)
        return call("nn.Sequential", made), after
    count = writer.followed(counts, formulas_of(step.formula for _, step in seen), f"{name or 'layers'}_count")
    growing = _growing(writer, some, channels, count) if max(number for _, number in counts) > 1 else None
    if growing is not None:
        return growing
    made, after = writer.copy(first, channels)
    rest = [(index, copy) for index, step in some for copy in step.copies[1:]]
    if not rest:
        # One copy or none; where there is none, the channels are what they were.
        return copies(made, count), after if is_same(after, channels) else None
    try:
        others, after_others = writer.copy(rest, after if _keep_channels(rest) else None)
    except Unmergeable:
        if len({number for _, number in counts}) > 1:
            raise
        return _listed(writer, seen, channels)
    if others == made:
        if len(some) < len(seen) and not is_same(after_others, channels):
            after_others = None  # where there are no copies, the channels are what they were
        return copies(made, count), after_others
    if len(some) < len(seen):
        raise Unmergeable("no copies")
    if any(step.count == 1 for _, step in some) and not is_same(after_others, after):
        after_others = None  # what is known of the further copies holds only where there are some
    number = whole_number(count)
    remaining = Operation("-", count, constant(1)) if number is None else constant(number - 1)
    if remaining == constant(1):
        return call("nn.Sequential", made, others), after_others
    return call("nn.Sequential", made, *copies(others, remaining).arguments), after_others


def _growing(
    writer: Copier, seen: Seen, channels: Expression | None, count: Expression
) -> tuple[Call, Expression | None] | None:
    """Copies of which each puts out so many channels more than it reads, as in a dense block."""
    growths: dict[int, int] = {}
    for index, step in seen:
        for copy in step.copies:
            if not isinstance(copy, Apply):
                return None
            grown = copy.output.channels - copy.input.channels
            if grown == 0 or growths.setdefault(index, grown) != grown:
                return None
    builder = writer.builder
    start = writer.channels([(index, step.copies[0]) for index, step in seen], channels)
    growth = builder.source(list(growths.items()), [None], "growth")
    variable = Names({*builder.arguments, *builder.scalars[0]}).new("index")
    every = [(index, copy) for index, step in seen for copy in step.copies]
    read = Operation("+", start, Operation("*", growth, Name(variable)))
    try:
        made, _ = writer.copy(every, read)
    except Unmergeable:
        return None
    after = Derived(Operation("+", start, Operation("*", growth, count)))
    return call("nn.Sequential", Copies(made, variable, call("range", count))), after


def _listed(writer: Copier, seen: Seen, channels: Expression | None) -> tuple[Call, Expression | None]:
    """Copies that differ from one to the next, each written out."""
    parts = []
    for position in range(seen[0][1].count):
        made, channels = writer.copy([(index, step.copies[position]) for index, step in seen], channels)
        parts.append(made)
    return call("nn.Sequential", *parts), channels


def _keep_channels(copies: Seen) -> bool:
    return all(not isinstance(step, Apply) or step.input.channels == step.output.channels for _, step in copies)
