"""Independent mistakes are reported together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from archdsl.diagnostics import DiagnosticError, Problems

Item = TypeVar("Item")
Made = TypeVar("Made")


class Mistakes:
    """The errors of several checks of a text, each `apart` from the others."""

    def __init__(self) -> None:
        self._problems = Problems()

    def __bool__(self) -> bool:
        return bool(self._problems)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Keeps a DiagnosticError for `raise_found`."""
        try:
            yield
        except DiagnosticError as failure:
            self._problems.add(*failure.diagnostics)

    def each(self, items: Iterable[Item], read: Callable[[Item], Made]) -> list[Made | None]:
        """What is read from each item, None where that is a mistake, which is kept."""
        found: list[Made | None] = []
        for item in items:
            made = None
            with self.apart():
                made = read(item)
            found.append(made)
        return found

    def raise_found(self) -> None:
        """Raises DiagnosticError with all that was kept, if anything was."""
        if self._problems:
            raise DiagnosticError(self._problems.sorted())


def each(items: Iterable[Item], read: Callable[[Item], Made]) -> list[Made]:
    """What is read from each item. Raises DiagnosticError with the mistakes of all."""
    mistakes = Mistakes()
    found = [made for made in mistakes.each(items, read) if made is not None]
    mistakes.raise_found()
    return found
