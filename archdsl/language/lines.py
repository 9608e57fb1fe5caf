"""Which line ends end a statement."""

from __future__ import annotations

from collections.abc import Iterator

from lark import Token


class LineEnds:
    """Between Lark's lexer and parser: drops line ends inside `( )` and `[ ]`, adds one at the end of the text."""

    # A name is read as a whole in every place, so that `andy` is never the keyword `and` with a `y` behind it.
    always_accept = ("_NEWLINE", "NAME")

    def process(self, tokens: Iterator[Token]) -> Iterator[Token]:
        depth = 0
        token = None
        for token in tokens:
            kind = token.type
            if kind == "_NEWLINE":
                if depth:
                    continue
            elif kind in ("OPEN_PAREN", "OPEN_BRACKET"):
                depth += 1
            elif kind in ("CLOSE_PAREN", "CLOSE_BRACKET"):
                depth -= 1
            yield token
        if token is not None and token.type != "_NEWLINE":
            yield Token.new_borrow_pos("_NEWLINE", "\n", token)
