"""What became of trials: how their workers note it, and how it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archdsl.search.trials import SomeTrial, State

# The user attributes of a trial.
WORKER, RESULT = "worker", "result"


@dataclass(frozen=True)
class Counts:
    """Trials by what became of them. `finished` ones count: they have a value, or show that a network has none."""

    finished: int
    running: int
    waiting: int


def counts(trials: Sequence[SomeTrial]) -> Counts:
    """How many trials count, are at work and are queued."""
    states = [trial.state for trial in trials]
    finished = sum(is_finished(trial) for trial in trials)
    return Counts(finished, states.count(State.RUNNING), states.count(State.WAITING))


def is_finished(trial: SomeTrial) -> bool:
    """Whether a trial counts: a network that a `require` line prunes does not, nor does a trial whose worker died."""
    if trial.state == State.PRUNED:
        return what_of(trial) != "pruned"
    return trial.state == State.COMPLETE


def result_of(trial: SomeTrial) -> Mapping[str, Any]:
    """What a worker noted of a trial: its network, its numbers, what became of it and why."""
    found = trial.user_attrs.get(RESULT, {})
    return found if isinstance(found, dict) else {}


def what_of(trial: SomeTrial) -> str:
    """What a worker noted as having become of a trial, in a word; nothing where it has a value."""
    return str(result_of(trial).get("what", ""))


def network_of(trial: SomeTrial) -> str:
    """The number of a trial's network in its space, in digits: it may have more of them than a database takes."""
    return str(result_of(trial).get("network", ""))
