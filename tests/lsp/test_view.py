"""Completion, the outline and inlay hints, asked by a real client."""

from pathlib import Path

import pytest
from lsprotocol import types
from pytest_lsp import LanguageClient

from archdsl.folders import specs_folder
from tests.lsp.editor import Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEAD = """\
block wide(channels, times = 2) {
  out = in -> conv(channels * times)
  out.variance = 2
}
model base(width = 1, size = 32) {
  input = 3 x size x size
  stages {
    | op   | channels  |
    | wide | 8 * width |
  }
}
variants base {
  | name  | width |
  | small | 1     |
}
"""


async def complete(client: LanguageClient, path: Path, text: str) -> list[str]:
    """The labels that are proposed at the `^` of a text, in their order."""
    editor = Editor(client, path)
    await editor.open(text.replace("^", ""))
    editor.text = text.replace("^", "")
    line = text[: text.index("^")]
    position = types.Position(line.count("\n"), len(line) - line.rfind("\n") - 1)
    asked = types.CompletionParams(editor.document, position)
    found = await client.text_document_completion_async(asked)
    items = found.items if isinstance(found, types.CompletionList) else found or []
    return [item.label for item in sorted(items, key=lambda item: item.sort_text or "")]


@pytest.mark.parametrize(
    ("text", "has", "absent"),
    [
        ("^", ["block", "extern", "model", "use", "variants"], ["conv"]),
        ("mod^", ["model"], []),
        ("model a {\n  in^\n}\n", ["input", "stem", "head", "norm", "stages", "require"], ["conv", "in"]),
        ("model a {\n  input = 3 x 1 x 1\n  ^\n}\n", ["classes"], ["input"]),
        ("model a {\n  stem = ^\n}\n", ["conv", "mbconv", "wide"], ["in", "base"]),
        ("model a {\n  stem = conv(3) -> ^\n}\n", ["norm", "act", "batch_norm", "mbconv", "sqrt"], ["floor"]),
        ("model a {\n  stem = softmax(^)\n}\n", ["over = ", "channels", "positions"], ["batch"]),
        ("model a {\n  stem = conv(^)\n}\n", ["channels = ", "floor", "sqrt"], ["positions"]),
        ("model a {\n  stem = conv(3)\n    -> ^\n}\n", ["norm"], ["stages"]),
        ("model a {\n  stem = wide(^\n}\n", ["channels = ", "times = ", "divisible"], ["width = "]),
        ("model a {\n  stem = conv(3, st^)\n}\n", ["stride = ", "groups = "], []),
        ("model a {\n  body = ^\n}\n", ["conv", "base"], []),
        ("model a {\n  body = base.^\n}\n", ["small"], ["channels"]),
        ("model a {\n  body = base.small\n  top = body.^\n}\n", ["stage1", "channels"], ["small"]),
        ("model a(depth = 1) {\n  rate = 2\n  stem = conv(^)\n}\n", ["depth", "rate"], ["width"]),
        ("model a {\n  stages {\n    | ^\n", ["op", "layers", "channels", "times"], ["conv"]),
        ("model a {\n  stages {\n    | op | channels |\n    | ^\n", ["wide", "mbconv", "conv"], ["op", "channels"]),
        ("model a(w = 1) {\n  stages {\n    | op | channels |\n    | wide | ^\n", ["w", "same"], ["wide"]),
        ("model a extends ^", ["base"], ["wide"]),
        ("model a extends base.^", ["small"], ["base"]),
        ("model a extends base(^", ["width = ", "size = "], ["times = "]),
        ("model a extends base {\n  stem = conv(^)\n}\n", ["width", "size"], []),
        ("model a extends base {\n  stages 1 {\n    ^\n", ["op", "times", "channels"], ["stem"]),
        ("variants ^", ["base"], ["wide"]),
        ("variants base {\n  | ^", ["name", "width", "size"], ["op"]),
        ("model a {\n  require ^\n}\n", ["params", "macs", "out"], []),
        ("block b(n = 1) {\n  ^\n}\n", ["out", "require"], ["stages", "input"]),
        ("block b(n = 1) {\n  x = in.^\n}\n", ["channels", "height", "variance"], ["conv"]),
        ("block b(n = 1) {\n  y = 2\n  x = ^\n}\n", ["in", "n", "y", "divisible"], ["base"]),
        ("extern block b(n = 1) {\n  out = 1 x 1 x 1\n  ^\n}\n", ["params", "macs", "require"], ["out", "stages"]),
        ("extern block b(n = 1) {\n  params = in.channels * ^\n}\n", ["n", "in", "divisible"], []),
        ("block b(n = 1) {\n  # conv ^\n}\n", [], ["conv", "n"]),
    ],
)
async def test_completion(client: LanguageClient, tmp_path: Path, text: str, has: list[str], absent: list[str]) -> None:
    found = await complete(client, tmp_path / "typed.arch", HEAD + text)
    assert [label for label in has if label not in found] == []
    assert [label for label in absent if label in found] == []
    assert len(found) == len(set(found))


async def test_completion_of_files(client: LanguageClient, tmp_path: Path) -> None:
    (tmp_path / "beside.arch").write_text(HEAD)
    assert await complete(client, tmp_path / "typed.arch", 'use "^') == ["beside.arch"]


async def test_what_is_near_comes_first(client: LanguageClient, tmp_path: Path) -> None:
    found = await complete(client, tmp_path / "typed.arch", HEAD + "block b(n = 1) {\n  out = in -> conv(^\n")
    assert found[0] in ("channels = ", "bias = ")
    assert found.index("n") < found.index("mbconv") < found.index("batch_norm")


async def test_outline(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "outline.arch")
    await editor.open(HEAD)
    found = await client.text_document_document_symbol_async(types.DocumentSymbolParams(editor.document))
    symbols = [symbol for symbol in found or [] if isinstance(symbol, types.DocumentSymbol)]
    assert [(symbol.name, symbol.kind.name) for symbol in symbols] == [
        ("wide", "Function"), ("base", "Class"), ("base", "Enum"),
    ]  # fmt: skip
    assert [[child.name for child in symbol.children or []] for symbol in symbols] == [
        ["channels", "times", "out", "out.variance"], ["width", "size", "input", "stages"], ["small"],
    ]  # fmt: skip
    [stage] = (symbols[1].children or [])[3].children or []
    assert (stage.name, stage.detail) == ("wide", "stage 1")


async def test_inlay_hints(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "hints.arch")

    async def hints(first: int = 0, last: int = 100) -> list[tuple[int, object]]:
        lines = types.Range(types.Position(first, 0), types.Position(last, 0))
        found = await client.text_document_inlay_hint_async(types.InlayHintParams(editor.document, lines))
        return [(hint.position.line, hint.label) for hint in found or []]

    assert await editor.open(HEAD) == []
    assert await hints() == [(8, "→ 16 x 32 x 32")]
    text = (specs_folder() / "v2_l.arch").read_text(encoding="utf-8")
    assert await editor.change(text) == []
    rows = [number for number, line in enumerate(text.splitlines()) if "mbconv " in line]
    whole = await hints()
    assert [line for line, _ in whole if line in rows] == rows
    assert (rows[-1], "→ 640 x 15 x 15") in whole
    assert await hints(rows[0], rows[1]) == [each for each in whole if each[0] in rows[:2]]
    # While a line cannot be read, the hints stay with their rows.
    assert await editor.change(text.replace("input ", "\n  input (", 1))
    assert [line - 1 for line, _ in await hints() if line - 1 in rows] == rows


async def test_inputs_in_the_outline(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, tmp_path / "inputs.arch")
    await editor.open(
        "model net {\n  inputs {\n    rgb   = 3 x 8 x 8\n    depth = 1 x 8 x 8\n  }\n  head = rgb + depth\n}\n"
    )
    found = await client.text_document_document_symbol_async(types.DocumentSymbolParams(editor.document))
    (model,) = [symbol for symbol in found or [] if isinstance(symbol, types.DocumentSymbol)]
    inside = [(one.name, [child.name for child in one.children or []]) for one in model.children or []]
    assert inside == [("inputs", ["rgb", "depth"]), ("head", [])]
