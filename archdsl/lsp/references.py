"""Find references, in every text of the project."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from lsprotocol.types import Location, Position

from archdsl.elaborate.resolve.symbols import Kind, Occurrence, Symbol
from archdsl.lsp.document import Document
from archdsl.lsp.documents import Documents


def references(
    document: Document, position: Position, documents: Documents, with_definitions: bool = True
) -> list[Location]:
    """Where the name at a position is meant."""
    found = document.at(document.positions.offset(position))
    symbols = [symbol for symbol in found.symbols if symbol.kind is not Kind.FILE] if found else []
    return [
        documents.locate(occurrence.span)
        for _, occurrence in everywhere(symbols, document, documents)
        if with_definitions or not occurrence.is_definition
    ]


def everywhere(
    symbols: Collection[Symbol], document: Document, documents: Documents
) -> Iterator[tuple[Document, Occurrence]]:
    """The occurrences of symbols, text by text."""
    wanted = set(symbols)
    for other in documents.around(document, {symbol.name for symbol in symbols}):
        for occurrence in other.occurrences:
            if not wanted.isdisjoint(occurrence.symbols):
                yield other, occurrence
