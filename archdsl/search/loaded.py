"""Studies for Python: their trials as records, and the best networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from archdsl.api import Network
from archdsl.search.outcomes import network_of, result_of
from archdsl.search.summary import state_of
from archdsl.search.trials import SomeTrial, State
from archdsl.search.view import View
from archdsl.search.winners import file_of, frozen


@dataclass(frozen=True)
class StudyTrial:
    """A trial of a search.

    `state` is `complete`, `stopped`, `failed` and others as in `archdsl search status`, `why` the reason, if there is
    one. `values` has a number for each goal, `numbers` all that is known of the network by name: counts, times in
    seconds, an accuracy from 0 to 1. `choices` are the options taken, `network` is the number of the network in its
    space.
    """

    number: int
    state: str
    network: int | None
    values: tuple[float, ...]
    numbers: Mapping[str, float]
    choices: Mapping[str, str]
    seconds: float | None
    why: str | None


@dataclass(frozen=True)
class FoundNetwork:
    """One of the best networks of a search: the trial that found it, and what it is."""

    study: View
    trial: StudyTrial

    @property
    def values(self) -> tuple[float, ...]:
        """Its value for each goal."""
        return self.trial.values

    @property
    def numbers(self) -> Mapping[str, float]:
        """All that the search knows of it, by name."""
        return self.trial.numbers

    @cached_property
    def network(self) -> Network:
        """The network itself, to count and to build."""
        assert self.trial.network is not None
        space = self.study.space
        return Network(space.architecture(space.numbered(self.trial.network)))

    @cached_property
    def text(self) -> str:
        """Its text, as in the file that `archdsl search` writes. Raises DiagnosticError where it cannot be a file."""
        found = self.study.trials()[self.trial.number]
        return frozen(self.study, found, file_of(self.study, found))

    def __repr__(self) -> str:
        return f"<network {self.trial.network} of {self.study.space.name}, trial {self.trial.number}: {self.values}>"


class LoadedStudy:
    """A study that `load_study` opened, while it runs or after."""

    def __init__(self, study: View):
        self.study = study
        self.name = study.name
        self.objective: str = study.said["objective"]
        self.goals: tuple[str, ...] = tuple(study.said["goals"])

    @property
    def trials(self) -> list[StudyTrial]:
        """All trials, by number."""
        return [_record(trial) for trial in self.study.trials()]

    @property
    def best(self) -> list[FoundNetwork]:
        """The best network, or those of the front, by their values."""
        return [FoundNetwork(self.study, _record(trial)) for trial in self.study.best()]

    def __repr__(self) -> str:
        return f"<study {self.name}: {', '.join(self.goals)}, {len(self.study.trials())} trials>"


def _record(trial: SomeTrial) -> StudyTrial:
    result, network = result_of(trial), network_of(trial)
    return StudyTrial(
        trial.number,
        state_of(trial),
        int(network) if network else None,
        tuple(trial.values) if trial.state == State.COMPLETE else (),
        dict(result.get("numbers", {})),
        dict(trial.params),
        result.get("seconds"),
        result.get("why"),
    )
