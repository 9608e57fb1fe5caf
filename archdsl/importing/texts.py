"""Definitions as they are written elsewhere: Python literals, looked at and never run, or one string a line."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from archdsl.diagnostics import Source, Span
from archdsl.importing.errors import (
    EmptyList,
    NoList,
    NotList,
    NotNumber,
    NotPlainString,
    NotPython,
    NotString,
    SeveralStatements,
    TooLongDefinition,
    TooManyRows,
    UnreadablePython,
)
from archdsl.importing.rows import Number
from archdsl.limits import limits

_WORD = re.compile(r"[^\s,]+")
_COMMENT = re.compile(r"#[^\n]*")
_IS_PYTHON = re.compile(r"(?:\s|#[^\n]*\n)*(?:[\[(\"']|\w+\s*(?::[^=\n]*)?=[^=]|\w+\s*\()")


class Literal:
    """A Python literal with the places of its parts. Raises DiagnosticError when the text is not one."""

    def __init__(self, source: Source):
        self.source = source
        _check_length(source)
        self.root = self._root()

    def _root(self) -> ast.expr:
        try:
            with warnings.catch_warnings(action="ignore"):
                statements = ast.parse(self.source.text).body
        except SyntaxError as error:
            place = self._offset(error.lineno or 1, 0) + max((error.offset or 1) - 1, 0)
            place = min(place, len(self.source.text))
            raise NotPython(error.msg).error(Span(self.source, place, place + 1)) from None
        except (ValueError, RecursionError, MemoryError):
            raise UnreadablePython().error(Span(self.source, 0, 0)) from None
        match statements:
            case (
                [ast.Expr(value=value)]
                | [ast.Assign(targets=[_], value=value)]
                | [ast.AnnAssign(value=ast.expr() as value)]
            ):
                return value
            case [] | [_]:
                span = self.span(statements[0]) if statements else Span(self.source, 0, 0)
                raise NoList().error(span)
        raise SeveralStatements().error(self.span(statements[1]))

    def _offset(self, line: int, column: int) -> int:
        """The character offset of a line, from 1, and a column in bytes, as Python counts."""
        starts = self.source.line_starts
        start = starts[min(line, len(starts)) - 1]
        if not column:
            return start
        return start + len(self.source.line(line).encode()[:column].decode(errors="ignore"))

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> Span:
        end = self._offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
        return Span(self.source, self._offset(node.lineno, node.col_offset), end)

    def items(self, node: ast.expr, what: str) -> list[ast.expr]:
        """The elements of a list or tuple. Raises DiagnosticError for anything else, or one that is empty."""
        if not isinstance(node, ast.List | ast.Tuple):
            raise NotList(what).error(self.span(node))
        if not node.elts:
            raise EmptyList().error(self.span(node))
        if len(node.elts) > limits().stages:
            raise TooManyRows(len(node.elts)).error(self.span(node))
        return node.elts

    def string(self, node: ast.expr) -> Span:
        """The characters of a string, in which nothing is escaped and which is in one piece."""
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            raise NotString().error(self.span(node))
        whole = self.span(node)
        inner = Span(self.source, whole.start + 1, whole.end - 1)
        if inner.text != node.value:
            raise NotPlainString().error(whole)
        return inner

    def number(self, node: ast.expr) -> Number:
        """A number from 0, as it is written: nothing is computed."""
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool) and 0 <= value < 10**9:
                return Number(value, self.span(node))
        raise NotNumber().error(self.span(node))


def is_python(text: str) -> bool:
    """Whether a text is meant as Python, and not as block strings alone."""
    return _IS_PYTHON.match(text) is not None


def words(source: Source) -> Iterator[Span]:
    """Block strings that stand alone, one a line or with commas between; `#` starts a comment."""
    _check_length(source)
    text = _COMMENT.sub(lambda match: " " * len(match.group()), source.text)
    for count, match in enumerate(_WORD.finditer(text)):
        span = Span(source, match.start(), match.end())
        if count >= limits().stages:
            raise TooManyRows(0).error(span)
        yield span


def _check_length(source: Source) -> None:
    if len(source.text) > limits().characters:
        raise TooLongDefinition(len(source.text)).error()
