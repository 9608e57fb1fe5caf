"""A worker: it takes one trial after the other until the study has as many as it is to have.

Workers know of each other through the storage alone. As many trials come to an end as were asked for, however many
workers there are and whichever of them die: a trial begins only while those that have ended or are at work are too few,
and of two that begin at once for one place, the later gives way.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from typing import Any

from optuna import TrialPruned
from optuna.trial import FrozenTrial, Trial, TrialState

from archdsl.diagnostics import DiagnosticError
from archdsl.diagnostics.codes import DIVERGED, OUT_OF_MEMORY
from archdsl.search.evaluation.evaluator import Evaluator, Judged
from archdsl.search.samplers.algorithms import ALGORITHMS
from archdsl.search.storage import quiet
from archdsl.search.study import RESULT, WORKER, Study, counts, is_finished, network_of, result_of
from archdsl.search_space.encoding import Encoding
from archdsl.search_space.errors import NoneMeets
from archdsl.search_space.networks import Sample
from archdsl.search_space.pruning import MOST_IN_VAIN
from archdsl.training.stopping import Stopping

# Seconds between two looks whether a trial of another worker has come to an end.
_WAIT = 1.0
# A mistake of the network, or a training that cannot be: the network has no value. Other problems end the search.
_OF_NETWORK = ("ARC3", "ARC4", "ARC5", "ARC6", DIVERGED.name, OUT_OF_MEMORY.name)


class SurplusError(Exception):
    """There are enough trials without this one."""


class WorkerStoppedError(Exception):
    """A signal ended the trial."""


class Worker:
    """Works on a study.

    Args:
        evaluator: judges the networks.
        on_trial: is given each trial that came to an end here, and the number of those that have in the study.
    """

    def __init__(
        self, study: Study, evaluator: Evaluator, on_trial: Callable[[FrozenTrial, int], None] = lambda *_: None
    ):
        self.study, self.evaluator, self.on_trial = study, evaluator, on_trial
        self.settings, self.space = study.settings, study.space
        self.encoding = Encoding(self.space)
        algorithm = ALGORITHMS[self.settings.algorithm]
        study.use(algorithm.make(self.space, self.encoding, self.settings.seed, self.settings.trials))
        self.name = f"{platform.node()}:{os.getpid()}"
        self._in_vain = 0

    def run(self) -> int:
        """Works until there are enough trials: 0, or the number of the signal that asked for an end before.

        Raises DiagnosticError where the search cannot go on.
        """
        with Stopping() as stopping, self.study.reporting():
            while not stopping.signal:
                self.study.settle()
                found = counts(self.study.trials())
                if found.finished >= self.settings.trials:
                    self._wait_for_surplus(stopping)
                    break
                if found.finished + found.running >= self.settings.trials and not found.waiting:
                    time.sleep(_WAIT)  # one of those at work may die
                    continue
                self._one(stopping)
            return stopping.signal

    def _one(self, stopping: Stopping) -> None:
        """One trial."""
        ended: list[FrozenTrial] = []
        with quiet():
            self.study.optuna.optimize(
                lambda trial: self._judged(trial, stopping),
                n_trials=1,
                catch=(SurplusError, WorkerStoppedError),
                callbacks=[lambda _, trial: ended.append(trial)],
            )
        trial = ended[0]
        if is_finished(trial):
            self._in_vain = 0
            self.on_trial(trial, counts(self.study.trials()).finished)
        elif trial.state is TrialState.PRUNED:
            self._in_vain += 1
            if self._in_vain >= MOST_IN_VAIN:
                raise NoneMeets(self._in_vain, self.space.name, "its `require` lines").error()
        elif stopping.signal and trial.params:
            self.study.queue_again(trial)

    def _judged(self, trial: Trial, stopping: Stopping) -> tuple[float, ...]:
        # A heartbeat comes first: a trial with a worker has one, however soon the worker dies.
        self.study.storage.record_heartbeat(trial._trial_id)
        trial.set_user_attr(WORKER, self.name)
        self._give_way(trial.number)
        sample = self.encoding.sample(
            lambda variable: variable.options.index(trial.suggest_categorical(variable.name, variable.options))
        )
        began = time.perf_counter()

        def note(**facts: object) -> None:
            seconds = round(time.perf_counter() - began, 3)
            trial.set_user_attr(RESULT, {"network": str(sample.index), "seconds": seconds, **facts})

        try:
            if not self.space.pruning.meets(sample):
                note(what="pruned", why="a `require` line")
                raise TrialPruned
            judged, same = self._known(trial, sample), True
            if judged is None:
                judged, same = self._evaluated(trial, sample, stopping, note), False
        except DiagnosticError as failure:
            if not all(problem.code.name.startswith(_OF_NETWORK) for problem in failure.diagnostics):
                raise
            note(what="failed", why=failure.diagnostics[0].message)
            raise TrialPruned from None
        note(numbers=dict(judged.numbers), **({"what": "known"} if same else {}))
        return judged.values

    def _evaluated(self, trial: Trial, sample: Sample, stopping: Stopping, note: Callable[..., None]) -> Judged:
        seen: dict[int, float] = {}

        def judge(epoch: int, accuracy: float) -> bool:
            seen[epoch] = accuracy
            if self.settings.stop_early == "none" or not self.study.is_single:
                return True
            trial.report(accuracy, epoch)
            return not trial.should_prune()

        number = self._origin(trial)
        if not self.evaluator.is_trained:
            return self.evaluator.judged(sample, number, judge)
        from archdsl.search.evaluation.accuracy import InterruptedTrial, StoppedEarlyError

        try:
            return self.evaluator.judged(sample, number, judge)
        except InterruptedTrial as interrupted:
            stopping.signal = interrupted.signal
            raise WorkerStoppedError from None
        except StoppedEarlyError:
            note(what="stopped", why=f"after epoch {max(seen)}, with an accuracy of {100 * seen[max(seen)]:.2f} %")
            raise TrialPruned from None

    def _origin(self, trial: Trial) -> int:
        """The number of a trial, or of the first that it repeats."""
        known = self.study.storage.get_trial(trial._trial_id).system_attrs
        return int(known.get("failed_trial", trial.number))

    def _known(self, trial: Trial, sample: Sample) -> Judged | None:
        """What an earlier trial found of a network that is trained: the same training would find the same."""
        if not self.evaluator.is_trained:
            return None
        for one in self.study.trials():
            if one.state is TrialState.COMPLETE and network_of(one) == str(sample.index):
                numbers: Mapping[str, Any] = result_of(one)["numbers"]
                return Judged(tuple(one.values), numbers)
        return None

    def _give_way(self, number: int) -> None:
        """Raises SurplusError where earlier trials are enough."""
        ahead = [one for one in self.study.trials() if one.number < number]
        at_work = sum(one.state in (TrialState.RUNNING, TrialState.WAITING) for one in ahead)
        if sum(map(is_finished, ahead)) + at_work >= self.settings.trials:
            raise SurplusError

    def _wait_for_surplus(self, stopping: Stopping) -> None:
        """A trial that is at work now gives way in a moment."""
        for _ in range(20):
            if not counts(self.study.trials()).running or stopping.signal:
                return
            time.sleep(0.1)
