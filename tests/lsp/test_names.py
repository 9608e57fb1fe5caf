"""Definition, references and rename, asked by a real client."""

from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pytest_lsp import LanguageClient

from archdsl.compiler import compile_file
from archdsl.folders import library_folder
from tests.lsp.editor import Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")

BASE = """\
## A block of our own.
block wide(channels, times = 2) {
  hidden = channels * times
  out = in -> conv(hidden) -> conv_norm_act(channels, kernel = 1)
}
model base(width = 1, size = 32) {
  input = 3 x size x size
  scale { channels = channels * width }
  stages {
    | op   | channels |
    | wide | 8        |
  }
  head = global_avg_pool -> linear(10)
}
variants base {
  | name  | width |
  | small | 1     |
  | large | 2     |
}
"""
USER = """\
use "base.arch"

model mine extends base.large(size = 64) {
  stages 1 { times = 3 }
  require out == 10 x 1 x 1
}
block other(width = 1) {
  out = in -> wide(4, times = width)
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.arch").write_text(BASE)
    (tmp_path / "user.arch").write_text(USER)
    return tmp_path


async def definition(editor: Editor, cursor: str) -> list[tuple[str, int, str]]:
    asked = types.DefinitionParams(editor.document, editor.at(cursor))
    found = await editor.client.text_document_definition_async(asked)
    return editor.words(found)  # type: ignore[arg-type]


async def test_definition_of_a_map_of_a_part(client: LanguageClient, folder: Path) -> None:
    text = """use "base.arch"
model named extends base.small { stages 1 { name = first } }
model net {
  input = 3 x 64 x 64
  body  = named(size = 32)
  head  = body.first -> conv(5)
}
"""
    editor = Editor(client, folder / "net.arch")
    await editor.open(text)
    assert await definition(editor, "body.fir^st") == [("net.arch", 2, "first")]
    assert await definition(editor, "= na^med(") == [("net.arch", 2, "named")]
    assert await definition(editor, "(si^ze = 32)") == [("base.arch", 6, "size")]
    assert await definition(editor, "= bo^dy.") == [("net.arch", 5, "body")]
    assert [place[1] for place in await references(editor, "body.fir^st")] == [2, 6]


async def references(editor: Editor, cursor: str, *, definitions: bool = True) -> list[tuple[str, int, str]]:
    context = types.ReferenceContext(include_declaration=definitions)
    asked = types.ReferenceParams(context, editor.document, editor.at(cursor))
    found = await editor.client.text_document_references_async(asked)
    return sorted(editor.words(found))  # type: ignore[arg-type]


async def rename(editor: Editor, cursor: str, name: str) -> dict[str, str]:
    """The texts of all files after a rename."""
    asked = types.RenameParams(editor.document, editor.at(cursor), name)
    edit = await editor.client.text_document_rename_async(asked)
    texts = {}
    for uri, edits in ((edit.changes if edit else None) or {}).items():
        path = Path(uri.removeprefix("file://"))
        lines = path.read_text().splitlines(keepends=True)
        for each in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True):
            line = lines[each.range.start.line]
            new = line[: each.range.start.character] + each.new_text + line[each.range.end.character :]
            lines[each.range.start.line] = new
        texts[path.name] = "".join(lines)
    return texts


@pytest.mark.parametrize(
    ("cursor", "place"),
    [
        ("| wi^de", ("base.arch", 2, "wide")),
        ("conv(hid^den)", ("base.arch", 3, "hidden")),
        ("channels * tim^es", ("base.arch", 2, "times")),
        ("x si^ze x", ("base.arch", 6, "size")),
        ("| chan^nels |", ("base.arch", 2, "channels")),
        ("scale { chan^nels", ("base.arch", 2, "channels")),
        ("| wid^th |", ("base.arch", 6, "width")),
        ("variants ba^se", ("base.arch", 6, "base")),
    ],
)
async def test_definition(client: LanguageClient, folder: Path, cursor: str, place: tuple[str, int, str]) -> None:
    editor = Editor(client, folder / "base.arch")
    await editor.open(BASE)
    assert await definition(editor, cursor) == [place]


@pytest.mark.parametrize(
    ("cursor", "place"),
    [
        ("extends ba^se", ("base.arch", 6, "base")),
        ("base.lar^ge", ("base.arch", 18, "large")),
        ("(si^ze = 64)", ("base.arch", 6, "size")),
        ("{ tim^es = 3 }", ("base.arch", 2, "times")),
        ("wi^de(4", ("base.arch", 2, "wide")),
        ("times = wid^th)", ("user.arch", 7, "width")),
        ('"ba^se.arch"', ("base.arch", 1, "")),
    ],
)
async def test_definition_in_another_file(
    client: LanguageClient, folder: Path, cursor: str, place: tuple[str, int, str]
) -> None:
    editor = Editor(client, folder / "user.arch")
    (problem,) = await editor.open(USER)
    assert problem.message.startswith("unused block `other`")
    assert await definition(editor, cursor) == [place]


async def test_definition_in_the_standard_library(client: LanguageClient, folder: Path) -> None:
    editor = Editor(client, folder / "base.arch")
    await editor.open(BASE)
    asked = types.DefinitionParams(editor.document, editor.at("conv_norm^_act"))
    [found] = await client.text_document_definition_async(asked)  # type: ignore[misc]
    assert isinstance(found, types.Location)
    path = Path(found.uri.removeprefix("file://"))
    assert path.parent == library_folder()
    line = path.read_text().splitlines()[found.range.start.line]
    assert line.startswith("block conv_norm_act(")
    assert line[found.range.start.character : found.range.end.character] == "conv_norm_act"


async def test_references(client: LanguageClient, folder: Path) -> None:
    editor = Editor(client, folder / "base.arch")
    await editor.open(BASE)
    expected = [("base.arch", 2, "wide"), ("base.arch", 11, "wide"), ("user.arch", 8, "wide")]
    assert await references(editor, "block wi^de") == expected
    assert await references(editor, "block wi^de", definitions=False) == expected[1:]
    # The parameter of the model, not the one of the block in the other file.
    width = [("base.arch", 6, "width"), ("base.arch", 8, "width"), ("base.arch", 16, "width")]
    assert await references(editor, "base(wid^th") == width
    times = [("base.arch", 2), ("base.arch", 3), ("user.arch", 4), ("user.arch", 8)]
    assert [place[:2] for place in await references(editor, ", tim^es")] == times


@pytest.mark.parametrize(
    ("cursor", "name", "replaced"),
    [
        ("block wi^de", "broad", ("wide", "broad")),
        ("model ba^se", "root", ("base", "root")),
        (", tim^es", "factor", ("times", "factor")),
        ("hid^den =", "inner", ("hidden", "inner")),
        ("| lar^ge", "huge", ("large", "huge")),
        ("si^ze = 32", "pixels", ("size", "pixels")),
    ],
)
async def test_rename(client: LanguageClient, folder: Path, cursor: str, name: str, replaced: tuple[str, str]) -> None:
    editor = Editor(client, folder / "base.arch")
    await editor.open(BASE)
    before = [one.costs.model() for one in compile_file(folder / "user.arch").checked()]
    texts = await rename(editor, cursor, name)
    for file, text in texts.items():
        assert text == {"base.arch": BASE, "user.arch": USER}[file].replace(*replaced).replace("root.arch", "base.arch")
        (folder / file).write_text(text)
    assert set(texts) == ({"base.arch"} if name == "inner" else {"base.arch", "user.arch"})
    assert [one.costs.model() for one in compile_file(folder / "user.arch").checked()] == before


@pytest.mark.parametrize(
    ("cursor", "name", "reason"),
    [
        ("-> con^v(", "conv2", "a word of the language"),
        ("conv_no^rm_act", "cna", "standard library"),
        ("in^put =", "image", "means something to the compiler"),
        ("ou^t =", "result", "a word of the language"),
        ("block wi^de", "1st", "is not a name"),
        ("block wi^de", "conv", "has a meaning in the language"),
        ("block wi^de", "other", "would not mean the same as `wide` everywhere in user.arch"),
        ("block wi^de", "mbconv", "would not mean the same"),
        ("hid^den =", "times", "would not mean the same"),
        ("model base(wid^th", "size", "would not mean the same"),
        ("| o^p ", "block", "a word of the language"),
    ],
)
async def test_what_cannot_be_renamed(
    client: LanguageClient, folder: Path, cursor: str, name: str, reason: str
) -> None:
    (folder / "user.arch").write_text(USER + "block use_it() { out = in -> mbconv(8) }\n")
    editor = Editor(client, folder / "base.arch")
    await editor.open(BASE)
    with pytest.raises(JsonRpcException, match=reason):
        await rename(editor, cursor, name)


async def test_prepare_rename(client: LanguageClient, folder: Path) -> None:
    editor = Editor(client, folder / "base.arch")
    await editor.open(BASE)

    async def prepare(cursor: str) -> object:
        asked = types.PrepareRenameParams(editor.document, editor.at(cursor))
        return await client.text_document_prepare_rename_async(asked)

    assert await prepare("hid^den =") == types.Range(types.Position(2, 2), types.Position(2, 8))
    assert await prepare("model base(width = ^1") is None
    with pytest.raises(JsonRpcException, match="a word of the language"):
        await prepare("-> con^v(")


async def test_rename_of_an_input(client: LanguageClient, folder: Path) -> None:
    text = (
        'use "base.arch"\nmodel pair {\n  inputs {\n    rgb   = 3 x 32 x 32\n'
        "    depth = 1 x rgb.height x rgb.width\n  }\n"
        "  body = rgb -> base.small\n  head = body + (depth -> conv(8)) + (rgb -> conv(8))\n}\n"
    )
    (folder / "pair.arch").write_text(text)
    editor = Editor(client, folder / "pair.arch")
    await editor.open(text)
    assert await rename(editor, "    rg^b ", "colour") == {"pair.arch": text.replace("rgb", "colour")}
