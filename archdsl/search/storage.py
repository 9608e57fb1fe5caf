"""Where a study is kept: a file by default, a PostgreSQL server for many machines.

Both are relational storages, which alone have heartbeats: a worker that dies is noticed, and its trial is run again.
"""

from __future__ import annotations

import warnings
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from archdsl.search.errors import StorageFails
from archdsl.search.reading import read_trials
from archdsl.search.requirements import require

# Seconds between heartbeats of a worker, and after how many without one it counts as dead, unless a study says
# otherwise: a worker that is busy, or whose machine is, must not be taken for one.
HEARTBEAT, GRACE = 10, 90
_DATABASE = "study.db"
_FILE = "sqlite:///"
# Parts of the query of an address that are as secret as its password.
_SECRET = ("password", "sslpassword", "passfile")


def address(storage: str | None, folder: Path) -> str:
    """The address of a storage as SQLAlchemy reads it; without one it is a file in the folder of the study."""
    if storage is None:
        return f"{_FILE}{(folder / _DATABASE).absolute()}"
    scheme, colon, rest = storage.partition("://")
    if scheme in ("postgresql", "postgres"):
        return f"postgresql+psycopg{colon}{rest}"
    if storage.startswith(_FILE):
        return f"{_FILE}{Path(storage.removeprefix(_FILE)).absolute()}"
    return storage


def has_file(folder: Path) -> bool:
    """Whether there is a study in a folder."""
    return (folder / _DATABASE).is_file()


def without_password(url: str) -> str:
    """An address to be kept: `PGPASSWORD` or a password file has the password."""
    if url.startswith(_FILE):
        return url
    made = _parsed(url)
    if made is None:
        return "?"  # whatever it is, it may hold one
    query = {name: value for name, value in made.query.items() if name not in _SECRET}
    scheme = made.drivername.partition("+")[0]
    kept = URL.create(scheme, made.username, None, made.host, made.port, made.database, query)
    return kept.render_as_string(hide_password=False)


def _parsed(url: str) -> URL | None:
    try:
        made = make_url(url)
    except (ArgumentError, ValueError):
        return None
    # A password with an @ in it would end up in the name of the host.
    return None if "@" in (made.host or "") else made


def printable(url: str) -> str:
    """An address as it is shown, without its password."""
    return without_password(url).removeprefix(_FILE)


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
            return read_trials(self.engine, study_id)  # all: what Optuna keeps in memory is empty yet
        return super()._get_trials(study_id, states, included_trial_ids, trial_id_greater_than)

    def set_grace(self, grace: int) -> None:
        """Sets after how many seconds a worker counts as dead; it gives three signs of life meanwhile, or more."""
        self.grace_period = grace
        self.heartbeat_interval = min(HEARTBEAT, max(1, grace // 3))


def open_storage(url: str) -> Storage:
    """Opens a storage, and makes its tables where there are none. Raises DiagnosticError."""
    require(url)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    is_file = url.startswith("sqlite:")
    if _parsed(url) is None:
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
