"""What the language server answers, read as Markdown: text and code, and nothing to click or to load."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pytest_lsp import LanguageClient

from archdsl.lsp.escapes import code, inline, prose
from tests.injection.places import DOCS, FREE, PAYLOADS, REMARKS, STRINGS, written
from tests.lsp.editor import Editor

# What editors render, with HTML let through.
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
ALLOWED = {
    "paragraph", "text", "softbreak", "hardbreak", "fence", "code_inline", "code_block", "em", "strong", "hr",
    "heading", "bullet_list", "ordered_list", "list_item", "inline", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


def tokens(text: str) -> list[Token]:
    found: list[Token] = []
    for token in MARKDOWN.parse(text):
        found += [token, *(token.children or [])]
    return found


def kinds(text: str) -> set[str]:
    """What a text has in it."""
    return {token.type.removesuffix("_open").removesuffix("_close") for token in tokens(text)}


def is_safe(text: str) -> bool:
    return kinds(text) <= ALLOWED and all(character.isprintable() or character in "\n\t" for character in text)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_prose_and_code(payload: str) -> None:
    text = PAYLOADS[payload]
    assert is_safe(prose(text))
    assert kinds(prose(text)).isdisjoint({"table", "fence"})
    assert kinds(code(text)) == {"fence"}
    assert is_safe(f"- {inline(text)} in `net`\n- {inline('b')} in `net`")
    assert kinds(inline(text)) == {"paragraph", "inline", "code_inline"}


def test_prose_keeps_its_code() -> None:
    assert prose("from `a[0] < b` to `c`, [not] <so>") == r"from `a[0] < b` to `c`, \[not\] \<so\>"


def test_what_acts_is_seen() -> None:
    """The checks above can fail."""
    for payload in ("link", "reference", "image", "reference_image", "autolink", "html", "code_over_lines", "table"):
        assert not is_safe(PAYLOADS[f"markdown.{payload}"])


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("payload", [name for name in PAYLOADS if name.startswith(("markdown.", "bidi.", "browser."))])
async def test_hover(payload: str, client: LanguageClient, tmp_path: Path) -> None:
    """Over each word of the program."""
    editor = Editor(client, tmp_path / "net.arch")
    told = await editor.open(written(PAYLOADS[payload], *DOCS, *REMARKS, *FREE).replace("\0", ""))
    assert all(is_safe(code(each.message)) for each in told)
    seen = set()
    names = {*STRINGS, "block_name", "model_name", "parameter_name", "column_name", "variant_label", "other_model"}
    for number, line in enumerate(editor.text.split("\n")):
        for name in names:
            column = line.find(name)
            if column < 0:
                continue
            asked = types.HoverParams(editor.document, types.Position(number, column + 1))
            found = await client.text_document_hover_async(asked)
            if found is not None:
                assert isinstance(found.contents, types.MarkupContent)
                assert is_safe(found.contents.value)
                seen.add(name)
    assert {"block_name", "model_name", "parameter_name", "other_model"} <= seen
    asked = types.CompletionParams(editor.document, types.Position(1, 0))
    completed = await client.text_document_completion_async(asked)
    assert completed is not None
