"""How far a study is: what became of its trials, who works on it, and how long it will take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from archdsl.search.outcomes import WORKER, is_finished, result_of
from archdsl.search.trials import SomeTrial, State

# So many of the last trials say how long the next ones take.
_LAST = 100


@dataclass(frozen=True)
class AtWork:
    """A worker with the trial that it is at, and since when; `since` is when its first trial began."""

    name: str
    trial: int
    began: datetime
    since: datetime


@dataclass(frozen=True)
class Progress:
    """How far a study is that is to have so many trials."""

    trials: Sequence[SomeTrial]
    wanted: int

    @cached_property
    def ended(self) -> list[SomeTrial]:
        """Trials that count, in the order in which they came to an end."""
        found = [trial for trial in self.trials if is_finished(trial)]
        return sorted(found, key=lambda trial: trial.datetime_complete or datetime.min)

    @cached_property
    def workers(self) -> list[AtWork]:
        """Who is at work, by name."""
        since: dict[str, datetime] = {}
        for trial in self.trials:
            if trial.datetime_start is not None and WORKER in trial.user_attrs:
                name = str(trial.user_attrs[WORKER])
                since[name] = min(since.get(name, trial.datetime_start), trial.datetime_start)
        found = [
            AtWork(name, trial.number, trial.datetime_start, since[name])
            for trial in self.trials
            if trial.state == State.RUNNING and trial.datetime_start is not None
            for name in [str(trial.user_attrs.get(WORKER, ""))]
            if name
        ]
        return sorted(found, key=lambda one: one.name)

    @property
    def seconds_a_trial(self) -> float | None:
        """The mean of the last trials; None where none has come to an end."""
        seconds = [
            (trial.datetime_complete - trial.datetime_start).total_seconds()
            for trial in self.ended[-_LAST:]
            if trial.datetime_complete is not None and trial.datetime_start is not None
        ]
        return sum(seconds) / len(seconds) if seconds else None

    @property
    def seconds_left(self) -> float | None:
        """How long those at work will need; None where nobody is, and before the first trial has ended."""
        left, each = self.wanted - len(self.ended), self.seconds_a_trial
        return left * each / len(self.workers) if left > 0 and each is not None and self.workers else None

    @property
    def last(self) -> SomeTrial | None:
        """The trial that came to an end last."""
        return self.ended[-1] if self.ended else None

    def reasons(self, what: str) -> list[tuple[str, int]]:
        """Why trials became what they did, such as `failed`, and how many for each reason, the most frequent first."""
        found = Counter(str(result_of(one).get("why", "")) for one in self.trials if result_of(one).get("what") == what)
        return found.most_common()
