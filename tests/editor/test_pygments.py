"""The Pygments lexer reads every shipped text, and is found by file name."""

import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from pygments.token import Comment, Keyword, Name, Number, Operator, Token, _TokenType

from archdsl.editor.pygments_lexer import ArchLexer
from archdsl.folders import library_folder, specs_folder

ROOT = Path(__file__).parent.parent.parent
SHIPPED = [*specs_folder().glob("*.arch"), *ROOT.joinpath("examples").glob("*.arch"), *library_folder().glob("*.arch")]


@pytest.mark.parametrize("path", sorted(SHIPPED), ids=lambda path: path.name)
def test_no_error_tokens(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = list(ArchLexer().get_tokens(text))
    assert [value for kind, value in found if kind in Token.Error] == []
    assert "".join(value for _, value in found) == text


def test_what_words_are() -> None:
    text = "model a extends b.c {\n  input = 3 x 8 x 8 # it\n  x = conv(2, kernel = 1) * 5.3M when out.if == 5%3\n}\n"
    found = dict(_by_text(text))
    assert found["model"] in Keyword.Declaration
    assert found["a"] in Name.Class
    assert found["extends"] in Keyword
    assert kinds(text, "x") == [Operator.Word, Operator.Word, Name.Variable]
    assert found["conv"] in Name.Builtin
    assert found["5.3M"] in Number
    assert found["%"] in Operator
    assert found["# it"] in Comment
    assert found["if"] in Name.Attribute
    assert found["when"] in Keyword


def test_a_block_that_is_declared() -> None:
    text = "extern block deform(extern = 3) {\n  out = extern x 1 x 1\n}\n"
    assert [kind in Keyword.Declaration for kind in kinds(text, "extern")] == [True, False, False]
    assert kinds(text, "deform") == [Name.Class]


def kinds(text: str, wanted: str) -> list[_TokenType]:
    return [kind for value, kind in _by_text(text) if value == wanted]


def _by_text(text: str) -> Iterator[tuple[str, _TokenType]]:
    for kind, value in ArchLexer().get_tokens(text):
        yield value, kind


def test_it_is_registered() -> None:
    project = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8"))["project"]
    [registered] = project["entry-points"]["pygments.lexers"].values()
    assert EntryPoint("archdsl", registered, "pygments.lexers").load() is ArchLexer
    assert ArchLexer.filenames == ["*.arch"]
