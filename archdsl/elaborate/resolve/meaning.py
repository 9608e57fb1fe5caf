"""What a name means that no parameter or binding has: one rule for checker, evaluator and language server."""

from __future__ import annotations

from functools import lru_cache

from archdsl.elaborate.resolve.definitions import Environment
from archdsl.elaborate.resolve.symbols import Kind, Symbol, of_block
from archdsl.elaborate.resolve.words import FUNCTIONS, SETTINGS, WORDS
from archdsl.ir.operators import PRIMITIVES


def meaning_of(name: str, environment: Environment) -> Symbol | None:
    """What a name means that is not a parameter or binding in scope; None where it means nothing.

    No block is called as something of the language, so the order does not matter.
    """
    definition = environment.block(name)
    if definition is not None:
        return of_block(definition)
    return _of_language(name)


@lru_cache(maxsize=1024)
def _of_language(name: str) -> Symbol | None:
    kinds = {Kind.SETTING: SETTINGS, Kind.FUNCTION: FUNCTIONS, Kind.PRIMITIVE: PRIMITIVES, Kind.WORD: WORDS}
    return next((Symbol(kind, name) for kind, names in kinds.items() if name in names), None)
