"""Where a study is kept: a file by default, a PostgreSQL server for many machines.

Both are relational storages, which alone have heartbeats: a worker that dies is noticed, and its trial is run again.
"""

from __future__ import annotations

import warnings
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import optuna
from optuna.distributions import json_to_distribution
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, event
from sqlalchemy.exc import SQLAlchemyError

from archdsl.search.addresses import parsed, printable
from archdsl.search.errors import StorageFails
from archdsl.search.reading import read_trials
from archdsl.search.requirements import require
from archdsl.search.trials import ReadTrial, State

# Seconds between heartbeats of a worker, and after how many without one it counts as dead, unless a study says
# otherwise: a worker that is busy, or whose machine is, must not be taken for one.
HEARTBEAT, GRACE = 10, 90
_STATES = {State(state.value): state for state in TrialState}
_distribution = cache(json_to_distribution)


@contextmanager
def quiet() -> Iterator[None]:
    """In here Optuna does not say that heartbeats are new."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


class Storage(RDBStorage):
    """A relational storage. A heartbeat that does not get through is made up for by the next one."""

    def record_heartbeat(self, trial_id: int) -> None:
        with suppress(SQLAlchemyError, optuna.exceptions.StorageInternalError):
            super().record_heartbeat(trial_id)

    def _get_trials(
        self,
        study_id: int,
        states: Container[TrialState] | None,
        included_trial_ids: set[int],
        trial_id_greater_than: int,
    ) -> list[FrozenTrial]:
        if states is None and trial_id_greater_than < 0:
            with self.engine.connect() as connection:  # all: what Optuna keeps in memory is empty yet
                found = read_trials(lambda query: connection.exec_driver_sql(query).cursor.fetchall(), study_id)
            return list(map(_for_optuna, found))
        return super()._get_trials(study_id, states, included_trial_ids, trial_id_greater_than)

    def set_grace(self, grace: int) -> None:
        """Sets after how many seconds a worker counts as dead; it gives three signs of life meanwhile, or more."""
        self.grace_period = grace
        self.heartbeat_interval = min(HEARTBEAT, max(1, grace // 3))


def _for_optuna(trial: ReadTrial) -> FrozenTrial:
    return FrozenTrial(
        number=trial.number,
        state=_STATES[trial.state],
        value=None,
        values=trial.values,
        datetime_start=trial.datetime_start,
        datetime_complete=trial.datetime_complete,
        params=trial.params,
        distributions={name: _distribution(written) for name, written in trial.distributions.items()},
        user_attrs=trial.user_attrs,
        system_attrs=trial.system_attrs,
        intermediate_values=trial.intermediate_values,
        trial_id=trial.id,
    )


def open_storage(url: str) -> Storage:
    """Opens a storage, and makes its tables where there are none. Raises DiagnosticError."""
    require(url)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    is_file = url.startswith("sqlite:")
    if parsed(url) is None:
        raise StorageFails("of that address", "it is no address, or has signs that are to be escaped").error(
            help="for example postgresql://user@host:5432/database; in a password @ is written %40, / is %2F, : is %3A"
        )
    options: dict[str, Any] = {"connect_args": {"timeout": 60}} if is_file else {"pool_pre_ping": True}
    try:
        with quiet():
            storage = Storage(url, options, heartbeat_interval=HEARTBEAT, grace_period=GRACE)
        if is_file:
            event.listen(storage.engine, "connect", _tune_file)
            event.listen(storage.engine, "begin", _lock_file)
            storage.engine.dispose()  # connections made before know nothing of it
        return storage
    except (SQLAlchemyError, ImportError, ValueError, optuna.exceptions.OptunaError, RuntimeError) as error:
        raise StorageFails(printable(url), reason(error)).error() from None


def _tune_file(connection: Any, record: Any) -> None:
    """A write-ahead log: a trial is many small commits."""
    connection.isolation_level = None  # transactions begin where SQLAlchemy says so
    cursor = connection.cursor()
    with suppress(Exception):  # a file system without shared memory keeps the journal that it has
        cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _lock_file(connection: Connection) -> None:
    """SQLite has no locks of rows: without one of the file, two workers would take the same trial out of the queue."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def reason(error: BaseException) -> str:
    """What a database says that it refuses."""
    cause = error.__cause__ or error
    text = str(getattr(cause, "orig", None) or cause) or type(cause).__name__
    return " ".join(text.split())[:300]
