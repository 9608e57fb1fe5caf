"""A study: what is searched and how, and the trials, in a storage that any number of workers share.

In a folder, if it has one:

    study.json       the address of the storage, and the name of the study in it
    study.db         the storage, where none is given
    spec/            the .arch files of the space
    trials/NNNNNN/   the runs of the trainings
    best.arch        the best network, or front/*.arch those of the front
    search.html      what came of it
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from operator import le
from pathlib import Path, PurePosixPath
from typing import Any

import optuna
from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from archdsl.diagnostics import DiagnosticError, Source
from archdsl.diagnostics.render import printable
from archdsl.language.nodes import names_in
from archdsl.search import reruns
from archdsl.search import storage as storages
from archdsl.search.errors import (
    CannotSave,
    FolderNotEmpty,
    NoNameOfStudy,
    NoStudy,
    OtherStudy,
    OtherVersion,
    StorageFails,
    StudyExists,
)
from archdsl.search.settings import SearchSettings
from archdsl.search_space.objective import Objective
from archdsl.search_space.space import Space
from archdsl.sources import read
from archdsl.spaces import open_space
from archdsl.training import atomic
from archdsl.version import __version__

FORMAT = 1
# Signs of a name; the database takes 512.
_LONGEST = 200
_FACTS, SPEC, _OWN = "study.json", "spec", "archdsl"
# The user attributes of a trial.
WORKER, RESULT = "worker", "result"


@dataclass(frozen=True)
class Counts:
    """Trials by what became of them. `finished` ones count: they have a value, or show that a network has none."""

    finished: int
    running: int
    waiting: int


class Study:
    """A study that is open."""

    def __init__(self, storage: storages.Storage, name: str, url: str, folder: Path):
        self.storage, self.name, self.url, self.folder = storage, name, url, folder
        self.optuna = optuna.load_study(study_name=name, storage=storage)
        said = self.optuna.user_attrs.get(_OWN)
        if not isinstance(said, dict) or said.get("format") != FORMAT:
            found = said.get("format") if isinstance(said, dict) else "another program"
            version = said.get("version", "unknown") if isinstance(said, dict) else "unknown"
            raise OtherVersion(found, FORMAT, version).error()
        self.said: dict[str, Any] = said
        self.settings = SearchSettings.model_validate(said["settings"])
        storage.set_grace(self.settings.grace)
        self._silent: set[int] = set()

    # Starting and joining ---------------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        folder: Path,
        storage: str | None,
        name: str,
        settings: SearchSettings,
        texts: Mapping[str, str],
        objective: Objective,
    ) -> Study:
        """Starts a study. Raises DiagnosticError where there is one of that name, or the storage cannot be used.

        Nothing is left behind then.
        """
        if why := _no_name(name):
            raise NoNameOfStudy(printable(name), why).error()
        if (folder / _FACTS).is_file():
            raise StudyExists(str(folder), _count_in(folder), str(folder)).error()
        if folder.is_dir() and any(folder.iterdir()):
            raise FolderNotEmpty(str(folder)).error()
        is_new = not folder.exists()
        _make(folder)
        url = storages.address(storage, folder)
        try:
            opened = storages.open_storage(url)
            directions = [
                StudyDirection.MAXIMIZE if goal.is_maximized else StudyDirection.MINIMIZE for goal in objective.goals
            ]
            with _Reporting(url):
                made = optuna.create_study(study_name=name, storage=opened, directions=directions)
        except (DiagnosticError, optuna.exceptions.DuplicatedStudyError) as error:
            if is_new:
                with suppress(OSError):
                    folder.rmdir()
            if isinstance(error, DiagnosticError):
                raise
            trials = len(optuna.load_study(study_name=name, storage=opened).get_trials(deepcopy=False))
            raise StudyExists(f"{storages.printable(url)}, called `{name}`", trials, str(folder)).error(
                help=f"join it, `archdsl search --join --storage ... --study {shlex.quote(name)}`, "
                "or name another by `--study`"
            ) from None
        try:
            write_texts(folder, texts, _facts_of(storage and url, name))
        except DiagnosticError:
            optuna.delete_study(study_name=name, storage=opened)
            raise
        made.set_user_attr(
            _OWN,
            {
                "format": FORMAT,
                "version": __version__,
                "settings": settings.model_dump(mode="json"),
                "texts": dict(texts),
                "objective": objective.text,
                "goals": list(objective.titles),
                "speaks_of": sorted({name.text for goal in objective.goals for name in names_in(goal.node)}),
            },
        )
        return cls(opened, name, url, folder)

    @classmethod
    def join(cls, folder: Path, storage: str | None, name: str | None) -> Study:
        """Opens a study that somebody started. Raises DiagnosticError where there is none.

        `storage` and `name` may be left out where `folder` is that of the study.
        """
        if (folder / _FACTS).is_file() or storage is None:
            facts = _facts(folder)
            own = storages.address(facts["storage"], folder)
            if storage is None:
                storage, name = facts["storage"], name or facts["study"]
            elif storages.printable(storages.address(storage, folder)) != storages.printable(own) or (
                name is not None and name != facts["study"]
            ):
                raise OtherStudy(str(folder), facts["study"], storages.printable(own)).error()
            name = name or facts["study"]
            if storage is None and not storages.has_file(folder):
                raise NoStudy(str(folder), "its storage is gone").error()
        url = storages.address(storage, folder)
        opened = storages.open_storage(url)
        with _Reporting(url):
            names = optuna.get_all_study_names(opened)
            if name is None and len(names) == 1:
                name = names[0]
            if name is None or name not in names:
                known = ", ".join(names[:10]) or "it has none"
                reason = f"none is called `{name}`" if name is not None else "it has several"
                raise NoStudy(storages.printable(url), f"{reason}; there are: {known}").error(
                    help="name one: `--study NAME`"
                )
            study = cls(opened, name, url, folder)
        if not (folder / _FACTS).is_file():
            write_texts(folder, study.said["texts"], _facts_of(storage and url, name))
        return study

    # What it is of ----------------------------------------------------------------------------------------------------

    @cached_property
    def source(self) -> Source:
        """The text of the space."""
        return read(self.folder / SPEC / self.settings.spec)

    @property
    def texts(self) -> dict[str, str]:
        """All files of the space, by name."""
        return dict(self.said["texts"])

    @cached_property
    def space(self) -> Space:
        """The space that is searched."""
        return open_space(self.source, self.settings.space)

    @cached_property
    def objective(self) -> Objective:
        """What the search is for."""
        settings = self.settings
        is_measured = settings.measure is not None
        return Objective(self.space, settings.objective, settings.device, is_measured=is_measured)

    @property
    def is_single(self) -> bool:
        """Whether there is one goal."""
        return len(self.optuna.directions) == 1

    def use(self, sampler: BaseSampler) -> None:
        """Has a sampler propose the networks."""
        self.optuna.sampler = sampler
        self.optuna.pruner = _pruner(self.settings.stop_early) if self.is_single else _pruner("none")

    # Its trials -------------------------------------------------------------------------------------------------------

    def trials(self) -> list[FrozenTrial]:
        """All trials, by number."""
        return self.optuna.get_trials(deepcopy=False)

    def settle(self) -> list[FrozenTrial]:
        """Has trials fail whose worker died, and queues all again that came to no end; all trials, by number.

        Raises DiagnosticError where the storage cannot be used.
        """
        with self.reporting(), storages.quiet():
            optuna.storages.fail_stale_trials(self.optuna)
            trials = self.trials()
            for trial in trials:
                is_silent = trial.state is TrialState.RUNNING and WORKER not in trial.user_attrs
                if is_silent and trial.number not in self._silent:
                    # Its worker may have died before the first sign of life: this is one on its behalf, and the last.
                    self._silent.add(trial.number)
                    self.storage.record_heartbeat(trial._trial_id)
            due = reruns.due(trials, what_of)
            for trial in due:
                reruns.rerun(self.optuna, trial)
            return self.trials() if due else trials

    def reporting(self) -> _Reporting:
        """In here errors of the storage are diagnostics."""
        return _Reporting(self.url)

    def better(self, one: Sequence[float], other: Sequence[float]) -> bool:
        """Whether values dominate others: no worse in any goal, and better in one."""
        lost, more = self._lost(one), self._lost(other)
        return lost != more and all(map(le, lost, more))

    def best(self) -> list[FrozenTrial]:
        """The trials that no other dominates, of one goal the best: the first of each network, by their values."""
        first: dict[str, FrozenTrial] = {}
        for trial in self.trials():
            if trial.state is TrialState.COMPLETE:
                first.setdefault(network_of(trial), trial)
        # Those ahead in this order may dominate those behind, and never the other way round.
        found = sorted(((self._lost(trial.values), trial) for trial in first.values()), key=lambda pair: pair[0])
        if self.is_single:
            return [trial for _, trial in found[:1]]
        front: list[tuple[tuple[float, ...], FrozenTrial]] = []
        for lost, trial in found:
            if not any(other != lost and all(map(le, other, lost)) for other, _ in front):
                front.append((lost, trial))
        return sorted((trial for _, trial in front), key=lambda trial: trial.values)

    def _lost(self, values: Sequence[float]) -> tuple[float, ...]:
        """Values of which less is better."""
        maximized = StudyDirection.MAXIMIZE
        ways = self.optuna.directions
        return tuple(-value if way is maximized else value for way, value in zip(ways, values, strict=True))

    @property
    def sign(self) -> int:
        """Of a study with one goal: 1 if it is maximized, else -1."""
        return 1 if self.optuna.directions[0] is StudyDirection.MAXIMIZE else -1


def counts(trials: Sequence[FrozenTrial]) -> Counts:
    """How many trials count, are at work and are queued."""
    states = [trial.state for trial in trials]
    finished = sum(is_finished(trial) for trial in trials)
    return Counts(finished, states.count(TrialState.RUNNING), states.count(TrialState.WAITING))


def is_finished(trial: FrozenTrial) -> bool:
    """Whether a trial counts: a network that a `require` line prunes does not, nor does a trial whose worker died."""
    if trial.state is TrialState.PRUNED:
        return what_of(trial) != "pruned"
    return trial.state is TrialState.COMPLETE


def result_of(trial: FrozenTrial) -> Mapping[str, Any]:
    """What a worker noted of a trial: its network, its numbers, what became of it and why."""
    found = trial.user_attrs.get(RESULT, {})
    return found if isinstance(found, dict) else {}


def what_of(trial: FrozenTrial) -> str:
    """What a worker noted as having become of a trial, in a word; nothing where it has a value."""
    return str(result_of(trial).get("what", ""))


def network_of(trial: FrozenTrial) -> str:
    """The number of a trial's network in its space, in digits: it may have more of them than a database takes."""
    return str(result_of(trial).get("network", ""))


def write_texts(folder: Path, texts: Mapping[str, str], facts: Mapping[str, Any]) -> None:
    """Writes the files of a space and the facts of a study into its folder. Raises DiagnosticError."""
    try:
        for name, text in texts.items():
            path = folder / SPEC / PurePosixPath(name)
            if ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute():
                raise CannotSave(str(folder), f"`{name}` leads out of it").error()
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic.write(path, text.encode())
        folder.mkdir(parents=True, exist_ok=True)
        atomic.write(folder / _FACTS, (json.dumps(dict(facts), indent=2) + "\n").encode())
    except OSError as error:
        raise CannotSave(str(folder), (error.strerror or str(error)).lower()).error() from None


def _no_name(name: str) -> str:
    """Why a study cannot have a name; nothing where it can."""
    if not name.strip() or not name.isprintable():
        return "it has signs that cannot be seen"
    return f"it has more than {_LONGEST} signs" if len(name) > _LONGEST else ""


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotSave(str(folder), (error.strerror or str(error)).lower()).error() from None


def _facts_of(url: str | None, name: str) -> dict[str, Any]:
    return {"format": FORMAT, "storage": url and storages.without_password(url), "study": name}


def _count_in(folder: Path) -> int | None:
    """How many trials the study of a folder has; None where its storage does not say."""
    try:
        return len(Study.join(folder, None, None).trials())
    except DiagnosticError:
        return None


def _facts(folder: Path) -> dict[str, Any]:
    """What a folder says of its study. Raises DiagnosticError."""
    try:
        found = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    except OSError as error:
        reason = "it does not exist" if not folder.exists() else f"{_FACTS}: {(error.strerror or '').lower()}"
        raise NoStudy(str(folder), reason).error() from None
    except ValueError as error:
        raise NoStudy(str(folder), f"{_FACTS}: {error}").error() from None
    if not isinstance(found, dict) or not {"storage", "study"} <= found.keys():
        raise NoStudy(str(folder), f"its {_FACTS} is none that this version reads").error()
    return found


def _pruner(stop_early: str) -> BasePruner:
    made: dict[str, Callable[[], BasePruner]] = {
        "none": lambda: NopPruner(),
        "median": lambda: MedianPruner(n_startup_trials=5, n_warmup_steps=1),
        "halving": lambda: SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
    }
    return made[stop_early]()


class _Reporting:
    def __init__(self, url: str):
        self.url = url

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # Optuna, which is to write what became of a trial, asserts that it could; why not is the context.
        if isinstance(error, AssertionError) and error.__context__ is not None:
            error = error.__context__
        if isinstance(error, SQLAlchemyError | optuna.exceptions.StorageInternalError | UnicodeError):
            raise StorageFails(storages.printable(self.url), storages.reason(error)).error() from None
