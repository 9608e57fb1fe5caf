"""Where a study is kept: a file by default, a PostgreSQL server for many machines.

Both are relational storages, which alone have heartbeats: a worker that dies is noticed, and its trial is run again.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import optuna
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from archdsl.search.errors import StorageFails

# Seconds between heartbeats of a worker, and after how many without one it counts as dead: a worker that is busy, or
# whose machine is, must not be taken for one.
HEARTBEAT, GRACE = 10, 90
# How often a trial whose worker died is run again before it is given up.
MOST_RETRIES = 3
_DATABASE = "study.db"


def address(storage: str | None, folder: Path) -> str:
    """The address of a storage; without one it is a file in the folder of the study."""
    if storage is None:
        return f"sqlite:///{(folder / _DATABASE).absolute()}"
    if storage.startswith("postgresql://"):
        return storage.replace("postgresql://", "postgresql+psycopg://", 1)
    return storage


def has_file(folder: Path) -> bool:
    """Whether there is a study in a folder."""
    return (folder / _DATABASE).is_file()


def printable(url: str) -> str:
    """An address without its password."""
    parts = urlsplit(url)
    if parts.scheme.startswith("sqlite"):
        return url.removeprefix("sqlite:///")
    host = parts.netloc.rpartition("@")[2]
    user = parts.username
    return urlunsplit((parts.scheme.partition("+")[0], f"{user}@{host}" if user else host, parts.path, "", ""))


@contextmanager
def quiet() -> Iterator[None]:
    """In here Optuna does not say that heartbeats are new."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def retry() -> RetryHeartbeatStaleTrialCallback:
    """What queues a trial again whose worker died."""
    with quiet():
        return RetryHeartbeatStaleTrialCallback(max_retry=MOST_RETRIES)


def open_storage(url: str, *, grace: int = GRACE) -> RDBStorage:
    """Opens a storage, and makes its tables where there are none. Raises DiagnosticError."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    is_file = url.startswith("sqlite:")
    options: dict[str, Any] = {"connect_args": {"timeout": 60}} if is_file else {"pool_pre_ping": True}
    try:
        with quiet():
            storage = RDBStorage(
                url,
                options,
                heartbeat_interval=min(HEARTBEAT, max(1, grace // 3)),
                grace_period=grace,
                heartbeat_stale_trial_callback=retry(),
            )
        if is_file:
            event.listen(storage.engine, "connect", _tune_file)
            storage.engine.dispose()  # connections made before know nothing of it
        return storage
    except (ArgumentError, ImportError, ValueError) as error:
        raise StorageFails(printable(url), _reason(error)).error() from None
    except (SQLAlchemyError, optuna.exceptions.OptunaError, RuntimeError) as error:
        raise StorageFails(printable(url), _reason(error)).error() from None


def _tune_file(connection: Any, record: Any) -> None:
    """A write-ahead log: a trial is many small commits, and readers need not wait for writers."""
    cursor = connection.cursor()
    with suppress(Exception):  # a file system without shared memory keeps the journal that it has
        cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _reason(error: BaseException) -> str:
    cause = error.__cause__ or error
    text = str(getattr(cause, "orig", None) or cause) or type(cause).__name__
    return " ".join(text.split())[:300]
