"""The saved grammar, and the lexer's rules on line ends and keywords: what Lark itself makes of the same texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import lark
import pytest

from archdsl.diagnostics import Source
from archdsl.language import grammar_tables
from archdsl.language.grammar import EXPRESSION, FILE, GRAMMAR, STARTS, analyzed, digest, saved
from tests.language.random_programs import Writer
from tests.selection import a_third

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("specs/*.arch"), *ROOT.glob("archdsl/stdlib/*.arch"), *ROOT.glob("tests/data/**/*.arch")])


def test_saved_grammar_is_fresh() -> None:
    """`python -m archdsl.language.grammar` writes it anew."""
    assert digest() == grammar_tables.GRAMMAR
    assert lark.__version__ == grammar_tables.LARK


class LineEnds:
    """The rule on line ends as a step behind Lark's own lexer."""

    always_accept = ("_NEWLINE", "NAME")

    def process(self, tokens: Iterator[lark.Token]) -> Iterator[lark.Token]:
        depth, token, is_open = 0, None, False
        for token in tokens:
            depth += (token.type in ("OPEN_PAREN", "OPEN_BRACKET")) - (token.type in ("CLOSE_PAREN", "CLOSE_BRACKET"))
            if token.type != "_NEWLINE" or not (depth or is_open):
                yield token
                is_open = token.type == "_COLON"
        if token is not None and token.type != "_NEWLINE":
            yield lark.Token.new_borrow_pos("_NEWLINE", "\n", token)


@pytest.fixture(scope="module")
def peer() -> lark.Lark:
    """The grammar with Lark's own contextual lexer."""
    # With `x` as a pattern, since Lark would find it at the start of longer names.
    grammar = GRAMMAR.read_text(encoding="utf-8").replace('CROSS: "x"', "CROSS.1: /x(?![A-Za-z0-9_])/")
    return lark.Lark(grammar, parser="lalr", lexer="contextual", postlex=LineEnds(), start=list(STARTS))


@pytest.fixture(scope="module")
def ours() -> list[lark.Lark]:
    return [saved(), analyzed()]


def outline(node: Any) -> Any:
    if isinstance(node, lark.Tree):
        return (str(node.data), [outline(child) for child in node.children])
    return (node.type, str(node), node.start_pos, node.end_pos) if isinstance(node, lark.Token) else node


def read(parser: lark.Lark, text: str, whole: str) -> Any:
    try:
        return outline(parser.parse(text, start=whole))
    except lark.UnexpectedInput:
        return "refused"


def same(peer: lark.Lark, ours: list[lark.Lark], text: str, whole: str = FILE) -> bool:
    """Whether all read a text alike. Returns whether they take it."""
    found = read(peer, text, whole)
    for parser in ours:
        assert read(parser, text, whole) == found
    return found != "refused"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files(path: Path, peer: lark.Lark, ours: list[lark.Lark]) -> None:
    assert same(peer, ours, path.read_text(encoding="utf-8"))


def test_random_programs(peer: lark.Lark, ours: list[lark.Lark]) -> None:
    for seed in range(a_third(60)):
        assert same(peer, ours, Source("", Writer(Random(seed)).program()).text)  # whose lines end in LF


def test_corrupted_programs(peer: lark.Lark, ours: list[lark.Lark]) -> None:
    taken, count = 0, a_third(200)
    for seed in range(count):
        random = Random(seed)
        text = Writer(random).program()
        at = random.randrange(len(text))
        taken += same(peer, ours, text[:at] + random.choice(["", "x", "(", "..", "when ", "\n", ", "]) + text[at + 1 :])
    assert count / 10 < taken < count * 9 / 10


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        ("alpha * beta**2 * gamma**2 == 2 +- 5%", True),
        ("400M", True),
        ("(a\n  + b)", True),
        ("a -> b when c", True),
        ("{1, 2} * 3  # a comment", True),
        ("a\n", True),
        ("x x x", True),
        ("when + use", True),
        ("", False),
        ("\na", False),
        ("a b", False),
        ("a\nb", False),
        ("a = 1", False),
        ("model m { }", False),
    ],
)
def test_an_expression_by_itself(text: str, is_taken: bool, peer: lark.Lark, ours: list[lark.Lark]) -> None:
    assert same(peer, ours, text, EXPRESSION) is is_taken


def test_every_terminal_has_a_name() -> None:
    """`__ANON_0` in a message would help nobody."""
    names = {terminal.name for terminal in saved().terminals} - set(saved().lexer_conf.ignore)
    assert not [name for name in names if name.startswith("__")]
