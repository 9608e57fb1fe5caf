"""An editor for the tests: a real client of a real server, `archdsl lsp` in a process of its own."""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from pathlib import Path
from weakref import WeakKeyDictionary

import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

SERVER = ClientServerConfig(server_command=[sys.executable, "-m", "archdsl", "lsp"])

# Seconds, in which the busiest machine has answered.
_PATIENCE = 60


async def _session(lsp_client: LanguageClient):
    parameters = types.InitializeParams(capabilities=pytest_lsp.client_capabilities("visual-studio-code"))
    await lsp_client.initialize_session(parameters)
    yield
    await lsp_client.shutdown_session()


client = pytest_lsp.fixture(config=SERVER, scope="module")(_session)


Heard = defaultdict[str, "asyncio.Queue[types.PublishDiagnosticsParams]"]
_HEARD: WeakKeyDictionary[LanguageClient, Heard] = WeakKeyDictionary()


def _heard(client: LanguageClient) -> Heard:
    """What the server says to a client, by file, from the first time that this is asked.

    It is kept until somebody waits for it: on a busy machine two notifications come together, and one who waits for the
    first alone never hears the second.
    """
    if client not in _HEARD:
        _HEARD[client] = defaultdict(asyncio.Queue)

        def hear(told: types.PublishDiagnosticsParams) -> None:
            _HEARD[client][told.uri].put_nowait(told)
            listen()

        def listen() -> None:
            client.protocol.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, hear)

        listen()
    return _HEARD[client]


class Editor:
    """One open file."""

    def __init__(self, client: LanguageClient, path: Path):
        self.client, self.uri, self.text, self.version = client, path.as_uri(), "", 0
        self.document = types.TextDocumentIdentifier(self.uri)
        self._heard = _heard(client)

    async def open(self, text: str) -> list[types.Diagnostic]:
        """Opens a text, and waits for what the server says of it."""
        self.text = text
        item = types.TextDocumentItem(self.uri, "arch", self.version, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return await self._told()

    async def change(self, text: str) -> list[types.Diagnostic]:
        """Says a new text, and waits for what the server says of it."""
        self.say(text)
        return await self._told()

    def say(self, text: str) -> None:
        self.text, self.version = text, self.version + 1
        document = types.VersionedTextDocumentIdentifier(self.version, self.uri)
        changes = [types.TextDocumentContentChangeWholeDocument(text)]
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, changes))

    async def hears(self) -> types.PublishDiagnosticsParams:
        """The next thing that the server says of this file."""
        return await asyncio.wait_for(self._heard[self.uri].get(), _PATIENCE)

    async def _told(self) -> list[types.Diagnostic]:
        while True:
            told = await self.hears()
            if told.version == self.version:
                return list(told.diagnostics)

    def at(self, needle: str, nth: int = 0) -> types.Position:
        """The position of the `^` in a needle, which stands for a cursor and is not part of the text."""
        offset = -1
        for _ in range(nth + 1):
            offset = self.text.index(needle.replace("^", "", 1), offset + 1)
        before = self.text[: offset + needle.index("^")]
        return types.Position(before.count("\n"), len(before) - before.rfind("\n") - 1)

    def words(self, locations: list[types.Location] | None) -> list[tuple[str, int, str]]:
        """Places as file, 1-based line and the text there; each is within a line."""
        found = []
        for location in locations or []:
            path = Path(location.uri.removeprefix("file://"))
            text = self.text if location.uri == self.uri else path.read_text(encoding="utf-8")
            start, end = location.range.start, location.range.end
            found.append((path.name, start.line + 1, text.splitlines()[start.line][start.character : end.character]))
        return found
