"""The tables of the grammar, made by Lark: `python -m archdsl.language.tables` after every change of `grammar.lark`.

They are kept beside the grammar as JSON, so that nothing else imports Lark; a test fails when they are stale.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef
from lark.parsers.lalr_analysis import ParseTable, Shift

from archdsl.language.automaton import DROP, KEEP, NAME, NOTHING, SPLICE, STARTS, TABLES

GRAMMAR = Path(__file__).with_name("grammar.lark")


def tables() -> str:
    """The tables as JSON text, the same for the same grammar in every process."""
    lark = Lark(GRAMMAR.read_text(encoding="utf-8"), parser="lalr", start=list(STARTS), maybe_placeholders=True)
    numbers = {rule: number for number, rule in enumerate(lark.rules)}
    starts, states = _states(lark.parser.parser._parse_table, numbers)
    keywords, others = _terminals(lark)
    found = {
        "states": states,
        "starts": starts,
        "rules": [[rule.origin.name, rule.alias or rule.origin.name, _recipe(rule)] for rule in lark.rules],
        "keywords": {terminal.pattern.value: terminal.name for terminal in keywords},
        "lexer": "|".join(f"(?P<{terminal.name}>{terminal.pattern.to_regexp()})" for terminal in others),
        "ignored": sorted(lark.ignore_tokens),
    }
    lines = (f"{json.dumps(key)}: {_shown(value)}" for key, value in found.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _shown(value: Any) -> str:
    """A value as JSON, a list with an item a line: a change of the grammar is then a change of some lines."""
    if not isinstance(value, list):
        return json.dumps(value)
    return "[\n" + ",\n".join(json.dumps(item, separators=(",", ":")) for item in value) + "\n]"


def _states(table: ParseTable, rules: dict[Rule, int]) -> tuple[dict[str, int], list[dict[str, int]]]:
    """The state that each start begins in, and the moves of each state, numbered in the order in which they are met.

    Lark's own numbers come out of sets, in another order in every process.
    """
    ahead = [table.start_states[start] for start in STARTS]
    numbers, states = {state: number for number, state in enumerate(ahead)}, list[dict[str, int]]()
    for state in ahead:
        moves = {}
        for symbol, (action, target) in sorted(table.states[state].items()):
            if action is not Shift:
                moves[symbol] = ~rules[target]
                continue
            if target not in numbers:
                numbers[target] = len(numbers)
                ahead.append(target)
            moves[symbol] = numbers[target]
        states.append(moves)
    return {start: numbers[table.start_states[start]] for start in STARTS}, states


def _recipe(rule: Rule) -> str:
    """What becomes of the rule's symbols, as Lark's own tree builder would have it."""
    options = rule.options
    assert not options.expand1, "`?rule` is not provided for"
    assert not options.keep_all_tokens, "`!rule` is not provided for"
    # For each place between symbols, how many optional parts are left out there.
    left_out = "".join("1" if is_empty else "0" for is_empty in options.empty_indices)
    gaps = [len(ones) for ones in left_out.split("0")] if left_out else [0] * (len(rule.expansion) + 1)
    recipe = NOTHING * gaps[0]
    for symbol, gap in zip(rule.expansion, gaps[1:], strict=True):
        if symbol.is_term:
            recipe += DROP if symbol.filter_out else KEEP  # type: ignore[attr-defined]
        else:
            recipe += SPLICE if symbol.name.startswith("_") else KEEP
        recipe += NOTHING * gap
    return recipe


def _terminals(lark: Lark) -> tuple[list[TerminalDef], list[TerminalDef]]:
    """Those that look like names, and the others in the order in which they are to be tried."""
    name = next(terminal for terminal in lark.terminals if terminal.name == NAME)
    is_name = re.compile(name.pattern.to_regexp()).fullmatch
    strings = [terminal for terminal in lark.terminals if terminal.pattern.type == "str"]
    keywords = [terminal for terminal in strings if is_name(terminal.pattern.value)]
    others = [terminal for terminal in lark.terminals if terminal not in keywords]
    others.sort(key=lambda one: (-one.priority, -one.pattern.max_width, -len(one.pattern.value), one.name))
    return keywords, others


if __name__ == "__main__":
    TABLES.write_text(tables(), encoding="utf-8")
    sys.stdout.write(f"wrote {TABLES.name}\n")
