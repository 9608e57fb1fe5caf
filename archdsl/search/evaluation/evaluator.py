"""Judges networks of a space by an objective."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from archdsl.diagnostics import DiagnosticError, Source
from archdsl.elaborate.evaluate.values import Value
from archdsl.elaborate.resolve.objectives import ACCURACY, COUNTS
from archdsl.search.errors import (
    DeviceAndMeasure,
    NeedsImages,
    NeedsTraining,
    NothingOnDevice,
    NothingRandom,
    NothingToMeasure,
    NothingToStop,
    UnusedTraining,
)
from archdsl.search.settings import SearchSettings
from archdsl.search_space.networks import Sample
from archdsl.search_space.objective import Objective
from archdsl.search_space.space import Space


@dataclass(frozen=True)
class Judged:
    """What came of a network: its value for each goal, and all that is known of it by name; times in seconds."""

    values: tuple[float, ...]
    numbers: Mapping[str, float]


class Evaluator:
    """Judges networks: by their costs, by measurement, by scores, by training, as the objective asks.

    Args:
        space: the space, with `source` and `texts` as for `Training`.
        folder: of the study.
        progress: is told how a training goes; `remark` what else it has to say.

    Raises:
        DiagnosticError: where something is missing that the objective speaks of.
    """

    def __init__(
        self,
        space: Space,
        objective: Objective,
        source: Source,
        texts: Mapping[str, str],
        settings: SearchSettings,
        folder: Path,
        progress: Callable[[str], None] = lambda _: None,
        remark: Callable[[str], None] = lambda _: None,
    ):
        self.space, self.objective, self.settings = space, objective, settings
        self.progress = progress
        check_settings(objective, settings)
        if self.is_trained:
            from archdsl.search.evaluation.accuracy import Report, Training

            self.training = Training(space, source, texts, settings, folder / "trials")
            self.report = Report(progress, remark)
        self._scores = [name for name in objective.merits if name != ACCURACY]
        if self._scores:
            from archdsl.search.evaluation.scoring import Scoring

            self.scoring = Scoring(settings.data, settings.seed)

    @property
    def is_trained(self) -> bool:
        """Whether networks are trained, which takes time and is not done twice."""
        return ACCURACY in self.objective.merits

    @property
    def needs_torch(self) -> bool:
        """Whether networks are built."""
        return bool(self.objective.merits) or self.settings.measure is not None

    def judged(self, sample: Sample, number: int, judge: Callable[[int, float], bool]) -> Judged:
        """What comes of a network.

        Args:
            number: of the trial, or of the one that it repeats.
            judge: as for `Training.accuracy`.

        Raises:
            DiagnosticError: for a mistake in the network, or whatever a training cannot do.
            InterruptedTrial: after a signal.
            StoppedEarlyError: where the judge ends the training.
        """
        numbers: dict[str, Value] = dict(self._times(sample))
        if self._scores:
            numbers |= self.scoring.scores(self.space.architecture(sample), self._scores)
        if self.is_trained:
            numbers[ACCURACY] = self.training.accuracy(sample, number, self.report, judge)
        return self.known(sample, numbers)

    def known(self, sample: Sample, numbers: Mapping[str, Value]) -> Judged:
        """What comes of a network all of whose numbers but the counts are known. Raises DiagnosticError."""
        cost = self.space.cost(sample)
        counts = {name: float(getattr(cost, name)) for name in COUNTS}
        found = {name: float(value) for name, value in numbers.items() if isinstance(value, int | float)}
        return Judged(self.objective.values(sample, numbers), {**counts, **found})

    def _times(self, sample: Sample) -> dict[str, Value]:
        """Predictions, with those of this machine measured where that is asked for."""
        if self.settings.measure is None:
            return self.objective.predicted(sample)
        from archdsl.search.evaluation.measuring import measured

        found: dict[str, Value] = {}
        for text, asks in self.objective.predictions(sample).items():
            if asks.quantity != "memory" and asks.device is None:
                found[text] = measured(self.space.architecture(sample), asks, self.settings.measure)
            else:
                found[text] = self.space.predicted(sample, asks).value
        return found


def check_settings(objective: Objective, settings: SearchSettings) -> None:
    """Raises DiagnosticError where settings do not go with an objective."""
    is_trained = ACCURACY in objective.merits
    if settings.measure is not None and not objective.times_without_device:
        raise NothingToMeasure().error()
    if is_trained and settings.data is None:
        raise NeedsTraining().error()
    if not is_trained:
        if settings.stop_early != "none":
            raise NothingToStop().error()
        scores = [name for name in objective.merits if name != "synflow"]
        for option in ("recipe", "set", "share_weights", "keep", *(() if scores else ("data",))):
            if getattr(settings, option):
                raise _unused(option)
        if scores and settings.data is None:
            raise NeedsImages(scores[0]).error()


def check_given(objective: Objective, settings: SearchSettings) -> None:
    """Raises DiagnosticError where a setting that was given has nothing to say of a search for an objective.

    Whoever joins a study has all its settings, given or not, so that this is for who starts one.
    """
    given = settings.model_fields_set
    if settings.device is not None:
        if not objective.times_without_device:
            raise NothingOnDevice().error()
        if settings.measure is not None:
            raise DeviceAndMeasure(settings.measure, settings.device).error()
    if ACCURACY not in objective.merits:
        for option in ("validation", "skip_corrupt"):
            if option in given:
                raise _unused(option)
    if "seed" in given and settings.algorithm == "grid" and not objective.merits:
        raise NothingRandom().error()


def _unused(option: str) -> DiagnosticError:
    return UnusedTraining(option.replace("_", "-"), f"front(accuracy, {COUNTS[1]})").error()
