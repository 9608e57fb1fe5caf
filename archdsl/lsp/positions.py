"""Character offsets to the lines and columns of the protocol, and back."""

from __future__ import annotations

import re
from bisect import bisect_right

from lsprotocol.types import Position, PositionEncodingKind, Range

from archdsl.diagnostics import Span

# What ends a line in the protocol; the language itself knows no other white space either.
_LINE_END = re.compile(r"\r\n|\n|\r")
# How a column is counted, and the bytes of one unit. Editors count UTF-16 unless both sides agree on another.
_UNITS = {
    PositionEncodingKind.Utf8: ("utf-8", 1),
    PositionEncodingKind.Utf16: ("utf-16-le", 2),
    PositionEncodingKind.Utf32: ("utf-32-le", 4),
}


class Positions:
    """The lines of one text. Before it may stand a mark, which the editor counts and we do not see."""

    def __init__(self, text: str, encoding: PositionEncodingKind | str = PositionEncodingKind.Utf16, mark: str = ""):
        self.text = text
        self.codec, self.size = _UNITS[PositionEncodingKind(encoding)]
        self.before = len(self._encoded(mark)) // self.size
        self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def position(self, offset: int) -> Position:
        """The 0-based line and column of an offset."""
        line = bisect_right(self.starts, offset) - 1
        column = len(self._encoded(self.text[self.starts[line] : offset])) // self.size
        return Position(line, column if line else column + self.before)

    def offset(self, position: Position) -> int:
        """The offset of a line and column; what lies behind a line's end or the last line is that end."""
        if position.line >= len(self.starts):
            return len(self.text)
        start = self.starts[position.line]
        end = self.starts[position.line + 1] if position.line + 1 < len(self.starts) else len(self.text)
        line = self.text[start:end].rstrip("\r\n")
        column = position.character if position.line else max(0, position.character - self.before)
        before = self._encoded(line)[: column * self.size]
        return start + len(before.decode(self.codec, "ignore"))

    def range(self, span: Span) -> Range:
        """The range of a span of this text."""
        return self.between(span.start, span.end)

    def between(self, start: int, end: int) -> Range:
        """The range from one offset to another."""
        return Range(self.position(start), self.position(end))

    def _encoded(self, text: str) -> bytes:
        return text.encode(self.codec, "surrogatepass")
