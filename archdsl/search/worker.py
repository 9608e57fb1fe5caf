"""A worker: it takes one trial after the other until the study has as many as it is to have.

Workers know of each other through the storage alone. As many trials come to an end as were asked for, however many
workers there are and whichever of them die: a trial begins only while those that have ended, are at work or are to be
repeated are too few, and of two that begin at once for one place, the later gives way.
"""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from optuna import TrialPruned
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, Trial, TrialState

from archdsl.diagnostics import DiagnosticError
from archdsl.diagnostics.codes import DIVERGED, OUT_OF_MEMORY
from archdsl.search import reruns
from archdsl.search.evaluation.evaluator import Evaluator, Judged
from archdsl.search.outcomes import RESULT, WORKER, counts, is_finished, network_of, result_of, what_of
from archdsl.search.samplers.algorithms import ALGORITHMS
from archdsl.search.storage import quiet
from archdsl.search.study import Study
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
        on_trial: is given each trial that came to an end here.
        remark: is told what is out of the ordinary.
    """

    def __init__(
        self,
        study: Study,
        evaluator: Evaluator,
        on_trial: Callable[[FrozenTrial], None] = lambda _: None,
        remark: Callable[[str], None] = lambda _: None,
    ):
        self.study, self.evaluator, self.on_trial, self.remark = study, evaluator, on_trial, remark
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
                found = counts(self.study.settle())
                if found.finished >= self.settings.trials:
                    self._leave_none_at_work(stopping)
                    break
                if found.finished + found.running >= self.settings.trials and not found.waiting:
                    time.sleep(_WAIT)  # one of those at work may die
                    continue
                self._one(stopping)
            if stopping.signal:
                self.study.settle()  # the trial that was interrupted is queued again
            return stopping.signal

    def _one(self, stopping: Stopping) -> None:
        """One trial."""
        ended: list[FrozenTrial] = []
        failures: list[BaseException] = []

        def judged(trial: Trial) -> tuple[float, ...]:
            try:
                return self._judged(trial, stopping)
            except BaseException as failure:
                failures.append(failure)
                raise

        try:
            with quiet():
                self.study.optuna.optimize(
                    judged,
                    n_trials=1,
                    catch=(SurplusError, WorkerStoppedError),
                    callbacks=[lambda _, trial: ended.append(trial)],
                )
        except (UpdateFinishedTrialError, ValueError) as refused:
            if refused in failures and not isinstance(refused, UpdateFinishedTrialError):
                raise
            # Optuna takes no value of a trial that has ended: while this machine slept, say, others took it for dead.
            self.remark(
                f"a trial was given to another worker, for this one gave no sign of life for {self.settings.grace} "
                "seconds"
            )
            return
        trial = ended[0]
        if is_finished(trial):
            self._in_vain = 0
            self.on_trial(trial)
        elif trial.state is TrialState.PRUNED:
            self._in_vain += 1
            if self._in_vain >= MOST_IN_VAIN:
                raise NoneMeets(self._in_vain, self.space.name, "its `require` lines").error()

    def _judged(self, trial: Trial, stopping: Stopping) -> tuple[float, ...]:
        # A heartbeat comes first: a trial with a worker has one, however soon the worker dies.
        self.study.storage.record_heartbeat(trial._trial_id)
        trial.set_user_attr(WORKER, self.name)
        trials = self.study.trials()
        if not self._is_needed(trial.number, trials):
            trial.set_user_attr(RESULT, {"what": reruns.SURPLUS})
            raise SurplusError
        sample = self.encoding.sample(
            lambda variable: variable.options.index(trial.suggest_categorical(variable.name, variable.options))
        )
        began = time.perf_counter()

        def note(**facts: object) -> None:
            seconds = round(time.perf_counter() - began, 3)
            trial.set_user_attr(RESULT, {"network": str(sample.index), "seconds": seconds, **facts})

        try:
            if (unmet := self.space.pruning.unmet(sample)) is not None:
                note(what="pruned", why=f"`require {' '.join(unmet.text.split())}`")
                raise TrialPruned
            judged, same = self._known(sample, trials), True
            if judged is None:
                first = reruns.first(trials[trial.number])
                judged, same = self._evaluated(trial, first, sample, stopping, note), False
            if any(map(math.isnan, judged.values)):
                note(what="failed", why="its objective is not a number")
                raise TrialPruned
        except DiagnosticError as failure:
            if not all(problem.code.name.startswith(_OF_NETWORK) for problem in failure.diagnostics):
                raise
            note(what="failed", why=failure.diagnostics[0].message)
            raise TrialPruned from None
        note(numbers=dict(judged.numbers), **({"what": "known"} if same else {}))
        return judged.values

    def _evaluated(
        self, trial: Trial, number: int, sample: Sample, stopping: Stopping, note: Callable[..., None]
    ) -> Judged:
        seen: dict[int, float] = {}

        def judge(epoch: int, accuracy: float) -> bool:
            seen[epoch] = accuracy
            if self.settings.stop_early == "none" or not self.study.is_single:
                return True
            trial.report(accuracy, epoch)
            return not trial.should_prune()

        if not self.evaluator.is_trained:
            return self.evaluator.judged(sample, number, judge)
        from archdsl.search.evaluation.accuracy import InterruptedTrial, StoppedEarlyError

        try:
            while self.evaluator.training.is_in_use(number):  # by a worker that only seemed to be dead
                time.sleep(_WAIT)
                if stopping.signal:
                    raise InterruptedTrial(stopping.signal)
            return self.evaluator.judged(sample, number, judge)
        except InterruptedTrial:
            note(what=reruns.INTERRUPTED)
            raise WorkerStoppedError from None
        except StoppedEarlyError:
            note(what="stopped", why=f"after epoch {max(seen)}, with an accuracy of {100 * seen[max(seen)]:.2f} %")
            raise TrialPruned from None

    def _known(self, sample: Sample, trials: Sequence[FrozenTrial]) -> Judged | None:
        """What an earlier trial found of a network that is trained: the same training would find the same."""
        if not self.evaluator.is_trained:
            return None
        for one in trials:
            if one.state is TrialState.COMPLETE and network_of(one) == str(sample.index):
                numbers: Mapping[str, Any] = result_of(one)["numbers"]
                return Judged(tuple(one.values), numbers)
        return None

    def _is_needed(self, number: int, trials: Sequence[FrozenTrial]) -> bool:
        """Whether those that began before are too few without a trial, which no earlier one repeats as it does."""
        doubled = reruns.doubled(trials)
        ahead = [one for one in trials[:number] if one.number not in doubled]
        at_work = sum(one.state in (TrialState.RUNNING, TrialState.WAITING) for one in ahead)
        due = sum(one.number < number for one in reruns.due(trials, what_of))
        return number not in doubled and sum(map(is_finished, ahead)) + at_work + due < self.settings.trials

    def _leave_none_at_work(self, stopping: Stopping) -> None:
        """A trial that is at work now is not needed, and gives way in a moment; if not, its worker is dead.

        Nor is one that is queued: it is marked like those that gave way, or others would have it run again.
        """
        for _ in range(20):
            if not counts(self.study.trials()).running or stopping.signal:
                break
            time.sleep(0.1)
        if stopping.signal:
            return
        storage = self.study.storage
        for trial in self.study.trials():
            if trial.state in (TrialState.RUNNING, TrialState.WAITING):
                with suppress(UpdateFinishedTrialError):  # in the meantime it has given way
                    storage.set_trial_user_attr(trial._trial_id, RESULT, {"what": reruns.SURPLUS})
                    storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
