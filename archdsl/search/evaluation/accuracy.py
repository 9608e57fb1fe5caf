"""The accuracy of a network after a short training by a recipe, on images that the search holds back."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from archdsl.diagnostics import Source
from archdsl.ir.architecture import Architecture
from archdsl.ir.recipe import Recipe
from archdsl.search.errors import RecipeOfOther
from archdsl.search.evaluation.inheriting import inherit
from archdsl.search.settings import SearchSettings
from archdsl.search_space.networks import Sample
from archdsl.search_space.space import Space
from archdsl.spaces import open_space
from archdsl.training.run_folder import CHECKPOINTS, METRICS, RunFolder
from archdsl.training.settings import Settings
from archdsl.training.start import Outcome, Subject, begin, resume
from archdsl.trainings import recipe_alone

# Is given the number of an epoch and the share of images that were right, from 0 to 1; False ends the training.
Judge = Callable[[int, float], bool]


class InterruptedTrial(Exception):  # noqa: N818  it is no error
    """A signal ended the training, which has a checkpoint."""

    def __init__(self, signal: int):
        super().__init__(signal)
        self.signal = signal


class StoppedEarlyError(Exception):
    """The judge ended the training."""


class Training:
    """Trains networks of a space.

    Args:
        space: the space; `source` is its text, `texts` all files of it by name.
        folder: where the runs are kept.

    Raises:
        DiagnosticError: for a recipe that is not there, or is for another model.
    """

    def __init__(self, space: Space, source: Source, texts: Mapping[str, str], settings: SearchSettings, folder: Path):
        self.space, self.source, self.texts, self.settings, self.folder = space, source, texts, settings, folder
        self.recipe: Recipe = recipe_alone(source, settings.recipe, settings=settings.set)
        definition = space.model.variant.definition
        if self.recipe.model != definition.name:
            raise RecipeOfOther(self.recipe.name, self.recipe.model, definition.name).error()
        input = space.frames.at(0).elaborator.image
        sides = {phase.resolution for phase in self.recipe.phases(input.height)}
        sides |= {self.recipe.test_resolution} if self.recipe.test_resolution else set()
        # The space at every size of images that a training passes through.
        self.spaces = [
            open_space(source, settings.space, resolution=(side, side)) for side in sorted(sides - {input.height})
        ]

    def architecture(self, sample: Sample) -> Architecture:
        """A network in full. Raises DiagnosticError where it cannot take images of some size of the recipe."""
        for space in self.spaces:
            space.cost(sample)
        return self.space.architecture(sample)

    def accuracy(self, sample: Sample, number: int, report: Report, judge: Judge) -> float:
        """The accuracy of a network, from 0 to 1; a training of this number that was interrupted goes on.

        Raises DiagnosticError as a training does, InterruptedTrial after a signal, StoppedEarlyError where the judge
        ends it.
        """
        # Of thousands of trials nobody looks at the curves, and to draw them takes as long as a short training.
        folder = self._run_folder(number)
        if folder.is_finished:
            return _last_accuracy(folder)
        settings = Settings(
            data=self.settings.data or "",
            validation=self.settings.validation,
            seed=self.settings.seed,
            skip_corrupt=self.settings.skip_corrupt,
        )
        subject = Subject(self.architecture(sample), self.recipe, self.texts)

        def hear(epoch: int, top1: float) -> bool:
            return judge(epoch, top1 / 100)

        if folder.is_run:
            outcome = resume(folder, None, {"data": settings.data}, report, judge=hear, draws=False)
        else:
            prepare = partial(inherit, folder=self.folder) if self.settings.share_weights else None
            outcome = begin(folder, subject, settings, report, force=True, judge=hear, prepare=prepare, draws=False)
        return self._accuracy(outcome, folder)

    def is_in_use(self, number: int) -> bool:
        """Whether another process is at the training of this number."""
        return self._run_folder(number).is_in_use

    def _run_folder(self, number: int) -> RunFolder:
        return RunFolder(self.folder / f"{number:06d}")

    def _accuracy(self, outcome: Outcome, folder: RunFolder) -> float:
        if not outcome.is_finished:
            raise InterruptedTrial(outcome.signal) if outcome.signal else StoppedEarlyError
        if not self.settings.keep:
            shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
        return _last_accuracy(folder)


def _last_accuracy(folder: RunFolder) -> float:
    with (folder / METRICS).open(encoding="utf-8") as file:
        *_, last = csv.DictReader(file)
    return float(last["top1"]) / 100


class Report:
    """What a training says, of which a search passes on the progress alone."""

    def __init__(self, progress: Callable[[str], None], remark: Callable[[str], None]):
        self.progress = progress
        self._remark, self._said = remark, set[str]()

    def line(self, text: str) -> None:
        """Left out: the trial's own line follows."""

    def remark(self, text: str) -> None:
        """Said once, however many trainings say it."""
        if text not in self._said:
            self._said.add(text)
            self._remark(text)
