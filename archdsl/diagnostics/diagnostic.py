"""What is wrong, where, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from archdsl.diagnostics.codes import Code
from archdsl.diagnostics.source import Span


@dataclass(frozen=True)
class Note:
    """A further fact, with its own place where it has one."""

    text: str
    span: Span | None = None


@dataclass(frozen=True)
class Diagnostic:
    """One problem: a stable code, a place, the values that led there, a way out."""

    code: Code
    message: str
    span: Span | None
    label: str = ""
    notes: tuple[Note, ...] = ()
    help: str | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """Two diagnostics with one key say the same thing twice."""
        place = (self.span.source.name, self.span.start) if self.span else ("", 0)
        return (*place, self.code.name, self.message)

    def with_note(self, note: Note) -> Diagnostic:
        return Diagnostic(self.code, self.message, self.span, self.label, (*self.notes, note), self.help)


class Failure(Exception):  # noqa: N818 - it carries diagnostics, it is not itself an error to show
    """Carries diagnostics up to the driver; never shown to a user as an exception."""

    def __init__(self, diagnostics: Iterable[Diagnostic]):
        self.diagnostics = tuple(diagnostics)
        super().__init__("; ".join(d.message for d in self.diagnostics))


@dataclass
class Problems:
    """The diagnostics found so far, each kept once, in the order found."""

    found: dict[tuple[object, ...], Diagnostic] = field(default_factory=dict)

    def add(self, *diagnostics: Diagnostic) -> None:
        for diagnostic in diagnostics:
            self.found.setdefault(diagnostic.key, diagnostic)

    def __bool__(self) -> bool:
        return bool(self.found)

    def sorted(self) -> tuple[Diagnostic, ...]:
        """By file and place; those without a place first."""
        return tuple(sorted(self.found.values(), key=lambda d: (d.key[0], d.key[1])))  # type: ignore[arg-type,return-value]


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """A help line that names the nearest candidates, or None when nothing is near."""
    near = get_close_matches(name, sorted(set(candidates)), n=3, cutoff=0.6)
    if not near:
        return None
    return "did you mean " + " or ".join(f"`{candidate}`" for candidate in near) + "?"
