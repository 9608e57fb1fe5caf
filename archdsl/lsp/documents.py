"""The texts that are open in the editor, and the files around them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from lsprotocol.types import Location, PositionEncodingKind
from pygls.uris import from_fs_path, to_fs_path

from archdsl.diagnostics import DiagnosticError, Source, Span
from archdsl.elaborate.resolve.symbols import file_of
from archdsl.lsp.document import Document
from archdsl.lsp.positions import Positions
from archdsl.sources import read

# Where a search for references stops: a folder that holds more is not a project of ours.
MAX_FILES = 2_000
# What some editors put before a text, to say that it is UTF-8.
_MARK = "\ufeff"
# Folders of others, large ones.
_NOT_OURS = ("node_modules", "site-packages", "__pycache__")


class Documents:
    """Open texts by URI. What is open counts, saved or not; any other file counts as it is on disk."""

    def __init__(self, encoding: PositionEncodingKind | str = PositionEncodingKind.Utf16):
        self.encoding = encoding
        self.folders: list[Path] = []
        self._open: dict[str, Document] = {}

    def put(self, uri: str, text: str, version: int | None = None) -> Document:
        """A new version of an open text."""
        before = self._open.get(uri)
        # As in a file, a byte order mark is not part of the text, and yet in the columns that the editor counts.
        mark = _MARK if text.startswith(_MARK) else ""
        source = Source(str(path_of(uri)), text.removeprefix(mark))
        document = self._document(uri, source, version, before.last_sound if before else None, mark)
        self._open[uri] = document
        return document

    def get(self, uri: str) -> Document | None:
        return self._open.get(uri)

    def close(self, uri: str) -> None:
        self._open.pop(uri, None)

    def users(self, uri: str) -> list[Document]:
        """The open texts that use a file, anew: what they said may hold no longer."""
        path = path_of(uri).resolve()
        using = [document for document in self._open.values() if path in document.uses and document.uri != uri]
        return [self.put(one.uri, one.mark + one.source.original, one.version) for one in using]

    def read(self, path: Path) -> Source:
        """The text of a file: as it is in the editor where it is open there. Raises DiagnosticError when it cannot be
        read."""
        resolved = path.resolve()
        for document in self._open.values():
            if path_of(document.uri).resolve() == resolved:
                return Source(str(path), document.source.original)
        return read(path)

    def around(self, document: Document, words: Iterable[str]) -> Iterator[Document]:
        """The document and the texts of its project, open ones and files, in which one of some words occurs."""
        seen = {path_of(document.uri).resolve()}
        yield document
        for other in list(self._open.values()):
            path = path_of(other.uri).resolve()
            if path not in seen and any(word in other.source.text for word in words):
                yield other
            seen.add(path)
        folders = self.folders or [path_of(document.uri).parent]
        for path in self._files(folders):
            if path.resolve() in seen:
                continue
            seen.add(path.resolve())
            try:
                source = read(path)
            except DiagnosticError:
                continue
            if any(word in source.text for word in words):
                yield self._document(uri_of(path), source, None, None)

    def locate(self, span: Span) -> Location:
        """The place of a span in whatever file it is."""
        for one in self._open.values():
            if one.source is span.source:
                return Location(one.uri, one.positions.range(span))
        positions = Positions(span.source.original, self.encoding)
        return Location(uri_of(file_of(span.source)), positions.range(span))

    def _document(
        self, uri: str, source: Source, version: int | None, sound: Document | None, mark: str = ""
    ) -> Document:
        return Document(uri, source, version, self.read, self.encoding, sound, mark)

    def _files(self, folders: Iterable[Path]) -> Iterator[Path]:
        count = 0
        for root in folders:
            for folder, inside, names in os.walk(root):
                inside[:] = sorted(name for name in inside if not name.startswith(".") and name not in _NOT_OURS)
                for name in sorted(names):
                    if name.endswith(".arch"):
                        count += 1
                        if count > MAX_FILES:
                            return
                        yield Path(folder, name)


def path_of(uri: str) -> Path:
    """The path of a file; a text that is not a file yet is named as it is."""
    return Path(to_fs_path(uri) or uri) if uri.startswith("file:") else Path(uri.replace("/", "_"))


def uri_of(path: Path) -> str:
    return from_fs_path(str(path.resolve())) or path.resolve().as_uri()
