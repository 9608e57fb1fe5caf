"""Go to definition: into the file itself, the files that it uses, and the standard library."""

from __future__ import annotations

from lsprotocol.types import Location, Position

from archdsl.diagnostics import Source, Span
from archdsl.elaborate.resolve.symbols import Kind, Symbol, file_of
from archdsl.lsp.document import Document
from archdsl.lsp.documents import Documents


def definition(document: Document, position: Position, documents: Documents) -> list[Location]:
    """Where the name at a position is defined; several places where a column is a parameter of several blocks."""
    found = document.at(document.positions.offset(position))
    if found is None:
        return []
    return [documents.locate(span) for symbol in found.symbols for span in _definitions(document, symbol)]


def _definitions(document: Document, symbol: Symbol) -> list[Span]:
    if symbol.kind is Kind.FILE:
        path = file_of(document.source).parent / symbol.name
        return [Span(Source(str(path), ""), 0, 0)] if path.is_file() else []
    if symbol.kind is Kind.FACT:
        return [each.span for each in document.occurrences if each.is_definition and symbol in each.symbols]
    return [symbol.span] if symbol.span is not None else []
