"""Text to syntax tree.

Lark builds its LALR tables from `grammar.lark` in about 0.1 s, half the time of a whole `archdsl estimate`, so the
tables are kept beside the grammar as JSON (`python -m archdsl.language.parser` writes them; a test fails when they
are stale). Tables of another version of Lark are ignored and built anew.
"""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import lark
from lark import Lark, UnexpectedInput

from archdsl.diagnostics import Diagnostic, Problems, Source
from archdsl.language import comments, tree
from archdsl.language.bounds import MAX_CHARACTERS, MAX_NESTING, check_item, check_text
from archdsl.language.builder import Builder
from archdsl.language.lines import LineEnds
from archdsl.language.mistakes import explain

__all__ = ["MAX_CHARACTERS", "MAX_NESTING", "parse", "tables"]

GRAMMAR = Path(__file__).with_name("grammar.lark")
TABLES = Path(__file__).with_name("grammar.json")
MAX_BROKEN_ITEMS = 100
_LOCK = Lock()

# At the start of a line, and no name that a statement binds.
_ITEM_START = re.compile(r"^(?:use|block|model|variants|recipe)\b(?!\s*[=.])", re.MULTILINE)


def parse(source: Source) -> tuple[tree.Module, tuple[Diagnostic, ...]]:
    """The module that a text says, and what is wrong with the text.

    With a syntax error in it, the module holds the items that could be read on their own.
    """
    if too_much := check_text(source):
        return tree.Module(source, ()), (too_much,)
    problems = Problems()
    found = comments.collect(source)
    docs = comments.docs(found)
    try:
        items = _parse_piece(source, 0, len(source.text), docs, problems)
    except UnexpectedInput as error:
        items = _parse_items(source, docs, problems)
        if not problems:
            problems.add(explain(error, source, 0, len(source.text)))
    return tree.Module(source, items, found), problems.sorted()


def _parse_piece(
    source: Source, start: int, end: int, docs: dict[int, str], problems: Problems
) -> tuple[tree.Item, ...]:
    with _LOCK:
        parser, builder = _lark()
        builder.begin(source, docs, start)
        items: tuple[tree.Item, ...] = parser.parse(source.text[start:end])  # type: ignore[assignment]
        problems.add(*builder.problems)
    sound = []
    for item in items:
        if too_deep := check_item(item):
            problems.add(too_deep)
        else:
            sound.append(item)
    return tuple(sound)


def _parse_items(source: Source, docs: dict[int, str], problems: Problems) -> tuple[tree.Item, ...]:
    """Each item by itself, so that a mistake in one hides none in the others."""
    starts = [match.start() for match in _ITEM_START.finditer(source.text)]
    items: list[tree.Item] = []
    broken = 0
    for start, end in zip([0, *starts], [*starts, len(source.text)], strict=True):
        try:
            items += _parse_piece(source, start, end, docs, problems)
        except UnexpectedInput as error:
            problems.add(explain(error, source, start, end))
            broken += 1
            if broken == MAX_BROKEN_ITEMS:  # No text of the language; more of the same helps nobody.
                break
    return tuple(items)


# Tables ----------------------------------------------------------------------------------------------------------


@cache
def _lark() -> tuple[Lark, Builder]:
    builder = Builder()
    options: dict[str, Any] = {"postlex": LineEnds(), "transformer": builder}
    try:
        tables = json.loads(TABLES.read_text(encoding="utf-8"), object_hook=_with_whole_keys)
        if tables["lark"] == lark.__version__:
            return Lark._load_from_dict(tables["data"], tables["memo"], **options), builder  # type: ignore[no-untyped-call]
    except (OSError, ValueError, KeyError):
        pass  # No tables, or not ours: the grammar itself is the truth.
    return _from_grammar(**options), builder


def _with_whole_keys(table: dict[str, Any]) -> dict[Any, Any]:
    """JSON writes the numbers of states and terminals as strings; give them back."""
    return {int(key) if key.isdigit() else key: value for key, value in table.items()}


def _from_grammar(**options: Any) -> Lark:
    return Lark(
        GRAMMAR.read_text(encoding="utf-8"),
        parser="lalr",
        lexer="contextual",
        maybe_placeholders=True,
        propagate_positions=False,
        **options,
    )


def tables() -> str:
    """The LALR tables of the grammar as JSON text, the same for the same grammar and version of Lark."""
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    data, memo = _from_grammar(postlex=LineEnds()).memo_serialize([TerminalDef, Rule])
    data["options"] = {**data["options"], "postlex": None}
    data["parser"]["parser"] = _renumbered(data["parser"]["parser"])
    return json.dumps({"lark": lark.__version__, "data": data, "memo": memo}, separators=(",", ":")) + "\n"


def _renumbered(automaton: dict[str, Any]) -> dict[str, Any]:
    """The automaton with its symbols in alphabetical order and its states in the order in which they are met.

    Lark's own numbers come out of sets, in another order in every process.
    """
    names, shift = automaton["tokens"], 0
    symbols = {name: number for number, name in enumerate(sorted(names.values()))}
    numbers: dict[int, int] = {}
    states: dict[int, dict[int, tuple[int, Any]]] = {}
    ahead = [*automaton["start_states"].values()]
    for state in ahead:
        if state in numbers:
            continue
        numbers[state] = len(numbers)
        moves = {symbols[names[symbol]]: move for symbol, move in automaton["states"][state].items()}
        states[numbers[state]] = dict(sorted(moves.items()))
        ahead += [target for action, target in states[numbers[state]].values() if action == shift]
    return {
        **automaton,
        "tokens": {number: name for name, number in symbols.items()},
        "states": {
            state: {
                symbol: (action, numbers[target] if action == shift else target)
                for symbol, (action, target) in moves.items()
            }
            for state, moves in states.items()
        },
        "start_states": {rule: numbers[state] for rule, state in automaton["start_states"].items()},
        "end_states": {rule: numbers[state] for rule, state in automaton["end_states"].items()},
    }


if __name__ == "__main__":
    TABLES.write_text(tables(), encoding="utf-8")
    sys.stdout.write(f"wrote {TABLES.name}\n")
