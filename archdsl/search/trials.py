"""Trials as they are read. Without Optuna: to import it takes longer than to read ten thousand of them.

Optuna's own trials, states and directions are of these kinds, too; the states and directions have its numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Protocol


class State(IntEnum):
    """What a trial is at, as Optuna counts it: compared by `==`, Optuna's own is the same."""

    RUNNING = 0
    COMPLETE = 1
    PRUNED = 2
    FAIL = 3
    WAITING = 4


class Direction(IntEnum):
    """Which way a goal goes, as Optuna counts it."""

    MINIMIZE = 1
    MAXIMIZE = 2


class SomeTrial(Protocol):
    """A trial: Optuna's, or one that was only read."""

    @property
    def number(self) -> int: ...
    @property
    def state(self) -> int: ...
    @property
    def values(self) -> Any: ...
    @property
    def datetime_start(self) -> datetime | None: ...
    @property
    def datetime_complete(self) -> datetime | None: ...
    @property
    def params(self) -> dict[str, Any]: ...
    @property
    def user_attrs(self) -> dict[str, Any]: ...
    @property
    def system_attrs(self) -> dict[str, Any]: ...


@dataclass(slots=True)
class ReadTrial:
    """A trial as a database has it.

    `id` is that of its row, `values` are None where there are none, `distributions` what there was to choose from, as
    Optuna writes it, by the names of `params`; times are by this machine's clock.
    """

    id: int
    number: int
    state: State
    values: list[float] | None
    datetime_start: datetime | None
    datetime_complete: datetime | None
    params: dict[str, Any]
    distributions: Mapping[str, str]
    user_attrs: dict[str, Any]
    system_attrs: dict[str, Any]
    intermediate_values: dict[int, float]
