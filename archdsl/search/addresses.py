"""Addresses of storages: as SQLAlchemy reads them, and as they are shown and kept, without a password."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import URL

DATABASE = "study.db"
FILE, SERVER = "sqlite:///", "postgresql+psycopg"
# Parts of the query of an address that are as secret as its password.
_SECRET = ("password", "sslpassword", "passfile")


def address(storage: str | None, folder: Path) -> str:
    """The address of a storage as SQLAlchemy reads it; without one it is a file in the folder of the study."""
    if storage is None:
        return f"{FILE}{(folder / DATABASE).absolute()}"
    scheme, colon, rest = storage.partition("://")
    if scheme in ("postgresql", "postgres"):
        return f"{SERVER}{colon}{rest}"
    if storage.startswith(FILE):
        return f"{FILE}{Path(storage.removeprefix(FILE)).absolute()}"
    return storage


def without_password(url: str) -> str:
    """An address to be kept: `PGPASSWORD` or a password file has the password."""
    if url.startswith(FILE):
        return url
    made = parsed(url)
    if made is None:
        return "?"  # whatever it is, it may hold one
    from sqlalchemy import URL

    query = {name: value for name, value in made.query.items() if name not in _SECRET}
    scheme = made.drivername.partition("+")[0]
    kept = URL.create(scheme, made.username, None, made.host, made.port, made.database, query)
    return kept.render_as_string(hide_password=False)


def parsed(url: str) -> URL | None:
    """The parts of an address; None where it is none, or has signs in it that should have been escaped."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        made = make_url(url)
    except (ArgumentError, ValueError):
        return None
    # A password with an @ in it would end up in the name of the host.
    return None if "@" in (made.host or "") else made


def printable(url: str) -> str:
    """An address as it is shown, without its password."""
    return without_password(url).removeprefix(FILE)
