"""The packages of the extra `search`; this is imported before anything that needs them."""

from __future__ import annotations

from importlib.util import find_spec

from archdsl.search.errors import MissingDriver, MissingOfSearch

# The driver of each database that a study can be kept in, beside SQLite, by the scheme of its address.
_DRIVERS = {"postgresql": "psycopg", "postgres": "psycopg"}


def require(storage: str | None = None) -> None:
    """Raises DiagnosticError where a package is missing that a search, or its storage, needs."""
    if find_spec("optuna") is None:
        raise MissingOfSearch().error()
    scheme = (storage or "").partition(":")[0].partition("+")[0]
    driver = _DRIVERS.get(scheme)
    if driver is not None and find_spec(driver) is None:
        raise MissingDriver(driver).error()
