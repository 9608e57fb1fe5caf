"""What an editor may send: many changes at once, and requests that make no sense, each of which gets its answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pytest_lsp import LanguageClient

from tests.cli.conftest import SMALL
from tests.lsp.editor import Editor

URI = "file:///folder/small.arch"
PATIENCE_S = 60
INVALID_REQUEST, NOT_FOUND, INVALID_PARAMS, PARSE_ERROR = -32600, -32601, -32602, -32700


@pytest.mark.asyncio(loop_scope="module")
async def test_a_thousand_keystrokes(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "small.arch")
    await editor.open(SMALL)
    for index in range(1000):
        editor.say(SMALL + f"\n# {index}\n")
    # The last one is what counts, with its mistake.
    editor.say(SMALL.replace("= 10\n", "= 10.5\n"))
    told = [await editor.hears()]
    while told[-1].version != editor.version:
        told.append(await editor.hears())
    assert told[-1].diagnostics
    assert not any(each.diagnostics for each in told[:-1])
    assert len(told) < 200


class Server:
    """A server whose messages are written by hand."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [sys.executable, "-m", "archdsl", "lsp"], stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0
        )
        self.says({"jsonrpc": "2.0", "id": "first", "method": "initialize", "params": {"capabilities": {}}})
        assert "capabilities" in self.answer()["result"]

    def says(self, message: object) -> None:
        self.says_text(json.dumps(message))

    def says_text(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(text.encode()), text.encode()))

    def answer(self) -> dict[str, Any]:
        """The next message that is an answer."""
        assert self.process.stdout is not None
        while True:
            length = 0
            while (line := self.process.stdout.readline()) != b"\r\n":
                assert line, "the server is gone"
                if line.startswith(b"Content-Length: "):
                    length = int(line.split()[1])
            data = b""
            while len(data) < length:
                data += self.process.stdout.read(length - len(data))
            message: dict[str, Any] = json.loads(data)
            if "method" not in message:
                return message

    def error(self, message: object) -> tuple[object, int]:
        self.says(message)
        answer = self.answer()
        return answer["id"], answer["error"]["code"]

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def end(self) -> tuple[int, bytes]:
        _, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, err


def request(method: object, params: object, id: object = 7) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


HOVER = "textDocument/hover"
WRONG = [
    (request(HOVER, {}), (7, INVALID_PARAMS)),
    (request(HOVER, None), (7, INVALID_PARAMS)),
    (request(HOVER, []), (7, INVALID_PARAMS)),
    (request(HOVER, "text"), (7, INVALID_PARAMS)),
    (request(HOVER, 1, id="a"), ("a", INVALID_PARAMS)),
    (request(HOVER, {"textDocument": {"uri": URI}, "position": {"line": "x", "character": 0}}), (7, INVALID_PARAMS)),
    (request(HOVER, {"textDocument": {"uri": URI}, "position": {"line": -1, "character": 0}}), (7, INVALID_PARAMS)),
    (request(HOVER, {"textDocument": {"uri": URI}, "position": {"line": 2**40, "character": 0}}), (7, INVALID_PARAMS)),
    (request(HOVER, {"textDocument": URI, "position": {"line": 0, "character": 0}}), (7, INVALID_PARAMS)),
    (request("textDocument/rename", {"textDocument": {"uri": URI}}), (7, INVALID_PARAMS)),
    (request("workspace/executeCommand", {}), (7, INVALID_PARAMS)),
    ({"jsonrpc": "2.0", "id": 7, "method": HOVER}, (7, INVALID_PARAMS)),
    (request("no/such", {}), (7, NOT_FOUND)),
    ({"jsonrpc": "2.0", "id": 7, "method": "no/such"}, (7, NOT_FOUND)),
    (request("textDocument/semanticTokens/full", {"textDocument": {"uri": URI}}), (7, NOT_FOUND)),
    (request(5, {}), (7, INVALID_REQUEST)),
    (request(HOVER, {}, id=[1]), (None, INVALID_REQUEST)),
    ({"id": 7, "method": HOVER, "params": {}}, (7, INVALID_REQUEST)),
    ({"jsonrpc": "1.0", "id": 7, "method": "shutdown"}, (7, INVALID_REQUEST)),
    ([], (None, INVALID_REQUEST)),
    (5, (None, INVALID_REQUEST)),
]


def test_wrong_requests_are_answered() -> None:
    with Server() as server:
        for message, expected in WRONG:
            assert server.error(message) == expected, message
        for text in ("{", "\x00", "[" * 100_000, '{"jsonrpc": "2.0", "id": 7,'):
            server.says_text(text)
            answer = server.answer()
            assert (answer["id"], answer["error"]["code"]) == (None, PARSE_ERROR)
        # A notification has no answer, however wrong; nor has an answer to what nobody has asked.
        server.says({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": 5})
        server.says({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": None})
        server.says({"jsonrpc": "2.0", "id": 99, "result": 5})
        server.says(request("textDocument/documentSymbol", {"textDocument": {"uri": URI}}, id=8))
        assert server.answer() == {"jsonrpc": "2.0", "id": 8, "result": []}
        server.says(request("shutdown", None))
        assert server.answer()["result"] is None
        assert server.error(request("no/such", {})) == (7, INVALID_REQUEST)
        assert server.error(request("shutdown", None)) == (7, INVALID_REQUEST)
        server.says({"jsonrpc": "2.0", "method": "exit"})
        assert server.end() == (0, b"")


def test_the_reason_is_said() -> None:
    with Server() as server:
        server.says(request(HOVER, {"textDocument": {"uri": URI}, "position": {"line": 0}}))
        assert (
            server.answer()["error"]["message"]
            == "textDocument/hover: required field missing at params.position.character"
        )
        assert server.end() == (0, b"")


def test_an_editor_that_goes_away_in_the_middle_of_a_message() -> None:
    with Server() as server:
        assert server.process.stdin is not None
        server.process.stdin.write(b'Content-Length: 100\r\n\r\n{"jsonrpc"')
        assert server.end() == (0, b"")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_byte_order_mark(client: LanguageClient, tmp_path: Path) -> None:
    """It is not part of the text, and stays where it is; the editor counts it as a column."""
    editor = Editor(client, tmp_path / "mark.arch")
    text = "\ufeffmodel  small {" + SMALL.partition("model small {")[2]
    assert await editor.open(text) == []
    (found,) = await client.text_document_document_symbol_async(types.DocumentSymbolParams(editor.document)) or []
    assert isinstance(found, types.DocumentSymbol)
    assert found.selection_range == types.Range(types.Position(0, 8), types.Position(0, 13))
    hover = types.HoverParams(editor.document, types.Position(0, 9))
    assert await client.text_document_hover_async(hover)
    options = types.FormattingOptions(tab_size=2, insert_spaces=True)
    edits = await client.text_document_formatting_async(types.DocumentFormattingParams(editor.document, options))
    assert edits
    assert edits[0].range.start == types.Position(0, 1)
    (found, *_) = await editor.change(text.replace("small {", "small { ?"))
    assert found.range.start == types.Position(0, text.index("small {") + 8)
