"""Trials that are run again, as their worker died or was stopped. A repeat is a trial that names the first one.

Which trials are to be repeated follows from the trials alone, so that a worker may die at any moment, also between the
two entries that a repeat takes. Two workers may enter one repeat each; the later one gives way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from archdsl.search.trials import SomeTrial, State

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

_Trial = TypeVar("_Trial", bound=SomeTrial)

# How often a trial whose worker died is run again before it is given up: the network may be what kills.
MOST = 3
# What a worker notes of a trial that gave way to others, and of one that a signal ended, whose network is not at fault.
SURPLUS, INTERRUPTED = "surplus", "interrupted"
# Optuna's names, as its own callback writes and reads them.
_FIRST, _HISTORY = "failed_trial", "retry_history"


def first(trial: SomeTrial) -> int:
    """The number of a trial, or of the first that it repeats."""
    return int(trial.system_attrs.get(_FIRST, trial.number))


def history(trial: SomeTrial) -> tuple[int, ...]:
    """The numbers of the trials that one repeats, in order."""
    return tuple(trial.system_attrs.get(_HISTORY, ()))


def place(trial: SomeTrial, trials: Sequence[SomeTrial]) -> int:
    """What a trial would have as its number, or the first that it repeats, if none had been repeated.

    What is drawn depends on this: a study draws the same networks, whatever becomes of its workers.
    """
    return sum(not history(one) for one in trials[: first(trial)])


def doubled(trials: Sequence[SomeTrial]) -> set[int]:
    """The numbers of repeats of which an earlier trial is one too; `trials` are in order."""
    return _repeated(trials)[1]


def _repeated(trials: Sequence[SomeTrial]) -> tuple[set[int], set[int]]:
    """The numbers of trials that others repeat, and of those others that do it for a second time."""
    found, again = set[int](), set[int]()
    for trial in trials:
        if before := history(trial):
            if before[-1] in found:
                again.add(trial.number)
            found.add(before[-1])
    return found, again


def due(trials: Sequence[_Trial], what: Callable[[SomeTrial], str]) -> list[_Trial]:
    """Trials that came to no end and are to be repeated.

    Args:
        trials: all trials of a study, in order.
        what: says what became of one: `SURPLUS`, `INTERRUPTED`, or anything else.
    """
    failed = [trial for trial in trials if trial.state == State.FAIL]
    if not failed:
        return []
    left_out = set[int]().union(*_repeated(trials))

    def deaths(trial: SomeTrial) -> int:
        return sum(what(trials[number]) != INTERRUPTED for number in (*history(trial), trial.number))

    return [
        trial for trial in failed if trial.number not in left_out and what(trial) != SURPLUS and deaths(trial) <= MOST
    ]


def rerun(study: optuna.Study, trial: FrozenTrial) -> None:
    """Queues a trial again, with the options that were taken; what its worker noted of it is left behind."""
    import optuna
    from optuna.trial import TrialState

    study.add_trial(
        optuna.create_trial(
            state=TrialState.WAITING,
            params=trial.params,
            distributions=trial.distributions,
            system_attrs={
                **trial.system_attrs,
                _FIRST: first(trial),
                _HISTORY: [*history(trial), trial.number],
            },
        )
    )
