"""Source texts and places in them."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

from msgspec import Struct
from msgspec.structs import force_setattr


class Source(Struct, frozen=True, eq=False, dict=True):
    """A text and the name that diagnostics give it (a path, or `<stdin>`).

    Lines end in LF, CR LF or CR in `original`, and all in LF in `text`, which is as long: a place in one is a place in
    the other. `mark` is the byte-order mark that stood before the text.
    """

    name: str
    text: str
    mark: str = ""
    original: str = ""

    def __post_init__(self) -> None:
        force_setattr(self, "original", self.text)
        if "\r" in self.text:
            force_setattr(self, "text", self.text.replace("\r\n", " \n").replace("\r", "\n"))

    @property
    def line_end(self) -> str:
        """What ends most lines of the text."""
        both = self.original.count("\r\n")
        counts = {"\n": self.original.count("\n") - both, "\r\n": both, "\r": self.original.count("\r") - both}
        return max(counts, key=lambda end: counts[end])

    def encoded(self, text: str) -> bytes:
        """A file with another text in the place of this one, whose lines end in LF: line ends and mark are kept."""
        return (self.mark + text.replace("\n", self.line_end)).encode("utf-8")

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        starts = [0]
        position = self.text.find("\n")
        while position != -1:
            starts.append(position + 1)
            position = self.text.find("\n", position + 1)
        return tuple(starts)

    def position(self, offset: int) -> tuple[int, int]:
        """The 1-based line and column of a character offset."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a 1-based line, without its end."""
        start = self.line_starts[number - 1]
        end = self.text.find("\n", start)
        end = end if end != -1 else len(self.text)
        return self.text[start : end - (self.original[end - 1 : end + 1] == "\r\n")]


class Span(Struct, frozen=True):
    """Characters `start` up to, not including, `end` of a source."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.position(self.start)[1]

    @property
    def end_line(self) -> int:
        return self.source.position(max(self.start, self.end - 1))[0]

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of another."""
        return Span(self.source, self.start, max(self.end, other.end))

    def __str__(self) -> str:
        line, column = self.source.position(self.start)
        return f"{self.source.name}:{line}:{column}"
