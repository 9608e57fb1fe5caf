"""Mistakes that have nothing to do with each other are told together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from archdsl.diagnostics import Failure, Problems

Item = TypeVar("Item")
Made = TypeVar("Made")


class Mistakes:
    """What several looks at a text refuse, each `apart` from the others."""

    def __init__(self) -> None:
        self._problems = Problems()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Keeps a Failure for `tell`."""
        try:
            yield
        except Failure as failure:
            self._problems.add(*failure.diagnostics)

    def tell(self) -> None:
        """Raises Failure with all that was kept, if anything was."""
        if self._problems:
            raise Failure(self._problems.sorted())


def each(items: Iterable[Item], read: Callable[[Item], Made]) -> list[Made]:
    """What is read from each item. Raises Failure with the mistakes of all."""
    mistakes = Mistakes()
    found = []
    for item in items:
        with mistakes.apart():
            found.append(read(item))
    mistakes.tell()
    return found
