"""The loop: steps, epochs and phases, from the first or from a checkpoint, to the last or until something stops it.

All that is random is a function of the seed and of where in the training it is drawn, so that a run that goes on from a
checkpoint takes the steps that it would have taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from time import perf_counter
from typing import Any, Protocol

import torch
from torch import Tensor

from archdsl.diagnostics import DiagnosticError
from archdsl.diagnostics.render import printable
from archdsl.ir.recipe import Phase, Recipe
from archdsl.training import devices
from archdsl.training.checkpoint import Checkpoint, Checkpoints, Facts, weights
from archdsl.training.devices import Precision
from archdsl.training.distributed import Processes
from archdsl.training.errors import BatchTooLarge, Diverged
from archdsl.training.feed import Feed, Images
from archdsl.training.learner import Learner, load_weights
from archdsl.training.metrics import EpochRow, Metrics, StepRow
from archdsl.training.progress import Progress, epoch_line
from archdsl.training.run_folder import versions
from archdsl.training.score import Score, score
from archdsl.training.settings import Settings
from archdsl.training.step import autocast
from archdsl.training.stopping import Stopping
from archdsl.training.timetable import Position, Timetable

# Steps between two looks at the losses on a GPU, which has to be waited for.
_LOOK = 10


class Report(Protocol):
    """Where a run says what it does."""

    def line(self, text: str) -> None: ...
    def remark(self, text: str) -> None: ...
    def progress(self, text: str) -> None: ...


# Is given the number of an epoch that ended, from 1 on, and its top-1 in percent; False ends the run.
Judge = Callable[[int, float], bool]


class MakeLearner(Protocol):
    def __call__(self, *, is_fixres: bool) -> Learner: ...


@dataclass(frozen=True)
class Place:
    """Where a run computes."""

    device: torch.device
    precision: Precision
    processes: Processes


class Loop:
    """A run in progress.

    Args:
        make: the learner with fresh weights, the one of FixRes too.
        accumulate: parts in which a step's images go through the network.
    """

    def __init__(
        self,
        make: MakeLearner,
        timetable: Timetable,
        recipe: Recipe,
        settings: Settings,
        images: Images,
        place: Place,
        accumulate: int,
        checkpoints: Checkpoints,
        report: Report,
    ):
        self.make, self.table, self.recipe, self.settings = make, timetable, recipe, settings
        self.images, self.place, self.accumulate = images, place, accumulate
        self.checkpoints, self.report = checkpoints, report
        self.processes = place.processes
        self.feed = Feed(images, recipe, timetable, settings, place.processes, self._say_skipped)
        self.look = 1 if place.device.type == "cpu" else _LOOK
        self.progress = Progress(timetable, report.progress)
        self.learner: Learner
        self.metrics: Metrics | None = None
        self.judge: Judge | None = None
        self.step = 0
        self.score: Score | None = None
        self._phase: Phase | None = None
        self._skipped: set[str] = set()
        self._pending: list[tuple[Position, Tensor, Tensor | float]] = []
        self._loss, self._counted = 0.0, 0
        self._saved, self._saved_at = -1, perf_counter()
        self._waited, self._trained, self._began, self._taken = 0.0, 0.0, perf_counter(), 0

    # From the first step, or from a checkpoint ------------------------------------------------------------------------

    def begin(self, checkpoint: Checkpoint | None) -> None:
        """Raises DiagnosticError when the checkpoint cannot be read."""
        is_fixres = checkpoint is not None and checkpoint.facts.step > self.table.main_steps
        self.learner = self.make(is_fixres=is_fixres)
        if checkpoint is None:
            return
        facts = checkpoint.facts
        self.learner.load(checkpoint.load())
        self.step, self._saved = facts.step, facts.step
        self._loss, self._counted = facts.loss, facts.counted

    def run(self, stopping: Stopping) -> bool:
        """Trains to the end; False where it was asked to stop before, with a checkpoint of where it is.

        Raises DiagnosticError when the loss is none, when a batch does not fit, or when a file cannot be written.
        """
        while self.step < self.table.steps:
            if not self._epoch(stopping):
                return self.step >= self.table.steps
        return True

    # Epochs ---------------------------------------------------------------------------------------------------------

    def _epoch(self, stopping: Stopping) -> bool:
        """The rest of an epoch, or of it what the memory takes; False where it was asked to stop."""
        position = self.table.at(self.step)
        self._enter(position)
        if position.batch == 0:
            self._loss, self._counted = 0.0, 0
        self._waited = self._trained = 0.0
        self._began, self._taken = perf_counter(), 0
        self.progress.restart()
        for parts in self._batches(position):
            position = self.table.at(self.step)
            if not self._take(parts, position):
                return True  # in smaller parts, from this step on
            is_last = position.batch == self.table.steps_per_epoch - 1
            if is_last or self.step % self.look == 0:
                stops, saves = self._look(stopping, is_last)
                if is_last:
                    break
                if stops or saves:
                    self._save()
                if stops:
                    return False
        self._end_epoch(position)
        is_over = (
            self.judge is not None and self.score is not None and not self.judge(position.epoch + 1, self.score.top1)
        )
        return not is_over and not self._agree(stopping.signal)

    def _enter(self, position: Position) -> None:
        """Sets what changes from phase to phase."""
        if position.is_fixres and not self.learner.is_fixres:
            state = self.learner.state()
            found = self.processes.from_first(weights(state) if self.processes.is_first else None)
            del self.learner
            self.learner = self.make(is_fixres=True)
            load_weights(self.learner.model, found)
            self._phase = None
        if position.phase != self._phase:
            self._phase = position.phase
            self.learner.enter(position.phase)

    def _batches(self, position: Position) -> Iterator[list[tuple[Tensor, Tensor]]]:
        """The parts of each step of an epoch, from that of a position on."""
        parts = iter(self.feed.epoch(position, self.accumulate))
        while True:
            start = perf_counter()
            taken = list(islice(parts, self.accumulate))
            self._waited += perf_counter() - start
            if len(taken) < self.accumulate:
                return
            yield taken

    def _say_skipped(self, name: str, reason: str) -> None:
        """Once for each image, though each epoch comes by it."""
        if name not in self._skipped:
            self._skipped.add(name)
            self.report.remark(f"skipped {printable(name)}: {printable(reason)}")

    def _end_epoch(self, position: Position) -> None:
        learner = self.learner
        self._trained += perf_counter() - self._began
        if learner.average is not None and self.recipe.recount:
            is_end = self.step >= self.table.main_steps
            steps = self.table.steps_per_epoch
            # In between, enough to see how the training goes.
            batches = self.recipe.recount if is_end else min(self.recipe.recount, max(10, steps // 10))
            loader = self.feed.epoch(self.table.at(self.step - steps), self.accumulate)
            with autocast(self.place.device, self.place.precision):
                learner.average.recount(self._on_device(loader), batches)
        self.score = self._score()
        row = EpochRow(
            epoch=position.epoch + 1,
            step=self.step,
            resolution=position.phase.resolution,
            lr=position.lr,
            train_loss=self._loss / max(1, self._counted),
            test_loss=self.score.loss if self.score else None,
            top1=self.score.top1 if self.score else None,
            top5=self.score.top5 if self.score else None,
            images_per_second=self._taken * self.table.batch / max(self._trained, 1e-9),
            loading=min(1.0, self._waited / max(self._trained, 1e-9)),
            seconds=perf_counter() - self._began,
        )
        if self.metrics is not None:
            self.metrics.add_epoch(row)
        self.report.line(epoch_line(row, self.table.epochs))
        self._save(top1=row.top1)

    def _score(self) -> Score | None:
        """How good the network is, or the one of averaged weights, on the test images."""
        if (loader := self.feed.test(self.accumulate)) is None:
            return None
        with self.learner.evaluated() as model:
            return score(model, loader, self.place.device, self.place.precision, self.processes)

    def _on_device(self, loader: Any) -> Iterator[Tensor]:
        for images, _ in loader:
            yield images.to(self.place.device, memory_format=torch.channels_last)

    # Steps ----------------------------------------------------------------------------------------------------------

    def _take(self, parts: list[tuple[Tensor, Tensor]], position: Position) -> bool:
        """Takes a step; False where the memory was too small for it, and the next try takes smaller parts."""
        try:
            loss, norm = self.learner.step(parts, self.accumulate, position)
        except (RuntimeError, MemoryError) as error:
            if not devices.is_out_of_memory(error):
                raise
            said = devices.of_onednn(error)
        else:
            if self.learner.average is not None:
                self.learner.average.update(self.step + 1)
            self._pending.append((position, loss, norm))
            self.step += 1
            self._taken += 1
            return True
        self._halve(position, f" (oneDNN says that it {said})" if said else "")
        return False

    def _halve(self, position: Position, said: str) -> None:
        """Twice as many parts a step. Raises DiagnosticError where that is not asked for, or no part can be smaller."""
        own = self.table.batch // self.accumulate // self.processes.world
        can = own % 2 == 0 and self.processes.world == 1
        if not (self.settings.halve_batch and can):
            instead = "use a smaller network or resolution, or `--grad-checkpointing`"
            if own > 1:
                half = max(1, own // 2) * self.processes.world
                instead = f"let a step take its batch in parts, `--micro-batch {half}`"
                instead += ", or have the size found: `--halve-batch`" if can else ""
            side = position.phase.resolution
            raise BatchTooLarge(own, side, devices.label(self.place.device), said, instead).error()
        self.learner.step.abandon()
        if self.place.device.type == "cuda":
            torch.cuda.empty_cache()
        self.accumulate *= 2
        self.report.remark(
            f"{own} images do not fit the memory at {position.phase.resolution} px: a step now takes its "
            f"{self.table.batch} in {self.accumulate} parts of {own // 2}"
        )

    def _look(self, stopping: Stopping, is_last: bool) -> tuple[bool, bool]:
        """Reads the losses since the last look: whether to stop, and whether it is time for a checkpoint.

        Raises DiagnosticError for a loss that is no number.
        """
        due = perf_counter() - self._saved_at >= 60 * self.settings.checkpoint_minutes
        flags = [float(bool(stopping.signal)), float(due and self.processes.is_first)]
        losses = torch.stack([loss.double() for _, loss, _ in self._pending])
        both = torch.cat([losses, torch.tensor(flags, dtype=torch.float64, device=losses.device)])
        *means, stops, saves = self.processes.summed(both).tolist()
        means = [mean / self.processes.world for mean in means]
        for (position, _, _), mean in zip(self._pending, means, strict=True):
            if not math.isfinite(mean):
                raise self._diverged(position, "not a number" if math.isnan(mean) else "infinite")
            self._loss, self._counted = self._loss + mean, self._counted + 1
        position, _, norm = self._pending[-1]
        self._pending.clear()
        mean = sum(means) / len(means)
        if self.metrics is not None:
            epoch = self.step / self.table.steps_per_epoch
            gradient = float(norm) if math.isfinite(float(norm)) else None
            self.metrics.add_step(StepRow(self.step, epoch, position.phase.resolution, position.lr, mean, gradient))
        self.progress.step(self.step, mean)
        return stops > 0, saves > 0

    def _agree(self, signal: int) -> bool:
        """Whether any process was asked to stop."""
        return bool(self.processes.summed(torch.tensor(float(bool(signal)), device=self.place.device)).item())

    def _diverged(self, position: Position, loss: str) -> DiagnosticError:
        last = self.checkpoints.last_words()
        return DiagnosticError([Diverged(loss, position.step + 1, position.epoch + 1, position.lr, last).at(None)])

    # Checkpoints ----------------------------------------------------------------------------------------------------

    def _save(self, top1: float | None = None) -> None:
        """Writes a checkpoint of weights that are numbers. Raises DiagnosticError otherwise."""
        if not self.learner.is_finite():
            raise self._diverged(self.table.at(self.step - 1), "about to be none, for weights are not numbers")
        state = self.learner.state()
        if self.processes.is_first:
            epoch = self.step // self.table.steps_per_epoch
            facts = Facts(self.step, epoch, self.accumulate, top1, self._loss, self._counted, versions=dict(versions()))
            self.checkpoints.write(facts, state)
        self._saved, self._saved_at = self.step, perf_counter()
        self.progress.restart()
