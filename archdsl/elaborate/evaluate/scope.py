"""Scopes outside any network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archdsl.elaborate.effort import Effort
from archdsl.elaborate.evaluate.values import UNDECIDED, Decisions, Origin, Scope, Value
from archdsl.elaborate.resolve.definitions import Environment
from archdsl.elaborate.resolve.submodules import Names
from archdsl.elaborate.resolve.words import SETTINGS

NO_NAMES = Names()
_NO_APPLIER: Any = None


def bare(
    environment: Environment,
    names: dict[str, Value],
    origins: dict[str, Origin],
    pending: Callable[[str], Value] | None = None,
    waiting: frozenset[str] = frozenset(),
    decisions: Decisions = UNDECIDED,
    effort: Effort | None = None,
) -> Scope:
    """A scope outside any network, for the values of parameters: no tensor can be met in it, so nothing is applied."""
    settings = {**dict.fromkeys(SETTINGS), "padding": "symmetric"}
    return Scope(
        environment, names, settings, _NO_APPLIER, NO_NAMES, origins, pending, waiting, decisions, None, effort
    )
