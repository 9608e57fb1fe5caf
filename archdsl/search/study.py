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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import optuna
from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from archdsl.diagnostics import Source
from archdsl.language.nodes import names_in
from archdsl.search import storage as storages
from archdsl.search.errors import CannotSave, FolderNotEmpty, NoStudy, OtherVersion, StorageFails, StudyExists
from archdsl.search.settings import SearchSettings
from archdsl.search_space.objective import Objective
from archdsl.search_space.space import Space
from archdsl.sources import read
from archdsl.spaces import open_space
from archdsl.training import atomic
from archdsl.version import __version__

FORMAT = 1
_FACTS, _SPEC, _OWN = "study.json", "spec", "archdsl"
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

    def __init__(self, storage: RDBStorage, name: str, url: str, folder: Path):
        self.storage, self.name, self.url, self.folder = storage, name, url, folder
        self.optuna = optuna.load_study(study_name=name, storage=storage)
        said = self.optuna.user_attrs.get(_OWN)
        if not isinstance(said, dict) or said.get("format") != FORMAT:
            found = said.get("format") if isinstance(said, dict) else "another program"
            version = said.get("version", "unknown") if isinstance(said, dict) else "unknown"
            raise OtherVersion(found, FORMAT, version).error()
        self.said: dict[str, Any] = said
        self.settings = SearchSettings.model_validate(said["settings"])

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
        """Starts a study. Raises DiagnosticError where there is one of that name, or the storage cannot be used."""
        if folder.is_dir() and any(folder.iterdir()) and not (folder / _FACTS).is_file():
            raise FolderNotEmpty(str(folder)).error()
        if (folder / _FACTS).is_file() and (found := _facts(folder))["storage"] is None and storages.has_file(folder):
            earlier = cls.join(folder, None, found["study"])
            raise StudyExists(str(folder), len(earlier.trials()), str(folder)).error()
        write_texts(
            folder, texts, {"format": FORMAT, "storage": storage and storages.printable(storage), "study": name}
        )
        url = storages.address(storage, folder)
        opened = storages.open_storage(url)
        directions = [
            StudyDirection.MAXIMIZE if goal.is_maximized else StudyDirection.MINIMIZE for goal in objective.goals
        ]
        try:
            made = optuna.create_study(study_name=name, storage=opened, directions=directions)
        except optuna.exceptions.DuplicatedStudyError:
            trials = len(cls(opened, name, url, folder).trials())
            place = f"{storages.printable(url)}, called `{name}`"
            raise StudyExists(place, trials, str(folder)).error(
                help=f"join it, `archdsl search --join --storage ... --study {name}`, or name another by `--study`"
            ) from None
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
    def join(cls, folder: Path, storage: str | None, name: str | None, *, grace: int = storages.GRACE) -> Study:
        """Opens a study that somebody started. Raises DiagnosticError where there is none.

        `storage` and `name` may be left out where `folder` is that of the study.
        """
        if storage is None:
            facts = _facts(folder)
            storage, name = facts["storage"], name or facts["study"]
            if storage is None and not storages.has_file(folder):
                raise NoStudy(str(folder), "its storage is gone").error()
        url = storages.address(storage, folder)
        opened = storages.open_storage(url, grace=grace)
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
            facts = {"format": FORMAT, "storage": storage and storages.printable(storage), "study": name}
            write_texts(folder, study.said["texts"], facts)
        return study

    # What it is of ----------------------------------------------------------------------------------------------------

    @cached_property
    def source(self) -> Source:
        """The text of the space."""
        return read(self.folder / _SPEC / self.settings.spec)

    @property
    def texts(self) -> dict[str, str]:
        """All files of the space, by name."""
        return dict(self.said["texts"])

    @cached_property
    def space(self) -> Space:
        """The space that is searched."""
        return open_space(self.source, self.settings.space, resolution=self.settings.resolution)

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

    def settle(self) -> None:
        """Has trials fail whose worker died, and queues them again. Those that it had not begun are left out.

        Raises DiagnosticError where the storage cannot be used.
        """
        with self.reporting(), storages.quiet():
            optuna.storages.fail_stale_trials(self.optuna)
            grace = timedelta(seconds=self.storage.grace_period or storages.GRACE)
            for trial in self.trials():
                # It has no heartbeat, which comes first.
                is_late = trial.datetime_start is not None and datetime.now() - trial.datetime_start > grace
                if trial.state is TrialState.RUNNING and WORKER not in trial.user_attrs and is_late:
                    self.optuna.tell(trial.number, state=TrialState.FAIL)

    def queue_again(self, trial: FrozenTrial) -> None:
        """Has a trial that was interrupted run again, by whoever comes next."""
        storages.retry()(self.optuna, trial)

    def reporting(self) -> _Reporting:
        """In here errors of the storage are diagnostics."""
        return _Reporting(self.url)

    def better(self, one: Sequence[float], other: Sequence[float]) -> bool:
        """Whether values dominate others: no worse in any goal, and better in one."""
        signs = [1 if way is StudyDirection.MAXIMIZE else -1 for way in self.optuna.directions]
        pairs = [(sign * a, sign * b) for sign, a, b in zip(signs, one, other, strict=True)]
        return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)

    def best(self) -> list[FrozenTrial]:
        """The trials that no other dominates, of one goal the best: the first of each network, by their values."""
        complete = [trial for trial in self.trials() if trial.state is TrialState.COMPLETE]
        first: dict[str, FrozenTrial] = {}
        for trial in complete:
            first.setdefault(network_of(trial), trial)
        found = list(first.values())
        if self.is_single:
            return sorted(found, key=lambda trial: -self.sign * trial.values[0])[:1]
        front = [one for one in found if not any(self.better(other.values, one.values) for other in found)]
        return sorted(front, key=lambda trial: trial.values)

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
        return bool(result_of(trial).get("what") != "pruned")
    return trial.state is TrialState.COMPLETE


def result_of(trial: FrozenTrial) -> Mapping[str, Any]:
    """What a worker noted of a trial: its network, its numbers, what became of it and why."""
    found = trial.user_attrs.get(RESULT, {})
    return found if isinstance(found, dict) else {}


def network_of(trial: FrozenTrial) -> str:
    """The number of a trial's network in its space, in digits: it may have more of them than a database takes."""
    return str(result_of(trial).get("network", ""))


def write_texts(folder: Path, texts: Mapping[str, str], facts: Mapping[str, Any]) -> None:
    """Writes the files of a space and the facts of a study into its folder. Raises DiagnosticError."""
    try:
        for name, text in texts.items():
            path = folder / _SPEC / PurePosixPath(name)
            if ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute():
                raise CannotSave(str(folder), f"`{name}` leads out of it").error()
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic.write(path, text.encode())
        folder.mkdir(parents=True, exist_ok=True)
        atomic.write(folder / _FACTS, (json.dumps(dict(facts), indent=2) + "\n").encode())
    except OSError as error:
        raise CannotSave(str(folder), (error.strerror or str(error)).lower()).error() from None


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
        if isinstance(error, SQLAlchemyError | optuna.exceptions.StorageInternalError):
            cause = error.__cause__ or error
            reason = " ".join(str(getattr(cause, "orig", None) or cause).split())[:300]
            raise StorageFails(storages.printable(self.url), reason).error() from None
