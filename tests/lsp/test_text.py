"""Diagnostics as one types, hover, formatting and code actions, asked by a real client."""

from pathlib import Path

import pytest
from lsprotocol import types
from pytest_lsp import LanguageClient

from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.folders import specs_folder
from tests.lsp.editor import Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")

EFFICIENTNET = (specs_folder() / "efficientnet.arch").read_text(encoding="utf-8")
SMALL = """\
model small {
  input = 3 x 32 x 32
  stem = conv_norm_act(8)
  stages {
    | op     | channels | layers |
    | mbconv | 16       | 2      |
  }
  head = global_avg_pool -> linear(10)
}
"""


async def test_diagnostics_while_typing(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "typed.arch")
    assert await editor.open(SMALL) == []
    [problem] = await editor.change(SMALL.replace("mbconv", "mbcnv"))
    assert (problem.code, problem.severity, problem.source) == ("ARC202", types.DiagnosticSeverity.Error, "archdsl")
    assert problem.range == types.Range(types.Position(5, 6), types.Position(5, 11))
    assert "unknown block `mbcnv`" in problem.message
    assert "did you mean `mbconv`?" in problem.message
    assert [each.code for each in await editor.change(SMALL.replace("| 16       |", "|"))] == ["ARC104"]
    assert await editor.change(SMALL) == []


async def test_a_comment_changes_nothing_but_places(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "comment.arch")
    assert await editor.open(SMALL) == []
    assert await editor.change("# a comment\n" + SMALL) == []
    assert len(await editor.change("# a comment\n" + SMALL.replace("16 ", "0 "))) == 1
    assert len(await editor.change("# another comment\n\n" + SMALL.replace("16 ", "0 "))) == 1
    assert await editor.change("# another comment\n\n" + SMALL) == []
    hover = await client.text_document_hover_async(types.HoverParams(editor.document, editor.at("| 16^ ")))
    assert hover is not None
    assert isinstance(hover.contents, types.MarkupContent)
    assert "8 x 32 x 32 → **16 x 32 x 32**" in hover.contents.value


async def test_a_claim_that_fails_still_does_after_a_comment(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "still.arch")
    text = SMALL.replace("head =", "require params == 5M\n  head =")
    assert len(await editor.open(text)) == 1
    [problem] = await editor.change("# one line more\n" + text)
    assert problem.range.start.line == text[: text.index("params")].count("\n") + 1


async def test_a_claim_that_does_not_hold_is_a_warning(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "claim.arch")
    [problem] = await editor.open(SMALL.replace("head =", "require params == 5M\n  head ="))
    assert (problem.code, problem.severity) == ("ARC501", types.DiagnosticSeverity.Warning)


async def test_a_name_that_nothing_reads_is_a_warning_and_fades(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "unused.arch")
    text = SMALL.replace("head =", "haed =")
    [problem] = await editor.open(text)
    assert (problem.code, problem.severity) == ("ARC213", types.DiagnosticSeverity.Warning)
    assert list(problem.tags or ()) == [types.DiagnosticTag.Unnecessary]
    assert "did you mean `head`?" in problem.message
    [again] = await editor.change("# one line more\n" + text)
    assert again.code == "ARC213"
    assert await editor.change(SMALL) == []


async def test_notes_are_related_information(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "notes.arch")
    [problem] = await editor.open("block a() { out = in -> act }\nblock a() { out = in -> norm }\n")
    assert problem.code == "ARC207"
    [note] = problem.related_information or []
    assert (note.message, note.location.uri, note.location.range.start) == (
        "first defined here", editor.uri, types.Position(0, 6),
    )  # fmt: skip


async def test_a_used_file_counts_as_it_is_in_the_editor(client: LanguageClient, tmp_path: Path) -> None:
    (tmp_path / "blocks.arch").write_text("block twice() { out = in -> act -> act }\n")
    user = Editor(client, tmp_path / "user.arch")
    assert await user.open('use "blocks.arch"\n' + SMALL.replace("conv_norm_act(8)", "conv(8) -> twice")) == []
    blocks = Editor(client, tmp_path / "blocks.arch")
    assert await blocks.open("block thrice() { out = in -> act }\n") == []
    [problem] = await user._told()  # nobody touched it
    assert "unknown name `twice`" in problem.message
    blocks.client.text_document_did_close(types.DidCloseTextDocumentParams(blocks.document))
    assert await user._told() == []  # the file itself still has it


async def test_a_mistake_in_a_used_file_is_told_at_its_use(client: LanguageClient, tmp_path: Path) -> None:
    (tmp_path / "broken.arch").write_text("block broken() {\n  out = in ->\n}\n")
    editor = Editor(client, tmp_path / "user.arch")
    problem, *_ = await editor.open('# first\nuse "broken.arch"\n')
    assert problem.range.start == types.Position(1, 0)
    assert problem.message.startswith("in broken.arch: ")
    [place] = problem.related_information or []
    assert place.location.uri == (tmp_path / "broken.arch").as_uri()


@pytest.mark.parametrize(
    ("cursor", "said"),
    [
        ("| mb^conv | 3      | 2      | 6         | 24 ", "block mbconv(channels, kernel = 3, stride = 1,"),
        ("| 2^4       |", "`stages.1`: 2 to 7 x `mbconv`"),
        ("| 2^4       |", "| `efficientnet_b0` | 16 x 112 x 112 | 24 x 56 x 56 | 16.7K | 54.9M |"),
        ("stem = conv_no^rm_act", "| `efficientnet_b7` | 3 x 600 x 600 | 64 x 300 x 300 | 1.9K | 155.5M |"),
        ("-> lin^ear", "| `efficientnet_b2` | 1408 x 1 x 1 | 1000 x 1 x 1 | 1.4M | 1.4M |"),
        ("-> lin^ear", "MACs: `features * in.elements`"),
        ("| b^3 ", "3 x 300 x 300 → **1000 x 1 x 1**, 12,233,232 parameters, 1,827,141,392 MACs"),
        ("require par^ams", "| `efficientnet_b0` | 3 x 224 x 224 | 1000 x 1 x 1 | 5,288,548 | 385,814,752 |"),
        ("32 * wid^th", "- `1.1` in `efficientnet_b2`"),
        ("divis^ible(32", "the nearest multiple of `divisor`"),
    ],
)
async def test_hover(client: LanguageClient, tmp_path: Path, cursor: str, said: str) -> None:
    editor = Editor(client, tmp_path / "hover.arch")
    assert await editor.open(EFFICIENTNET) == []
    hover = await client.text_document_hover_async(types.HoverParams(editor.document, editor.at(cursor)))
    assert hover is not None
    assert isinstance(hover.contents, types.MarkupContent)
    assert said in hover.contents.value


async def test_hover_in_a_block(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "block.arch")
    block = "block double(times = 2) {\n  hidden = in.channels * times\n  out = in -> conv(hidden)\n}\n"
    assert await editor.open(block + SMALL.replace("conv_norm_act(8)", "double -> double")) == []

    async def said(cursor: str) -> str:
        found = await client.text_document_hover_async(types.HoverParams(editor.document, editor.at(cursor)))
        assert found is not None
        assert isinstance(found.contents, types.MarkupContent)
        return found.contents.value

    assert "| 3 x 32 x 32 | 6 x 32 x 32 | 18 | 18.4K |" in await said("-> co^nv(hidden)")
    assert "- `6` in `small`\n- `12` in `small`" in await said("hid^den =")
    assert "= `2`" in await said("tim^es = 2")
    assert "block double(times = 2)" in await said("stem = dou^ble")


async def test_names_of_the_values_of_a_list(client: LanguageClient, tmp_path: Path) -> None:
    """Each is a name of its own, with the whole statement where it is told of."""
    editor = Editor(client, tmp_path / "block.arch")
    block = "block pair() {\n  out = in -> conv(4), in -> conv(4)\n}\n"
    block += "block apart() {\n  left, right = in -> pair\n  out = left * right\n}\n"
    assert await editor.open(block + SMALL.replace("conv_norm_act(8)", "apart")) == []
    for cursor in ("left * ri^ght", "left, rig^ht"):
        found = await client.text_document_hover_async(types.HoverParams(editor.document, editor.at(cursor)))
        assert found is not None
        assert isinstance(found.contents, types.MarkupContent)
        assert "left, right = in -> pair" in found.contents.value
        assert "4 x 32 x 32" in found.contents.value
    asked = types.DefinitionParams(editor.document, editor.at("le^ft * right"))
    assert editor.words(await client.text_document_definition_async(asked)) == [("block.arch", 5, "left")]  # type: ignore[arg-type]
    symbols = await client.text_document_document_symbol_async(types.DocumentSymbolParams(editor.document))
    (_, made, *_) = [symbol for symbol in symbols or [] if isinstance(symbol, types.DocumentSymbol)]
    assert [child.name for child in made.children or []] == ["left", "right", "out"]


async def test_hover_of_what_is_declared(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "extern.arch")
    block = "## What it is.\nextern block far(channels) {\n  out = channels x 1 x 1\n  params = 7\n  macs = 9\n}\n"
    assert await editor.open(block + SMALL.replace("conv_norm_act(8)", "far(8)")) == []
    found = await client.text_document_hover_async(types.HoverParams(editor.document, editor.at("stem = f^ar")))
    assert found is not None
    assert isinstance(found.contents, types.MarkupContent)
    for text in ("extern block far(channels)", "What it is.", "out = channels x 1 x 1", "params = 7", "macs = 9"):
        assert text in found.contents.value
    assert "3 x 32 x 32 → **8 x 1 x 1**, 7 parameters, 9 MACs" in found.contents.value


@pytest.mark.parametrize(("cursor", "said"), [("| b^3 ", "12,233,232"), ("| 2^4       |", "24 x 56 x 56 | 16.7K")])
async def test_a_broken_text_keeps_what_was_known(
    client: LanguageClient, tmp_path: Path, cursor: str, said: str
) -> None:
    editor = Editor(client, tmp_path / "broken.arch")
    await editor.open(EFFICIENTNET)
    assert await editor.change(EFFICIENTNET.replace("stem = conv_norm_act(", "\n  stem = conv_norm_act(("))
    hover = await client.text_document_hover_async(types.HoverParams(editor.document, editor.at(cursor)))
    assert hover is not None
    assert isinstance(hover.contents, types.MarkupContent)
    assert said in hover.contents.value


async def test_formatting(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "formatted.arch")
    untidy = SMALL.replace("| mbconv | 16       | 2      |", "|mbconv|16|2|  # widest").replace("\n", "\r\n")
    await editor.open(untidy)
    options = types.FormattingOptions(tab_size=2, insert_spaces=True)
    request = types.DocumentFormattingParams(editor.document, options)
    [edit] = await client.text_document_formatting_async(request) or []
    lines = untidy.splitlines(keepends=True)
    assert edit.range.start.character == edit.range.end.character == 0
    changed = [*lines[: edit.range.start.line], edit.new_text, *lines[edit.range.end.line :]]
    expected = SMALL.replace("| 2      |", "| 2      |  # widest")
    assert "".join(changed) == expected.replace("\n", "\r\n"), "line ends stay as they are"
    await editor.change("".join(changed))
    assert not await client.text_document_formatting_async(request)
    await editor.change(SMALL + "block {\n")
    assert not await client.text_document_formatting_async(request)


async def test_the_fix_of_a_misspelling_mends_it(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "fixed.arch")
    problems = await editor.open("# 𝔄\n" + SMALL.replace("| mbconv", "| mbcnv ").replace("avg", "avvg"))
    assert len(problems) == 2
    text = editor.text
    for problem in problems:
        asked = types.CodeActionParams(editor.document, problem.range, types.CodeActionContext([problem]))
        [action] = await client.text_document_code_action_async(asked) or []
        assert isinstance(action, types.CodeAction)
        assert action.kind == types.CodeActionKind.QuickFix
        assert action.is_preferred
        assert action.edit is not None
        [edit] = (action.edit.changes or {})[editor.uri]
        lines = text.splitlines(keepends=True)
        line, (start, end) = edit.range.start.line, (edit.range.start.character, edit.range.end.character)
        lines[line] = lines[line][:start] + edit.new_text + lines[line][end:]
        text = "".join(lines)
    assert await editor.change(text) == []


async def test_columns_count_utf_16(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "letters.arch")
    [problem] = await editor.open('block a() { out = in -> conv("𝔄𝔄", nothing) }\n')
    assert problem.range == types.Range(types.Position(0, 37), types.Position(0, 44))


async def test_the_server_says_what_check_says(client: LanguageClient, tmp_path: Path) -> None:
    for path in sorted(Path(__file__).parent.parent.joinpath("errors").glob("*.arch"))[::6]:
        text = path.read_bytes().decode("utf-8", "replace")
        editor = Editor(client, path.parent / f"open_{path.name}")
        told = [problem.code for problem in await editor.open(text)]
        compiled = compile_source(Source(str(path.parent / f"open_{path.name}"), text))
        assert told == [problem.code.name for problem in compiled.found], path.name
