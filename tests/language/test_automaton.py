"""The tables of the grammar, and the loop that runs them: they read what Lark itself reads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import lark
import pytest

from archdsl.diagnostics import Source
from archdsl.language.automaton import EXPRESSION, FILE, TABLES, Automaton, Unreadable
from archdsl.language.tables import GRAMMAR, tables
from tests.language.random_programs import Writer

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("specs/*.arch"), *ROOT.glob("archdsl/stdlib/*.arch"), *ROOT.glob("tests/data/**/*.arch")])


def test_tables_are_fresh() -> None:
    """`python -m archdsl.language.tables` writes them anew."""
    assert TABLES.read_text(encoding="utf-8") == tables()


def test_tables_are_the_same_in_every_process() -> None:
    code = "from archdsl.language.tables import tables; print(tables())"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


class LineEnds:
    """The automaton's rule on line ends, for Lark."""

    always_accept = ("_NEWLINE", "NAME")

    def process(self, tokens: Iterator[lark.Token]) -> Iterator[lark.Token]:
        depth, token = 0, None
        for token in tokens:
            depth += (token.type in ("OPEN_PAREN", "OPEN_BRACKET")) - (token.type in ("CLOSE_PAREN", "CLOSE_BRACKET"))
            if token.type != "_NEWLINE" or not depth:
                yield token
        if token is not None and token.type != "_NEWLINE":
            yield lark.Token.new_borrow_pos("_NEWLINE", "\n", token)


class Outline:
    """Makes of each rule its name with its children."""

    def __getattr__(self, rule: str) -> Callable[[list[Any]], Any]:
        return lambda children: (rule, [self.shown(child) for child in children])

    @staticmethod
    def shown(child: Any) -> Any:
        if isinstance(child, lark.Token):
            return (child.type, str(child), child.start_pos, child.end_pos)
        return (child.kind, str(child), child.start, child.end) if isinstance(child, str) else child


def lark_as(start: str) -> Callable[[str], Any]:
    """Lark's own parser of the grammar."""
    # With `x` as a pattern, since Lark would find it at the start of longer names.
    grammar = GRAMMAR.read_text(encoding="utf-8").replace('CROSS: "x"', "CROSS.1: /x(?![A-Za-z0-9_])/")
    parser = lark.Lark(
        grammar, parser="lalr", lexer="contextual", maybe_placeholders=True, postlex=LineEnds(), start=start
    )

    def outline(tree: Any) -> Any:
        if isinstance(tree, lark.Tree):
            return (str(tree.data), [outline(child) for child in tree.children])
        return None if tree is None else Outline.shown(tree)

    return lambda text: outline(parser.parse(text))


@pytest.fixture(scope="module")
def peer() -> Callable[[str], Any]:
    return lark_as(FILE)


def read(parse: Callable[[str], Any], text: str, refusals: tuple[type[Exception], ...]) -> Any:
    try:
        return parse(text)
    except refusals:
        return "refused"


def same(peer: Callable[[str], Any], text: str, whole: str = FILE) -> bool:
    """Whether both read a text alike. Returns whether they take it."""
    automaton = Automaton.load()
    ours = read(lambda text: automaton.parse(text, Outline(), whole), text, (Unreadable,))
    assert ours == read(peer, text, (lark.UnexpectedInput,))
    return ours != "refused"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files(path: Path, peer: Callable[[str], Any]) -> None:
    assert same(peer, path.read_text(encoding="utf-8"))


def test_random_programs(peer: Callable[[str], Any]) -> None:
    for seed in range(100):
        assert same(peer, Source("", Writer(Random(seed)).program()).text)  # whose lines end in LF


def test_corrupted_programs(peer: Callable[[str], Any]) -> None:
    taken = 0
    for seed in range(300):
        random = Random(seed)
        text = Writer(random).program()
        at = random.randrange(len(text))
        taken += same(peer, text[:at] + random.choice(["", "x", "(", "..", "when ", "\n", ", "]) + text[at + 1 :])
    assert 20 < taken < 280


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        ("alpha * beta**2 * gamma**2 == 2 +- 5%", True),
        ("400M", True),
        ("(a\n  + b)", True),
        ("a -> b when c", True),
        ("{1, 2} * 3  # a comment", True),
        ("a\n", True),
        ("", False),
        ("\na", False),
        ("a b", False),
        ("a\nb", False),
        ("a = 1", False),
        ("model m { }", False),
    ],
)
def test_an_expression_by_itself(text: str, is_taken: bool) -> None:
    assert same(lark_as(EXPRESSION), text, EXPRESSION) is is_taken
