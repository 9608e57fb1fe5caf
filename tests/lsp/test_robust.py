"""No text is too broken, and no place in it too odd, for any question."""

import random
from contextlib import suppress
from pathlib import Path

import pytest
from lsprotocol.types import Position, PositionEncodingKind, Range

from archdsl.folders import specs_folder
from archdsl.lsp.code_actions import fixes
from archdsl.lsp.completion import completion
from archdsl.lsp.definition import definition
from archdsl.lsp.diagnostics import diagnostics
from archdsl.lsp.documents import Documents
from archdsl.lsp.formatting import formatting
from archdsl.lsp.hover import hover
from archdsl.lsp.inlay_hints import inlay_hints
from archdsl.lsp.outline import outline
from archdsl.lsp.positions import Positions
from archdsl.lsp.references import references
from archdsl.lsp.rename import Refused, prepare_rename

ERRORS = Path(__file__).parent.parent / "errors"
TEXTS = [
    specs_folder().joinpath("v2_s.arch").read_text(encoding="utf-8"),
    *(path.read_text(encoding="utf-8", errors="replace") for path in sorted(ERRORS.glob("*.arch"))),
]


@pytest.mark.parametrize("seed", range(60))
def test_any_text_at_any_place(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    documents = Documents()
    uri = (tmp_path / "text.arch").as_uri()
    sound = documents.put(uri, TEXTS[0])
    assert sound.compiled.architectures
    text = chance.choice(TEXTS)
    for _ in range(chance.randrange(4)):
        start = chance.randrange(len(text) + 1)
        new = chance.choice(["", "(", "}", "{", '"', "|", "->", "\n", "𝔄", "#", "x", "block ", ".", "\r"])
        text = text[:start] + new + text[start + chance.randrange(6) :]
    document = documents.put(uri, text)
    everything = Range(Position(0, 0), Position(10_000, 0))
    for found in diagnostics(document, documents.locate):
        assert found.range.start.line <= text.count("\n") + text.count("\r")
    outline(document)
    formatting(document)
    inlay_hints(document, everything)
    fixes(document, everything, documents.locate)
    for _ in range(20):
        position = document.positions.position(chance.randrange(len(text) + 1))
        hover(document, position)
        definition(document, position, documents)
        references(document, position, documents)
        assert len({item.label for item in completion(document, position)}) == len(completion(document, position))
        with suppress(Refused):
            prepare_rename(document, position)


@pytest.mark.parametrize("encoding", list(PositionEncodingKind))
def test_positions_there_and_back(encoding: PositionEncodingKind) -> None:
    text = "a𝔄é\r\nb\rc\n\n𝔄𝔄"
    positions = Positions(text, encoding)
    inside_a_line_end = text.index("\n")
    for offset in range(len(text) + 1):
        if offset != inside_a_line_end:
            assert positions.offset(positions.position(offset)) == offset


def test_columns_by_encoding() -> None:
    text = "𝔄é="
    columns = [Positions(text, encoding).position(2).character for encoding in ("utf-8", "utf-16", "utf-32")]
    assert columns == [6, 3, 2]
    assert Positions("ab\ncd").offset(Position(0, 99)) == 2
    assert Positions("ab\ncd").offset(Position(99, 0)) == 5
