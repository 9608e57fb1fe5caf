"""A study as it is read: what it is of, and what its trials came to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import le
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from archdsl.diagnostics import Source
from archdsl.ir.base import Frozen
from archdsl.search.addresses import printable
from archdsl.search.errors import OtherVersion, StudyDamaged
from archdsl.search.folder import FORMAT, SPEC, complete_texts
from archdsl.search.outcomes import network_of, result_of
from archdsl.search.settings import SearchSettings
from archdsl.search.trials import Direction, SomeTrial, State
from archdsl.search_space.objective import Objective
from archdsl.search_space.space import Space
from archdsl.sources import read
from archdsl.spaces import open_space

# The attribute of a study in its storage that says all of it.
SAID = "archdsl"


class Said(Frozen):
    """What the storage of a study says of it."""

    format: int
    version: str
    settings: SearchSettings
    texts: dict[str, str]
    objective: str
    goals: tuple[str, ...]
    speaks_of: tuple[str, ...]


class View(ABC):
    """A study.

    Args:
        url: of its storage.
        said: what its storage says of it.
        directions: which way each goal goes.

    Raises:
        DiagnosticError: where another program said it, or a version that this one cannot read, or it is damaged.
    """

    def __init__(self, name: str, url: str, folder: Path, said: object, directions: Sequence[int]):
        if not isinstance(said, dict) or said.get("format") != FORMAT:
            found = said.get("format") if isinstance(said, dict) else "another program"
            version = said.get("version", "unknown") if isinstance(said, dict) else "unknown"
            raise OtherVersion(found, FORMAT, version).error()
        self.name, self.url, self.folder, self.directions = name, url, folder, tuple(directions)
        try:
            self.settings = Said.model_validate(said).settings
        except ValidationError as error:
            field = ".".join(map(str, error.errors()[0]["loc"]))
            raise self.damage(f"what it says of its `{field}` makes no sense").error() from None
        if self.settings.spec not in said["texts"] or len(said["goals"]) != len(self.directions):
            raise self.damage("what it says of its space or its goals makes no sense").error()
        self.said: Mapping[str, Any] = said

    # What it is of ----------------------------------------------------------------------------------------------------

    @cached_property
    def source(self) -> Source:
        """The text of the space. Raises DiagnosticError where it is not as it was when the search began."""
        complete_texts(self.folder, self.texts)
        return read(self.folder / SPEC / self.settings.spec)

    @property
    def texts(self) -> dict[str, str]:
        """All files of the space, by name."""
        return dict(self.said["texts"])

    @cached_property
    def space(self) -> Space:
        """The space that is searched."""
        return open_space(self.source, self.settings.space)

    @cached_property
    def objective(self) -> Objective:
        """What the search is for."""
        settings = self.settings
        is_measured = settings.measure is not None
        return Objective(self.space, settings.objective, settings.device, is_measured=is_measured)

    @property
    def is_single(self) -> bool:
        """Whether there is one goal."""
        return len(self.directions) == 1

    @property
    def sign(self) -> int:
        """Of a study with one goal: 1 if it is maximized, else -1."""
        return 1 if self.directions[0] == Direction.MAXIMIZE else -1

    # Its trials -------------------------------------------------------------------------------------------------------

    @abstractmethod
    def trials(self) -> Sequence[SomeTrial]:
        """All trials, by number."""

    def check_trials(self) -> None:
        """Raises DiagnosticError where what the database has of the trials cannot be."""
        try:
            for number, trial in enumerate(self.trials()):
                if trial.number != number or (trial.state == State.COMPLETE and not self._is_sound(trial)):
                    raise self.damage(f"trial {trial.number} is none").error()
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise self.damage(f"its trials cannot be read ({type(error).__name__})").error() from None

    def _is_sound(self, trial: SomeTrial) -> bool:
        numbers = result_of(trial)["numbers"].values()
        has_values = len(trial.values) == len(self.directions)
        return has_values and network_of(trial).isdecimal() and all(isinstance(one, int | float) for one in numbers)

    def damage(self, reason: str) -> StudyDamaged:
        """That something of the study makes no sense."""
        return StudyDamaged(printable(self.url), reason)

    def better(self, one: Sequence[float], other: Sequence[float]) -> bool:
        """Whether values dominate others: no worse in any goal, and better in one."""
        lost, more = self._lost(one), self._lost(other)
        return lost != more and all(map(le, lost, more))

    def best(self) -> list[SomeTrial]:
        """The trials that no other dominates, of one goal the best: the first of each network, by their values."""
        first: dict[str, SomeTrial] = {}
        for trial in self.trials():
            if trial.state == State.COMPLETE:
                first.setdefault(network_of(trial), trial)
        # Those ahead in this order may dominate those behind, and never the other way round.
        found = sorted(((self._lost(trial.values), trial) for trial in first.values()), key=lambda pair: pair[0])
        if self.is_single:
            return [trial for _, trial in found[:1]]
        front: list[tuple[tuple[float, ...], SomeTrial]] = []
        for lost, trial in found:
            if not any(other != lost and all(map(le, other, lost)) for other, _ in front):
                front.append((lost, trial))
        return sorted((trial for _, trial in front), key=lambda trial: trial.values)

    def _lost(self, values: Sequence[float]) -> tuple[float, ...]:
        """Values of which less is better."""
        maximized = Direction.MAXIMIZE
        return tuple(-value if way == maximized else value for way, value in zip(self.directions, values, strict=True))
