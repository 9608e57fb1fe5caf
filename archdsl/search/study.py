"""A study that workers share: what is searched and how, and the trials, in a storage that any number of them reach.

In a folder, if it has one:

    study.json       the address of the storage, and the name of the study in it
    study.db         the storage, where none is given
    spec/            the .arch files of the space
    trials/NNNNNN/   the runs of the trainings
    best.arch        the best network, or front/*.arch those of the front
    search.html      what came of it
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import optuna
from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from archdsl.diagnostics import DiagnosticError
from archdsl.diagnostics.render import printable
from archdsl.language.nodes import names_in
from archdsl.search import addresses, reruns
from archdsl.search import storage as storages
from archdsl.search.errors import CannotSave, FolderNotEmpty, NoNameOfStudy, StorageFails, StudyExists
from archdsl.search.folder import FORMAT, facts_of, is_of_study, place, write_texts
from archdsl.search.outcomes import WORKER, what_of
from archdsl.search.settings import SearchSettings
from archdsl.search.view import SAID, View
from archdsl.search_space.objective import Objective
from archdsl.version import __version__

# Signs of a name; the database takes 512.
_LONGEST = 200


class Study(View):
    """A study that is open, to be worked on."""

    def __init__(self, storage: storages.Storage, name: str, url: str, folder: Path):
        self.storage = storage
        self.optuna = optuna.load_study(study_name=name, storage=storage)
        super().__init__(name, url, folder, self.optuna.user_attrs.get(SAID), self.optuna.directions)
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
        if is_of_study(folder):
            raise StudyExists(str(folder), _count_in(folder), str(folder)).error()
        if folder.is_dir() and any(folder.iterdir()):
            raise FolderNotEmpty(str(folder)).error()
        is_new = not folder.exists()
        _make(folder)
        url = addresses.address(storage, folder)
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
            raise StudyExists(f"{addresses.printable(url)}, called `{name}`", trials, str(folder)).error(
                help=f"join it, `archdsl search --join --storage ... --study {shlex.quote(name)}`, "
                "or name another by `--study`"
            ) from None
        try:
            write_texts(folder, texts, facts_of(storage and url, name))
        except DiagnosticError:
            optuna.delete_study(study_name=name, storage=opened)
            raise
        made.set_user_attr(
            SAID,
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
        where = place(folder, storage, name)
        opened = storages.open_storage(where.url)
        with _Reporting(where.url):
            study = cls(opened, where.chosen(optuna.get_all_study_names(opened)), where.url, folder)
            study.check_trials()
        if not is_of_study(folder):
            write_texts(folder, study.said["texts"], facts_of(where.url, study.name))
        return study

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


def _count_in(folder: Path) -> int | None:
    """How many trials the study of a folder has; None where its storage does not say."""
    try:
        return len(Study.join(folder, None, None).trials())
    except DiagnosticError:
        return None


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
            raise StorageFails(addresses.printable(self.url), storages.reason(error)).error() from None
