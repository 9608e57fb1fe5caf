"""The diagnostics that one look at a text finds, each once, and no more than anybody reads."""

from __future__ import annotations

from msgspec import Struct, field

from archdsl.diagnostics.diagnostic import Diagnostic
from archdsl.limits import limits


class Problems(Struct):
    """The diagnostics found so far, each kept once.

    A file with more than `limits.problems` is broken as a whole; to report all would take long and help nobody. Past
    that they are no longer kept, and who looks for problems looks for no more once this `is_full`.
    """

    found: dict[tuple[object, ...], Diagnostic] = field(default_factory=dict)
    left_out: int = 0

    def add(self, *diagnostics: Diagnostic) -> None:
        for diagnostic in diagnostics:
            if len(self.found) < limits().problems:
                self.found.setdefault(diagnostic.key, diagnostic)
            elif diagnostic.key not in self.found:
                self.left_out += 1

    @property
    def is_full(self) -> bool:
        return self.left_out > 0

    def __len__(self) -> int:
        return len(self.found) + self.left_out

    def sorted(self) -> tuple[Diagnostic, ...]:
        """By file and place; those without a place first."""
        ordered = sorted(self.found.values(), key=lambda d: (str(d.key[0]), d.span.start if d.span else 0))
        if self.left_out:
            from archdsl.diagnostics.errors import TooManyProblems  # late: few texts have so many

            ordered.append(TooManyProblems(len(ordered)).at(ordered[-1].span))
        return tuple(ordered)
