"""A run, begun or resumed: its folder, its images, its network, then the loop, then the weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from archdsl.api import Network
from archdsl.backends.pytorch.class_layers import classifiers
from archdsl.diagnostics import DiagnosticError
from archdsl.ir.architecture import Architecture
from archdsl.ir.errors import OF_SEVERAL_INPUTS, refuse_several_inputs
from archdsl.ir.recipe import Recipe
from archdsl.training import curves, metrics, run_folder
from archdsl.training.checkpoint import Checkpoint, Checkpoints
from archdsl.training.data.errors import UnusedHoldout
from archdsl.training.data.opening import divided, open_parts
from archdsl.training.devices import device_of, label, precision_of
from archdsl.training.distributed import Processes, whole
from archdsl.training.errors import FewImages, NotSquare, RunDiffers, SeriesNotTrained, ShardingAlone, UnevenBatch
from archdsl.training.feed import Images
from archdsl.training.init import initialize_from
from archdsl.training.learner import Learner, build
from archdsl.training.loop import Judge, Loop, Place, Report
from archdsl.training.metrics import EpochRow, Metrics, StepRow
from archdsl.training.run_facts import Used
from archdsl.training.run_folder import CHECKPOINTS, CURVES, METRICS, STEPS, WEIGHTS, RunFolder
from archdsl.training.score import Score
from archdsl.training.settings import DECISIVE, Settings
from archdsl.training.stopping import Stopping
from archdsl.training.timetable import Timetable


@dataclass(frozen=True)
class Subject:
    """What is trained, by which recipe, and the .arch files that both come from, by name."""

    architecture: Architecture
    recipe: Recipe
    texts: Mapping[str, str] = field(default_factory=dict)


# Changes the weights that a run begins with.
Prepare = Callable[[nn.Module], None]


@dataclass(frozen=True)
class Outcome:
    """How a run ended: `signal` is the number of the one that stopped it before its end, else 0."""

    is_finished: bool
    signal: int
    score: Score | None
    folder: Path


def begin(
    folder: RunFolder,
    subject: Subject,
    settings: Settings,
    report: Report,
    *,
    force: bool = False,
    judge: Judge | None = None,
    prepare: Prepare | None = None,
    draws: bool = True,
) -> Outcome:
    """Starts a run and carries it out, unless `judge` ends it after an epoch; at the end it draws the curves.

    `prepare` is given the network with the weights that it is to begin with, to change them.

    Raises DiagnosticError for whatever is wrong with the folder, the images, the recipe or the machine, and when the
    training cannot go on.
    """
    run = _Run(folder, subject, settings, report, judge=judge, prepare=prepare, draws=draws)
    return run.carry_out(partial(_begin, force=force))


def resume(
    folder: RunFolder,
    subject: Subject | None,
    given: Mapping[str, Any],
    report: Report,
    *,
    judge: Judge | None = None,
    draws: bool = True,
) -> Outcome:
    """Goes on with a run from its last checkpoint.

    Args:
        subject: what the caller believes is trained; it has to be what the run was started with.
        given: settings that the caller asks for. Those that decide the weights have to be the run's; the others count
            from now on.

    Raises:
        DiagnosticError: as for `begin`, and where there is no such run.
    """
    facts = folder.facts(Used)
    before = Settings.model_validate(facts["settings"])
    own = Subject(folder.architecture(), folder.recipe())
    if subject is not None:
        _refuse_other(folder, own, subject)
    for name, what in DECISIVE.items():
        if name in given and given[name] != getattr(before, name):
            raise DiagnosticError([_differs(folder, what, getattr(before, name), given[name])])
    settings = before.model_copy(update=dict(given))
    if settings.fsdp and "fsdp" not in given and Processes.of_environment().world == 1:
        settings = settings.model_copy(update={"fsdp": False})
    return _Run(folder, own, settings, report, facts, judge, draws=draws).carry_out(
        _open, is_micro_batch_given="micro_batch" in given
    )


def _begin(folder: RunFolder, force: bool) -> None:
    folder.begin(force=force)


def _open(folder: RunFolder) -> None:
    folder.open()


class _Run:
    def __init__(
        self,
        folder: RunFolder,
        subject: Subject,
        settings: Settings,
        report: Report,
        facts: Mapping[str, Any] | None = None,
        judge: Judge | None = None,
        prepare: Prepare | None = None,
        draws: bool = True,
    ):
        self.folder, self.subject, self.settings, self.report, self.facts = folder, subject, settings, report, facts
        self.judge, self.prepare, self.draws = judge, prepare, draws
        self.recipe, self.architecture = subject.recipe, subject.architecture
        processes = Processes.of_environment()
        device = device_of(settings.device, processes.local)
        self.place = Place(device, precision_of(self.recipe.precision, device), processes)

    def carry_out(self, enter: Any, *, is_micro_batch_given: bool = False) -> Outcome:
        processes, device = self.place.processes, self.place.device
        if self.settings.fsdp and processes.world == 1:
            raise DiagnosticError([ShardingAlone().at(None)])
        if device.type == "cuda":
            torch.cuda.set_device(device)
            torch.backends.cudnn.benchmark = True  # sizes stay the same for a whole phase
        processes.join(device)
        try:
            if processes.is_first:
                enter(self.folder)
            processes.wait()
            if self.facts is not None and self.folder.is_finished:
                self.report.line(f"{self.folder.path} is finished; there is nothing to resume")
                return Outcome(True, 0, None, self.folder.path)
            return self._train(is_micro_batch_given)
        finally:
            if processes.is_first:
                self.folder.leave()
            processes.leave()

    def _train(self, is_micro_batch_given: bool) -> Outcome:
        checkpoints = Checkpoints(self.folder / CHECKPOINTS, self.settings.keep)
        checkpoint = checkpoints.latest()
        images = self._images()
        table = self._timetable(images)
        accumulate = self._accumulate(table.batch, checkpoint if not is_micro_batch_given else None)
        make = self._maker(images.train.classes, is_fresh=checkpoint is None)
        loop = Loop(make, table, self.recipe, self.settings, images, self.place, accumulate, checkpoints, self.report)
        loop.judge = self.judge
        loop.begin(checkpoint)
        if self.facts is None and self.place.processes.is_first:
            self._write(table, images)
        self._announce(loop, table, checkpoint)
        if self.place.processes.is_first:
            self.folder.add_session(self._session(loop.step))
            loop.metrics = Metrics(self.folder, loop.step)
        with Stopping() as stopping:
            try:
                is_finished = loop.run(stopping)
            finally:
                self.report.progress("")
                loop.feed.close()
                if loop.metrics is not None:
                    loop.metrics.close()
        if self.draws:
            self._draw()
        if is_finished:
            self._save_weights(loop)
        return Outcome(is_finished, stopping.signal, loop.score, self.folder.path)

    # Before ---------------------------------------------------------------------------------------------------------

    def _images(self) -> Images:
        settings = self.settings
        refuse_several_inputs(self.architecture, "training", OF_SEVERAL_INPUTS)
        if self.architecture.input.is_line:
            raise SeriesNotTrained(self.architecture.name, str(self.architecture.input)).error()
        train, test, is_divided = open_parts(
            settings.data, holdout=settings.holdout, seed=settings.seed, skip_corrupt=settings.skip_corrupt
        )
        # A run that is resumed has every setting, given or not.
        if self.facts is None and "holdout" in settings.model_fields_set and not is_divided:
            raise UnusedHoldout(settings.data).error()
        if settings.validation:
            train, test = divided(train, settings.validation, settings.seed)
        if self.facts is not None:
            if list(train.classes) != self.facts["classes"]:
                before, now = (f"{len(one)} classes" for one in (self.facts["classes"], train.classes))
                raise DiagnosticError([_differs(self.folder, "set of classes", before, now)])
            if len(train) != self.facts["images"]["train"]:
                before = self.facts["images"]["train"]
                raise DiagnosticError([_differs(self.folder, "number of training images", before, len(train))])
        return Images(train, test, self.architecture.input.channels)

    def _timetable(self, images: Images) -> Timetable:
        recipe, input = self.recipe, self.architecture.input
        if input.height != input.width and not (recipe.resolution and recipe.test_resolution):
            raise DiagnosticError([NotSquare(self.architecture.name, input.height, input.width).at(None)])
        batch = self.settings.batch or recipe.batch
        if len(images.train) < batch:
            raise DiagnosticError([FewImages(len(images.train), batch).at(None)])
        return Timetable(recipe, batch, len(images.train), input.height, recipe.test_resolution or input.height)

    def _accumulate(self, batch: int, checkpoint: Checkpoint | None) -> int:
        """In how many parts a step takes its batch: as asked for, else as before, else as the recipe says."""
        world, micro = self.place.processes.world, self.settings.micro_batch
        if checkpoint is not None:
            parts = checkpoint.facts.accumulate
        elif micro is not None:
            parts = max(1, batch // micro)
            if batch % micro:
                raise DiagnosticError([UnevenBatch(batch, parts, f"`--micro-batch {micro}`", parts * micro).at(None)])
        else:
            parts = self.recipe.accumulate
        if batch % (parts * world):
            why = f"{world} processes, {parts} parts of a step" if world > 1 else f"`accumulate = {parts}`"
            suggestion = max(1, round(batch / (parts * world))) * parts * world
            raise DiagnosticError([UnevenBatch(batch, parts * world, why, suggestion).at(None)])
        return parts

    def _maker(self, classes: tuple[str, ...], *, is_fresh: bool) -> Any:
        following = classifiers(self.architecture)

        def make(*, is_fixres: bool) -> Learner:
            model = build(self.architecture, len(classes), self.settings.seed)
            if self.settings.init is not None and is_fresh and not is_fixres:
                done = initialize_from(model, Network(self.architecture), self.settings.init)
                for line in done.lines():
                    self.report.remark(line)
            if self.prepare is not None and is_fresh and not is_fixres:
                self.prepare(model)
            return Learner(
                model, self.recipe, self.settings, len(classes), self.place.device, self.place.precision,
                self.place.processes, classifiers=following, is_fixres=is_fixres,
            )  # fmt: skip

        return make

    def _write(self, table: Timetable, images: Images) -> None:
        """What the run is of, before its first step."""
        recipe = self.recipe
        self.folder.write(
            recipe,
            self.architecture,
            Network(self.architecture).source,
            self.subject.texts,
            {
                "classes": list(images.train.classes),
                "preprocessing": {
                    "channels": images.channels,
                    "resolution": table.test_resolution,
                    "crop": recipe.test_crop,
                    "normalization": recipe.normalization,
                },
                "images": {"train": len(images.train), "test": len(images.test) if images.test else 0},
                "settings": self.settings.model_dump(),
                "seed": self.settings.seed,
                "revision": run_folder.revision(Path(recipe.place.file).parent),
                "command": run_folder.command(),
                "versions": dict(run_folder.versions()),
                "sessions": [],
            },
        )

    def _session(self, step: int) -> dict[str, Any]:
        place = self.place
        return {
            "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "step": step,
            "device": label(place.device),
            "precision": place.precision,
            "processes": place.processes.world,
            "sharded": self.settings.fsdp,
            "archdsl": run_folder.versions()["archdsl"],
        }

    def _announce(self, loop: Loop, table: Timetable, checkpoint: Checkpoint | None) -> None:
        place = self.place
        where = f"{place.processes.world} x {label(place.device)}" if place.processes.world > 1 else label(place.device)
        parts = f" in {loop.accumulate} parts" if loop.accumulate > 1 else ""
        self.report.line(
            f"{self.architecture.name} by {self.recipe.name}: {len(loop.images.train):,} images of "
            f"{len(loop.images.train.classes)} classes, {table.epochs} epochs of {table.steps_per_epoch:,} steps, "
            f"batch {table.batch}{parts}, on {where} in {place.precision}"
        )
        if checkpoint is not None:
            at = table.at(checkpoint.facts.step)
            self.report.line(f"resumed at step {checkpoint.facts.step:,}, epoch {at.epoch + 1}, from {checkpoint.path}")
        if place.processes.is_first and self.draws and not curves.is_available():
            self.report.remark("curves.svg needs matplotlib: `pip install 'archdsl[plots]'`")

    # After ----------------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        if not self.place.processes.is_first or not curves.is_available():
            return
        epochs, steps = metrics.read(self.folder / METRICS, EpochRow), metrics.read(self.folder / STEPS, StepRow)
        self.folder.save(CURVES, curves.curves(f"{self.architecture.name} by {self.recipe.name}", steps, epochs))

    def _save_weights(self, loop: Loop) -> None:
        """The weights that were evaluated last."""
        from safetensors.torch import save

        learner, is_first = loop.learner, self.place.processes.is_first
        state = learner.average.state_dict() if learner.average is not None else learner.model.state_dict()
        found = whole(state, keep=is_first)
        if is_first:
            data = save({key: tensor.contiguous() for key, tensor in found.items()}, metadata={"format": "pt"})
            self.folder.save(WEIGHTS, data)


# What a resumed run has to have in common with itself -----------------------------------------------------------------


def _refuse_other(folder: RunFolder, own: Subject, given: Subject) -> None:
    if _placeless(own.architecture) != _placeless(given.architecture):
        before, now = own.architecture.name, given.architecture.name
        before, now = (before, now) if before != now else (f"`{before}` as it was", "as it is now")
        raise DiagnosticError([_differs(folder, "network", before, now)])
    before_, now_ = _placeless(own.recipe), _placeless(given.recipe)
    for name in before_:
        if before_[name] != now_[name]:
            what = f"`{name}` in its recipe" if name != "name" else "recipe"
            raise DiagnosticError([_differs(folder, what, before_[name], now_[name])])


def _placeless(described: Architecture | Recipe) -> dict[str, Any]:
    """Without what says where in a text it stands, which changes with every comment."""
    return _without(described.model_dump(mode="json"), ("place", "doc"))  # type: ignore[no-any-return]


def _without(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {name: _without(each, names) for name, each in value.items() if name not in names}
    if isinstance(value, list):
        return [_without(each, names) for each in value]
    return value


def _differs(folder: RunFolder, what: str, before: object, now: object) -> Any:
    return RunDiffers(str(folder.path), what, str(before), str(now)).at(None)
