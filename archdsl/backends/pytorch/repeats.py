"""`layer * n` as constructor text: one expression for all copies where that can be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from archdsl.backends.pytorch.conditions import Derived
from archdsl.backends.pytorch.module import ModuleBuilder, Unmergeable
from archdsl.backends.pytorch.naming import Names
from archdsl.ir.body import Apply

Seen = Sequence[tuple[int, Any]]
Texts = tuple[str, str | None]  # of the copies in sequence, and of the channels that come out of them


class Copier(Protocol):
    """What writes the copies: the writer of steps, which comes after this."""

    builder: ModuleBuilder

    def bake(self, formulas: Iterable[str | None]) -> None: ...

    def copy(self, seen: Seen, channels: str | None) -> Texts: ...

    def followed(self, values: Sequence[tuple[int, Any]], formulas: Sequence[str | None], hint: str) -> str: ...

    def channels(self, seen: Seen, channels: str | None) -> str: ...


def repeated(writer: Copier, seen: Seen, channels: str | None, name: str) -> Texts:
    """The copies of a layer, for all instances of a class. Raises Unmergeable when they do not fit into one text."""
    counts = [(index, step.count) for index, step in seen]
    some = [(index, step) for index, step in seen if step.count]
    if not some or all(count == 1 for _, count in counts):
        writer.bake(step.formula for _, step in seen)
    if not some:
        return "nn.Sequential()", channels
    first = [(index, step.copies[0]) for index, step in some]
    if all(count == 1 for _, count in counts):
        text, after = writer.copy(first, channels)
        return f"nn.Sequential({text})", after
    count = writer.followed(counts, [step.formula for _, step in seen], f"{name or 'layers'}_count")
    growing = _growing(writer, some, channels, count)
    if growing is not None:
        return growing
    text, after = writer.copy(first, channels)
    rest = [(index, copy) for index, step in some for copy in step.copies[1:]]
    if not rest:
        # One copy or none; where there is none, the channels are what they were.
        return f"nn.Sequential(*({text} for _ in range({count})))", after if after == channels else None
    try:
        others, after_others = writer.copy(rest, after if _keep_channels(rest) else None)
    except Unmergeable:
        if len({number for _, number in counts}) > 1:
            raise
        return _listed(writer, seen, channels)
    if others == text:
        if len(some) < len(seen) and after_others != channels:
            after_others = None  # where there are no copies, the channels are what they were
        return f"nn.Sequential(*({text} for _ in range({count})))", after_others
    if len(some) < len(seen):
        raise Unmergeable("no copies")
    if any(step.count == 1 for _, step in some) and after_others != after:
        after_others = None  # what is known of the further copies holds only where there are some
    remaining = str(int(count) - 1) if count.isdigit() else f"({count}) - 1"
    if remaining == "1":
        return f"nn.Sequential({text}, {others})", after_others
    return f"nn.Sequential({text}, *({others} for _ in range({remaining})))", after_others


def _growing(writer: Copier, seen: Seen, channels: str | None, count: str) -> Texts | None:
    """Copies of which each puts out so many channels more than it reads, as in a dense block."""
    growths: dict[int, int] = {}
    for index, step in seen:
        for copy in step.copies:
            if not isinstance(copy, Apply):
                return None
            growth = copy.output.channels - copy.input.channels
            if growth == 0 or growths.setdefault(index, growth) != growth:
                return None
    builder = writer.builder
    start = writer.channels([(index, step.copies[0]) for index, step in seen], channels)
    growth_text = builder.text(list(growths.items()), [None], "growth")
    variable = Names({*builder.arguments, *builder.scalars[0]}).new("index")
    copies = [(index, copy) for index, step in seen for copy in step.copies]
    try:
        text, _ = writer.copy(copies, f"({start}) + ({growth_text}) * {variable}")
    except Unmergeable:
        return None
    after = Derived(f"({start}) + ({growth_text}) * ({count})")
    return f"nn.Sequential(*({text} for {variable} in range({count})))", after


def _listed(writer: Copier, seen: Seen, channels: str | None) -> Texts:
    """Copies that differ from one to the next, each written out."""
    texts = []
    for position in range(seen[0][1].count):
        text, channels = writer.copy([(index, step.copies[position]) for index, step in seen], channels)
        texts.append(text)
    return f"nn.Sequential({', '.join(texts)})", channels


def _keep_channels(copies: Seen) -> bool:
    return all(not isinstance(step, Apply) or step.input.channels == step.output.channels for _, step in copies)
