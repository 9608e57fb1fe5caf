"""What is wrong, where, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from archdsl.diagnostics.codes import Code
from archdsl.diagnostics.nearest import is_slip, nearest, nearest_file, question
from archdsl.diagnostics.source import Span


class Note(Struct, frozen=True):
    """A further fact, with its own place where it has one."""

    text: str
    span: Span | None = None


class Edit(Struct, frozen=True):
    """What the text at a place is replaced by."""

    span: Span
    text: str


class Fix(Struct, frozen=True):
    """A change of the text that a tool can make.

    A safe one cannot change what is computed: it is the same in the notation of this language, or a slip of the pen put
    right. `check --fix` makes those alone; the others are suggestions, for a person to decide.
    """

    title: str
    edits: tuple[Edit, ...]
    is_safe: bool = True

    @property
    def suggested(self) -> Fix:
        """The same as a suggestion."""
        return replace(self, is_safe=False)


class Diagnostic(Struct, frozen=True):
    """One problem: a stable code, a place, the values that led there, a way out."""

    code: Code
    message: str
    span: Span | None
    label: str = ""
    notes: tuple[Note, ...] = ()
    help: str | None = None
    fix: Fix | None = None
    # The name of its class of problem, which is shown nowhere.
    problem: str = ""

    def suggesting(
        self, name: str, candidates: Iterable[str], otherwise: str | None = None, *, can_fix: bool = True
    ) -> Diagnostic:
        """The same with a help line that names the candidates nearest to `name`. Where none is near, the help is
        `otherwise`, or stays as it is.

        A single candidate comes with a fix, where the diagnostic points at the very name and it `can_fix` that.
        """
        asking = self._asking(name, nearest(name, candidates), otherwise)
        return asking if can_fix else replace(asking, fix=None)

    def suggesting_file(self, path: str, candidates: Iterable[str], otherwise: str | None = None) -> Diagnostic:
        """The same for the path of a file, and the paths of files that exist."""
        return self._asking(path, nearest_file(path, candidates), otherwise)

    def _asking(self, name: str, near: list[str], otherwise: str | None) -> Diagnostic:
        fix = _renaming(self.span, name, near[0]) if self.span is not None and len(near) == 1 else None
        return replace(self, help=question(near) or otherwise or self.help, fix=fix)

    def only_suggesting(self) -> Diagnostic:
        """The same with its fix, where it has one, as a suggestion."""
        return replace(self, fix=self.fix.suggested) if self.fix is not None else self

    @property
    def severity(self) -> str:
        return self.code.severity

    @property
    def key(self) -> tuple[object, ...]:
        """Two diagnostics with one key say the same thing twice."""
        place = (self.span.source.name, self.span.start) if self.span else ("", 0)
        return (*place, self.code.name, self.message)


def _renaming(span: Span, name: str, better: str) -> Fix | None:
    if '"' in better or "\\" in better:
        return None
    for written, replacement in ((name, better), (f'"{name}"', f'"{better}"')):
        if span.text == written:
            return Fix(f"replace `{name}` by `{better}`", (Edit(span, replacement),), is_slip(name, better))
    return None


class ArchWarning(UserWarning):
    """What is hardly meant as it is written, such as a name that nothing reads: what the command line warns of."""
