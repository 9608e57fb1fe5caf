"""PostgreSQL as users have it: with passwords, with a database that is something else, and with a server that ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from archdsl.cli.main import main as archdsl
from tests.search.studies import COSTS, check, created, opened, run

FEW = (*COSTS, "--trials", "4")
PASSWORD = "ge@heim/1"


@pytest.fixture
def locked(server: str, postgresql: str) -> Iterator[str]:
    """The address of a database that asks a user for a password; `{}` is where that stands."""
    rules = Path(parse_qs(urlsplit(server).query)["host"][0]) / "pg_hba.conf"
    before = rules.read_text()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create role anna login superuser password '{PASSWORD}'")
        rules.write_text(f"local all anna scram-sha-256\n{before}")
        connection.execute("select pg_reload_conf()")
        yield postgresql.replace("postgres:@", "anna{}@")
        rules.write_text(before)
        connection.execute("select pg_reload_conf()")
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("drop owned by anna")
        connection.execute("drop role anna")


def is_unknown(folder: Path, *texts: str) -> bool:
    """Whether the password is nowhere in a folder, nor in texts."""
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    secrets = [PASSWORD, "ge%40heim", "heim/1"]
    return not any(secret in text for secret in secrets for text in texts) and not any(
        secret.encode() in data for secret in secrets for data in files
    )


def test_a_password_is_not_kept(space: Path, tmp_path: Path, locked: str) -> None:
    folder = tmp_path / "study"
    begun = run(space, "--out", folder, "--jobs", 0, "--storage", locked.format(":ge%40heim%2F1"), *FEW)
    assert begun.returncode == 0, begun.stderr
    alone = run("--join", "--out", folder, "--quiet")
    assert alone.returncode == 2
    assert "no password supplied" in alone.stderr
    joined = run("--join", "--out", folder, "--jobs", 2, PGPASSWORD=PASSWORD)
    assert joined.returncode == 0, joined.stderr
    assert is_unknown(folder, begun.stdout, begun.stderr, alone.stderr, joined.stdout, joined.stderr)


def test_a_wrong_password_is_said_and_not_shown(space: Path, tmp_path: Path, locked: str) -> None:
    done = run(space, "--out", tmp_path / "study", "--storage", locked.format(":" + "wrong%40geheim"), *FEW)
    assert done.returncode == 2
    assert "password authentication failed" in done.stderr
    assert "wrong" not in done.stderr
    assert "geheim" not in done.stderr
    assert not (tmp_path / "study").exists()


def test_a_database_of_another_program(
    space: Path, tmp_path: Path, postgresql: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("create table studies (id integer, title text)")
    assert (
        archdsl(["search", str(space), "--out", str(tmp_path / "study"), "--storage", postgresql, *map(str, FEW)]) == 2
    )
    assert "cannot be used" in capsys.readouterr().err
    assert not (tmp_path / "study").exists()


def test_a_database_that_goes_away_is_one_line(space: Path, tmp_path: Path, server: str, postgresql: str) -> None:
    study = created(space, tmp_path / "study", postgresql, *FEW)
    name = urlsplit(postgresql).path[1:]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"alter database {name} with allow_connections false")
        done = run("--join", "--out", study.folder, "--quiet")
        assert done.returncode == 2
        assert "is not currently accepting connections" in done.stderr
        assert "Traceback" not in done.stderr
        connection.execute(f"alter database {name} with allow_connections true")
    assert run("--join", "--out", study.folder, "--quiet").returncode == 0
    check(opened(study.folder))
