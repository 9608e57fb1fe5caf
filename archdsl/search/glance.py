"""A study at a glance: read by the driver of its database alone.

To look how far a search is should not take longer than to read it. Optuna takes a fifth of a second to be imported, and
its storage, which can write as well, half a second more.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from archdsl.search import reruns
from archdsl.search.addresses import FILE, SERVER
from archdsl.search.folder import is_of_study, place
from archdsl.search.outcomes import WORKER, what_of
from archdsl.search.reading import Ask, read_trials
from archdsl.search.trials import Direction, ReadTrial, State
from archdsl.search.view import SAID, View


class Glance(View):
    """A study as it was at a moment."""

    def __init__(
        self,
        name: str,
        url: str,
        folder: Path,
        said: object,
        directions: Sequence[int],
        read: Callable[[], list[ReadTrial]],
    ):
        super().__init__(name, url, folder, said, directions)
        self._read = read
        self.check_trials()

    def trials(self) -> list[ReadTrial]:
        return self._trials

    @cached_property
    def _trials(self) -> list[ReadTrial]:
        return self._read()


def glance(folder: Path, storage: str | None, name: str | None, *, choices: bool) -> Glance | None:
    """A study as it is now, with the options that its trials took where `choices` are asked for.

    None where it has to be opened to be looked at: a worker has died, and nobody has noticed yet; the folder has no
    files of the space; or the database cannot be read like this, and Optuna is to say why. Raises DiagnosticError where
    there is no study, as `Study.join` does.
    """
    where = place(folder, storage, name)
    if not is_of_study(folder):
        return None
    with _reading(where.url) as ask:
        if ask is None:
            return None
        ids = {str(known): int(id) for id, known in ask("select study_id, study_name from studies")}
        chosen = where.chosen(list(ids))
        of = f"where study_id = {ids[chosen]:d}"
        said = dict(ask(f"select key, value_json from study_user_attributes {of} and key = '{SAID}'")).get(SAID)
        ways = ask(f"select direction from study_directions {of} order by objective")
        directions = [Direction[way] for (way,) in ways]
        read = partial(read_trials, ask, ids[chosen], choices=choices)
        found = Glance(chosen, where.url, folder, json.loads(said or "null"), directions, read)
        return found if _is_settled(ask, found.trials(), found.settings.grace) else None
    return None


def _is_settled(ask: Ask, trials: Sequence[ReadTrial], grace: int) -> bool:
    """Whether all trials that are at work have a worker that lives, and none is to be run again: nothing is to be
    written then."""
    running = {trial.id for trial in trials if trial.state == State.RUNNING}
    if any(trial.state == State.RUNNING and WORKER not in trial.user_attrs for trial in trials):
        return False
    ((now,),) = ask("select current_timestamp")
    signs = ask("select trial_id, heartbeat from trial_heartbeats") if running else []
    dead = any(_moment(now) - _moment(sign) > timedelta(seconds=grace) for id, sign in signs if id in running)
    return not dead and not reruns.due(trials, what_of)


def _moment(noted: str | datetime) -> datetime:
    moment = datetime.fromisoformat(noted) if isinstance(noted, str) else noted
    return moment.replace(tzinfo=None)


@contextmanager
def _reading(url: str) -> Iterator[Ask | None]:
    """What puts queries to a database; None, or an end in the middle, where it cannot be read."""
    if url.startswith(FILE):
        try:
            # Read only: it makes no file where there is none.
            path = Path(url.removeprefix(FILE)).as_uri()
            with closing(sqlite3.connect(f"{path}?mode=ro", uri=True, timeout=60)) as file:
                yield lambda query: file.execute(query).fetchall()
        except sqlite3.Error:
            return
    elif url.startswith(SERVER):
        import psycopg

        def ask(query: Any) -> Sequence[Any]:
            return server.execute(query).fetchall()

        try:
            with psycopg.connect(url.replace(SERVER, "postgresql", 1)) as server:
                yield ask
        except (psycopg.Error, UnicodeError):
            return
    else:
        yield None
