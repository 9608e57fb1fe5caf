"""Recipes in an editor: hover, completion, definitions, references."""

from pathlib import Path

import pytest
from lsprotocol import types
from pytest_lsp import LanguageClient

from tests.lsp.editor import Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = """\
model net {
  input = 3 x 32 x 32
  stem  = conv(8)
}
## The first.
recipe base for net {
  epochs    = 10
  batch     = 64
  optimizer = sgd(0.1 * batch / 64, momentum = 0.8)

  progressive(stages = 2) {
    | setting    | from | to |
    | resolution | 16   | 32 |
  }
}
recipe more for net extends base {
  schedule = cosine
}
"""


async def opened(client: LanguageClient, tmp_path: Path) -> Editor:
    made = Editor(client, tmp_path / "net.arch")
    assert await made.open(TEXT) == []
    return made


async def hovered(editor: Editor, cursor: str) -> str:
    found = await editor.client.text_document_hover_async(types.HoverParams(editor.document, editor.at(cursor)))
    assert found is not None
    assert isinstance(found.contents, types.MarkupContent)
    return found.contents.value


async def completed(editor: Editor, text: str) -> list[str]:
    """The labels at the end of a text, which is what a file holds so far."""
    editor.say(text)
    lines = text.split("\n")
    here = types.Position(len(lines) - 1, len(lines[-1]))
    found = await editor.client.text_document_completion_async(types.CompletionParams(editor.document, here))
    items = found.items if isinstance(found, types.CompletionList) else found or []
    return [item.label for item in items]


@pytest.mark.parametrize(
    ("cursor", "says"),
    [
        ("ep^ochs", "times that each image is seen (must be given)"),
        ("sg^d(", "sgd(lr, momentum = 0.9, weight_decay = 0, nesterov = true)"),
        ("momen^tum", "default: `0.9`"),
        ("* bat^ch", "images of one step"),
        ("progress^ive", "progressive(stages = 4)"),
        ("resol^ution", "side of the images in training"),
        ("= cos^ine", "Half a cosine"),
        ("extends ba^se", "The first."),
    ],
)
async def test_hover(client: LanguageClient, tmp_path: Path, cursor: str, says: str) -> None:
    assert says in await hovered(await opened(client, tmp_path), cursor)


async def test_definition_of_a_recipe(client: LanguageClient, tmp_path: Path) -> None:
    editor = await opened(client, tmp_path)
    where = editor.at("extends ba^se")
    found = await editor.client.text_document_definition_async(types.DefinitionParams(editor.document, where))
    assert [(line, word) for _, line, word in editor.words(found)] == [(6, "base")]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "has", "has_not"),
    [
        ("  ", ["epochs", "batch", "optimizer", "progressive"], ["stem", "conv"]),
        ("  epochs = 3\n  ", ["batch"], ["epochs"]),
        ("  optimizer = ", ["sgd", "rmsprop", "adamw"], ["cosine", "conv"]),
        ("  optimizer = sgd(", ["lr = ", "momentum = "], ["rate = "]),
        ("  precision = ", ["auto", "bfloat16"], ["sgd"]),
        ("  progressive(", ["stages = "], ["lr = "]),
        ("  progressive(stages = 2) {\n    | setting | from | to |\n    | ", ["resolution", "mixup"], ["epochs"]),
    ],
)
async def test_completion(
    client: LanguageClient, tmp_path: Path, body: str, has: list[str], has_not: list[str]
) -> None:
    labels = await completed(await opened(client, tmp_path), f"{TEXT}recipe third for net {{\n{body}")
    assert [label for label in has if label not in labels] == []
    assert [label for label in has_not if label in labels] == []
