"""The server: which question of the protocol each feature answers."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event
from typing import Any, BinaryIO

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.io_ import StdoutWriter, run_async
from pygls.lsp.server import LanguageServer

from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.lsp.code_actions import fixes
from archdsl.lsp.collector import Collector
from archdsl.lsp.completion import completion
from archdsl.lsp.definition import definition
from archdsl.lsp.diagnostics import diagnostics
from archdsl.lsp.document import Document
from archdsl.lsp.documents import Documents, path_of
from archdsl.lsp.formatting import formatting
from archdsl.lsp.hover import hover
from archdsl.lsp.inlay_hints import inlay_hints
from archdsl.lsp.input import Input
from archdsl.lsp.outline import outline
from archdsl.lsp.protocol import Protocol
from archdsl.lsp.references import references
from archdsl.lsp.rename import Refused, prepare_rename, rename
from archdsl.version import __version__

_WARM_UP = "model warm { input = 3 x 32 x 32\n stem = conv(8) -> norm -> act\n head = global_avg_pool -> linear(10) }\n"


class Server(LanguageServer):
    """The server with the texts that are open in it."""

    protocol: Protocol

    def __init__(self) -> None:
        full = types.TextDocumentSyncKind.Full
        super().__init__("archdsl", __version__, text_document_sync_kind=full, protocol_cls=Protocol)
        self.documents = Documents()
        self.collector = Collector()
        self.waiting: dict[str, asyncio.Handle] = {}

    def changed(self, uri: str, text: str, version: int | None) -> None:
        """Takes a new version, and reports what is wrong with it as soon as all that has come in has been looked at.

        Of a thousand keystrokes at once, the last one alone is worth the compiler's time.
        """
        self.documents.put(uri, text, version)
        if uri in self.waiting:
            self.waiting[uri].cancel()
        self.waiting[uri] = asyncio.get_running_loop().call_soon(self._publish, uri)

    def _publish(self, uri: str) -> None:
        self.waiting.pop(uri, None)
        document = self.documents.get(uri)
        if document is None:
            return
        self.publish(document)
        for user in self.documents.users(uri):
            self.publish(user)
        self.collector.left_behind()

    def publish(self, document: Document) -> None:
        """Sends what is wrong with a document."""
        found = diagnostics(document, self.documents.locate)
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(document.uri, found, version=document.version)
        )


def start() -> None:
    """Serves one editor over standard input and output, until it leaves."""
    compile_source(Source("<warm up>", _WARM_UP))
    server = create()
    server.collector.start()
    if not os.environ.get("ARCHDSL_DEBUG"):
        # What pygls logs, the editor gets as an answer; without any handler it would go to standard error.
        logging.getLogger("pygls").addHandler(logging.NullHandler())
    # A copy, since the server closes what it writes to, and the command line still has its own to flush.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as output, suppress(BrokenPipeError):
        asyncio.run(_serve(server, output))


async def _serve(server: Server, output: BinaryIO) -> None:
    def report(error: Exception, source: Any) -> None:
        if isinstance(error, ValueError | RecursionError):
            server.protocol.refuse_malformed()
        else:
            server.report_server_error(error, source)

    server.protocol.set_writer(StdoutWriter(output))
    await run_async(Event(), Input(sys.stdin.fileno()), server.protocol, error_handler=report)


def create() -> Server:
    """A server with all its features."""
    server = Server()
    _synchronization(server)
    _questions(server)
    return server


def _synchronization(server: Server) -> None:
    @server.feature(types.INITIALIZED)
    def initialized(_: types.InitializedParams) -> None:
        workspace = server.workspace
        server.documents.encoding = workspace.position_encoding or types.PositionEncodingKind.Utf16
        server.documents.folders = [path_of(folder.uri) for folder in workspace.folders.values()]

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(given: types.DidOpenTextDocumentParams) -> None:
        document = given.text_document
        server.changed(document.uri, document.text, document.version)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(given: types.DidChangeTextDocumentParams) -> None:
        if given.content_changes:
            text = given.content_changes[-1].text
            server.changed(given.text_document.uri, text, given.text_document.version)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(given: types.DidCloseTextDocumentParams) -> None:
        uri = given.text_document.uri
        server.documents.close(uri)
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))
        for user in server.documents.users(uri):
            server.publish(user)


@contextmanager
def _refusals() -> Iterator[None]:
    """What cannot be renamed is an error in the protocol, whose message the editor shows."""
    try:
        yield
    except Refused as refused:
        raise JsonRpcException(str(refused), code=types.LSPErrorCodes.RequestFailed) from None


def _questions(server: Server) -> None:
    def document_of(given: Any) -> Document | None:
        return server.documents.get(given.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def on_hover(given: types.HoverParams) -> types.Hover | None:
        document = document_of(given)
        return hover(document, given.position) if document else None

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[".", "|", '"', "("]))
    def on_completion(given: types.CompletionParams) -> list[types.CompletionItem]:
        document = document_of(given)
        return completion(document, given.position) if document else []

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def on_definition(given: types.DefinitionParams) -> list[types.Location]:
        document = document_of(given)
        return definition(document, given.position, server.documents) if document else []

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    def on_references(given: types.ReferenceParams) -> list[types.Location]:
        document = document_of(given)
        return (
            references(document, given.position, server.documents, given.context.include_declaration)
            if document
            else []
        )

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    def on_prepare_rename(given: types.PrepareRenameParams) -> types.Range | None:
        document = document_of(given)
        with _refusals():
            return prepare_rename(document, given.position) if document else None

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    def on_rename(given: types.RenameParams) -> types.WorkspaceEdit | None:
        document = document_of(given)
        with _refusals():
            return rename(document, given.position, given.new_name, server.documents) if document else None

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def on_symbols(given: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        document = document_of(given)
        return outline(document) if document else []

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    def on_formatting(given: types.DocumentFormattingParams) -> list[types.TextEdit]:
        document = document_of(given)
        return formatting(document) if document else []

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    )
    def on_code_action(given: types.CodeActionParams) -> list[types.CodeAction]:
        document = document_of(given)
        return fixes(document, given.range, server.documents.locate) if document else []

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    def on_inlay_hint(given: types.InlayHintParams) -> list[types.InlayHint]:
        document = document_of(given)
        return inlay_hints(document, given.range) if document else []
