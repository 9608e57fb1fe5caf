"""The grammar as Lark runs it: `grammar.lark`, whose analysis is saved beside it.

Lark takes a third of a second to read a grammar, so that what it makes of this one is kept in `grammar_tables.py`, in
the form in which Lark itself saves parsers: `python -m archdsl.language.grammar` writes it, after every change of
`grammar.lark`; a test fails when it is stale.
"""

from __future__ import annotations

import sys
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, cast

import lark
from lark import Lark
from lark.grammar import NonTerminal, Rule, RuleOptions, Symbol, Terminal
from lark.utils import SerializeMemoizer

from archdsl.diagnostics import Diagnostic, Source
from archdsl.language import grammar_tables
from archdsl.language.builder import Builder
from archdsl.language.lexer import Lexer

GRAMMAR = Path(__file__).with_name("grammar.lark")
# The rules that a whole text can be: a file, and an expression by itself.
FILE, EXPRESSION = STARTS = ("start", "alone")


class Parser:
    """Lark's parser of a text, whose rules become nodes of the tree as they are read."""

    def __init__(self, builder: Builder, lark: Lark) -> None:
        self._builder, self._lark = builder, lark
        # One builder serves all texts, for Lark takes its rules' methods when a parser is made.
        self._lock = Lock()

    def parse(
        self, text: str, source: Source, docs: dict[int, str], offset: int, whole: str = FILE
    ) -> tuple[Any, list[Diagnostic]]:
        """What a text is as the `whole` of STARTS, and the problems that the grammar cannot see.

        The text stands in `source` from `offset`, and `docs` are the doc comments by line. Raises lark.UnexpectedInput.
        """
        with self._lock:
            problems = self._builder.begin(source, docs, offset)
            return self._lark.parse(text, start=whole), problems


@cache
def parser() -> Parser:
    """The parser of the `.arch` language."""
    builder = Builder()
    return Parser(builder, saved(builder) if lark.__version__ == grammar_tables.LARK else analyzed(builder))


def saved(builder: Builder | None = None) -> Lark:
    """The grammar as it was saved. Another version of Lark might not read it."""
    options = {"transformer": builder, "_plugins": {"ContextualLexer": Lexer}}
    memo = grammar_tables.TERMINALS | _rules(grammar_tables.RULES)
    found: Lark = Lark._load_from_dict(grammar_tables.DATA, memo, **options)  # type: ignore[no-untyped-call]
    return found


def _rules(rows: dict[int, tuple[Any, ...]]) -> dict[int, Rule]:
    """Lark's rules by their numbers. It would read its own form of them, too, in more time than the rest together."""
    symbols: dict[str, Symbol] = {}
    rules = {}
    for number, (origin, expansion, order, alias, (keep, expand, priority, template, empty)) in rows.items():
        for name in (origin, *expansion):
            if name not in symbols:  # A terminal that begins with an underscore leaves no trace.
                symbols[name] = Terminal(name, name[0] == "_") if name.isupper() else NonTerminal(name)
        options = RuleOptions(keep, expand, priority, template, empty)
        rules[number] = Rule(
            cast(NonTerminal, symbols[origin]), [symbols[name] for name in expansion], order, alias, options
        )
    return rules


def _row(rule: Rule) -> tuple[Any, ...]:
    """What `_rules` makes a rule of."""
    options = rule.options
    shown = (options.keep_all_tokens, options.expand1, options.priority, options.template_source)
    symbols = [str(symbol.name) for symbol in rule.expansion]
    return str(rule.origin.name), symbols, rule.order, rule.alias, (*shown, tuple(options.empty_indices))


def analyzed(builder: Builder | None = None) -> Lark:
    """The grammar as Lark reads it."""
    options: dict[str, Any] = {"transformer": builder, "_plugins": {"ContextualLexer": Lexer}}
    text = GRAMMAR.read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer="contextual", start=list(STARTS), **options)


def digest() -> str:
    """What distinguishes one grammar from another."""
    return sha256(GRAMMAR.read_bytes()).hexdigest()


def _save() -> None:
    from lark.lark import _LOAD_ALLOWED_OPTIONS
    from lark.lexer import TerminalDef

    memo = SerializeMemoizer([TerminalDef, Rule])
    data = analyzed().serialize(memo)
    data["options"] = {name: value for name, value in data["options"].items() if name not in _LOAD_ALLOWED_OPTIONS}
    made = memo.memoized.reversed()
    rules = {number: _row(one) for number, one in made.items() if isinstance(one, Rule)}
    terminals = {number: one for number, one in memo.serialize().items() if number not in rules}
    values = {"GRAMMAR": digest(), "LARK": lark.__version__, "DATA": data, "TERMINALS": terminals, "RULES": rules}
    lines = [f"{name} = {value!r}\n".replace("), ", "),\n").replace("}, ", "},\n") for name, value in values.items()]
    text = '"""What Lark makes of `grammar.lark`: written by `python -m archdsl.language.grammar`."""\n\n'
    Path(grammar_tables.__file__).write_text(text + "".join(lines), encoding="utf-8")
    sys.stdout.write(f"wrote {Path(grammar_tables.__file__).name}\n")


if __name__ == "__main__":
    _save()
