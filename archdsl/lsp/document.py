"""A text that is open in an editor, and everything that is known about it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from lsprotocol.types import PositionEncodingKind

from archdsl.compiler import Compiled, Linked, compile_source, link_source
from archdsl.diagnostics import Diagnostic, Source, Span
from archdsl.elaborate.check.files import resolve_names
from archdsl.elaborate.resolve.definitions import Environment
from archdsl.elaborate.resolve.symbols import Occurrence
from archdsl.lsp.networks import Networks
from archdsl.lsp.positions import Positions
from archdsl.sources import Files

Reader = Callable[[Path], Source]


class _Noted(Files):
    """The files of the disk, or of the editor where it has them open; each that is read is noted."""

    def __init__(self, reader: Reader):
        self.reader = reader
        self.paths: set[Path] = set()

    def read(self, path: Path) -> Source:
        # The folder of a text that is not saved yet may not be there, and no `..` leads out of it then.
        self.paths.add(path.resolve())
        return self.reader(path if path.exists() else path.resolve())


class Document:
    """One version of a text. Each stage of the compiler runs when it is first asked for, and once.

    No text is too broken: what could be read is known. What only a whole program has, its networks, is then taken
    from `sound`, the last version that compiled.
    """

    def __init__(
        self,
        uri: str,
        source: Source,
        version: int | None,
        reader: Reader,
        encoding: PositionEncodingKind | str = PositionEncodingKind.Utf16,
        before: Document | None = None,
        mark: str = "",
    ):
        self.uri, self.source, self.version = uri, source, version
        self.mark, self.positions = mark, Positions(source.original, encoding, mark)
        self._files, self._before = _Noted(reader), before

    @property
    def uses(self) -> set[Path]:
        """The files that this one uses: when one of them changes, this one is to be looked at again."""
        return self._files.paths

    @cached_property
    def linked(self) -> Linked:
        return link_source(self.source, self._files)

    @property
    def environment(self) -> Environment:
        return self.linked.environment

    @cached_property
    def compiled(self) -> Compiled:
        return compile_source(self.source, linked=self.linked)

    @cached_property
    def problems(self) -> tuple[Diagnostic, ...]:
        """The mistakes in the text."""
        return () if self._says_nothing_new else self.compiled.problems

    @cached_property
    def unmet(self) -> tuple[Diagnostic, ...]:
        """The claims that do not hold."""
        return () if self._says_nothing_new else self.compiled.unmet

    @cached_property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What is hardly meant as it is written."""
        return () if self._says_nothing_new else self.compiled.warnings

    @cached_property
    def _says_nothing_new(self) -> bool:
        """Whether only comments and white space have changed since nothing was wrong: no need to compile it."""
        before = self._before
        if "compiled" in self.__dict__ or before is None or before.compiled.unmet or before.compiled.warnings:
            return False
        is_alone = not self.linked.problems and not self.uses
        return is_alone and self.environment.module == before.environment.module

    @cached_property
    def networks(self) -> Networks:
        return Networks(self.compiled.architectures)

    @cached_property
    def sound(self) -> Document | None:
        """This version if it compiles to networks, else the last one that did."""
        if self.compiled.architectures:
            self._before = None
            return self
        return self._before

    @property
    def last_sound(self) -> Document | None:
        """The same, without compiling this version only to find out."""
        return self.sound if "compiled" in self.__dict__ else self._before

    @cached_property
    def occurrences(self) -> tuple[Occurrence, ...]:
        """Each name of the text that means something, with what it means."""
        try:
            return resolve_names(self.environment)
        except RecursionError:  # nested too deeply to follow, which is a diagnostic already
            return ()

    def at(self, offset: int) -> Occurrence | None:
        """The name at an offset, or right before it."""
        found = [each for each in self.occurrences if each.span.start <= offset <= each.span.end]
        return max(found, key=lambda each: each.span.start, default=None)

    # Between versions ------------------------------------------------------------------------------------------------

    def to_sound(self, span: Span) -> Span | None:
        """Where a place of this text is in the sound version; None where the text has been changed since."""
        return None if self.sound is None else self._change.forth(span, self.sound.source)

    def from_sound(self, span: Span) -> Span | None:
        """The way back."""
        return None if self.sound is None else self._change.back(span, self.source)

    @cached_property
    def _change(self) -> Change:
        before = self.sound or self
        return Change.between(self.source.original, before.source.original)


class Change(NamedTuple):
    """Two texts that are the same up to an offset, and again from an offset in each."""

    same: int
    end: int
    other_end: int

    @staticmethod
    def between(text: str, other: str) -> Change:
        if text == other:
            return Change(len(text), len(text), len(other))
        shortest = min(len(text), len(other))
        same = next((index for index in range(shortest) if text[index] != other[index]), shortest)
        rest = shortest - same
        alike = next((index for index in range(rest) if text[-1 - index] != other[-1 - index]), rest)
        return Change(same, len(text) - alike, len(other) - alike)

    def forth(self, span: Span, source: Source) -> Span | None:
        return _moved(span, self.same, self.end, self.other_end - self.end, source)

    def back(self, span: Span, source: Source) -> Span | None:
        return _moved(span, self.same, self.other_end, self.end - self.other_end, source)


def _moved(span: Span, same: int, end: int, distance: int, source: Source) -> Span | None:
    if span.end <= same:
        return Span(source, span.start, span.end)
    if span.start >= end:
        return Span(source, span.start + distance, span.end + distance)
    return None
