"""Rules that a backend has for operators: one for each class, and none for whatever else may come."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from archdsl.ir.operators import CLASSES
from archdsl.ir.operators.base import Operator

R = TypeVar("R")


class RuleTable(Generic[R]):
    """What a backend does with each class of operators.

    There is no default: a backend that guessed at an operator that is new to it would be silently wrong. One that
    cannot express an operator says so in its rule. A test goes through all tables and fails for a missing entry.
    """

    def __init__(self, backend: str):
        self.backend = backend
        self._rules: dict[type[Operator], R] = {}

    def rule(self, *operators: type[Operator]) -> Callable[[R], R]:
        """Makes what it decorates the rule for some classes of operators."""

        def register(rule: R) -> R:
            for operator in operators:
                if operator in self._rules:
                    raise ValueError(f"{self.backend} has two rules for {operator.__name__}")
                self._rules[operator] = rule
            return rule

        return register

    def __getitem__(self, operator: Operator) -> R:
        try:
            return self._rules[type(operator)]
        except KeyError:
            raise KeyError(f"{self.backend} has no rule for {type(operator).__name__}") from None

    def values(self) -> Iterable[R]:
        """The rules of all classes."""
        return self._rules.values()

    @property
    def missing(self) -> list[str]:
        """The classes of operators without a rule."""
        return [operator.__name__ for operator in CLASSES if operator not in self._rules]
