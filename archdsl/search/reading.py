"""All trials of a study, read from its database at once.

Optuna reads them row by row as objects, which takes a second for each 700 trials, most of it for the options of each
choice, written out for every trial; this takes a thirtieth of that.
"""

from __future__ import annotations

import gc
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from archdsl.search.trials import ReadTrial, State

# Puts a query to a database and gives the rows as the driver has them, whose values need hardly a conversion: rows of
# SQLAlchemy take three times as long.
Ask = Callable[[str], Sequence[Any]]

# What a value column cannot hold is said beside it.
_NOT_FINITE = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}


def read_trials(ask: Ask, study_id: int, *, choices: bool = True) -> list[ReadTrial]:
    """All trials of a study, by number; without `choices` they have no parameters."""
    with _without_collecting():
        return _read_trials(ask, study_id, choices=choices)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """In here nobody looks for garbage, which takes a third of the time where much is made and nothing thrown away."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read_trials(ask: Ask, study_id: int, *, choices: bool) -> list[ReadTrial]:
    reader, clock = _Reader(ask, study_id), _Clock()
    # The states come first: what belongs to a trial that has ended was written before.
    rows = reader.trials()
    params, written = reader.params() if choices else (defaultdict(dict), defaultdict(dict))
    values = reader.numbers("trial_values", "objective, value, value_type")
    steps = reader.numbers("trial_intermediate_values", "step, intermediate_value, intermediate_value_type")
    own, system = reader.attributes("trial_user_attributes"), reader.attributes("trial_system_attributes")
    return [
        ReadTrial(
            id=id,
            number=number,
            state=State[state],
            values=[values[id][goal] for goal in sorted(values[id])] if id in values else None,
            datetime_start=clock.of(start),
            datetime_complete=clock.of(end),
            params=params[id],
            distributions=written[id],
            user_attrs=own[id],
            system_attrs=system[id],
            intermediate_values=steps[id],
        )
        for id, number, state, start, end in rows
    ]


class _Reader:
    def __init__(self, ask: Ask, study_id: int):
        self.ask = ask
        # A number, and no text of anybody's.
        self.study = f"{study_id:d}"

    def trials(self) -> Sequence[Any]:
        return self.ask(
            "select trial_id, number, state, datetime_start, datetime_complete from trials "
            f"where study_id = {self.study} order by number"
        )

    def params(self) -> tuple[Mapping[int, dict[str, Any]], Mapping[int, dict[str, str]]]:
        """The options taken, and all that there were, as they are written, by name."""
        rows = self._rows("trial_params", "param_name, param_value")
        # What there was to choose from is long, and the same in nearly all trials: it is asked for on its own, and
        # after the rows, for other workers go on writing.
        known: dict[str, list[str]] = defaultdict(list)
        for name, written in self._rows("trial_params", "param_name, distribution_json", distinct=True):
            known[name].append(written)
        if any(len(found) > 1 for found in known.values()):
            rows = self._rows("trial_params", "param_name, param_value, distribution_json")
        params: dict[int, dict[str, Any]] = defaultdict(dict)
        spaces: dict[int, dict[str, str]] = defaultdict(dict)
        for id, name, value, *written in rows:
            spaces[id][name] = text = written[0] if written else known[name][0]
            params[id][name] = _option(text, value)
        return params, spaces

    def numbers(self, table: str, columns: str) -> Mapping[int, dict[int, float]]:
        """Values by goal or by step."""
        found: dict[int, dict[int, float]] = defaultdict(dict)
        for id, index, value, kind in self._rows(table, columns):
            found[id][index] = _NOT_FINITE.get(kind, value)
        return found

    def attributes(self, table: str) -> Mapping[int, dict[str, Any]]:
        found: dict[int, dict[str, Any]] = defaultdict(dict)
        rows = self._rows(table, "key, value_json")
        # As one text: to begin anew for each takes three times as long.
        for (id, key, _), value in zip(rows, json.loads(f"[{','.join(row[2] for row in rows)}]"), strict=True):
            found[id][key] = value
        return found

    def _rows(self, table: str, columns: str, *, distinct: bool = False) -> Sequence[Any]:
        what = f"distinct {columns}" if distinct else f"trial_id, {columns}"
        return self.ask(
            f"select {what} from {table} where trial_id in (select trial_id from trials where study_id = {self.study})"
        )


@cache
def _option(written: str, value: float) -> Any:
    return _options(written)[int(value)]


@cache
def _options(written: str) -> Sequence[Any]:
    """What there was to choose from; there are only choices in a study. Raises LookupError for anything else."""
    found: Sequence[Any] = json.loads(written)["attributes"]["choices"]
    return found


class _Clock:
    """Times of a database, which has those of Greenwich, by this machine's clock, as Optuna gives them."""

    def __init__(self) -> None:
        # How far this clock is ahead, by the quarter of an hour: none is put forward or back within one.
        self._ahead: dict[datetime, timedelta] = {}

    def of(self, noted: str | datetime | None) -> datetime | None:
        if noted is None:
            return None
        moment = datetime.fromisoformat(noted) if isinstance(noted, str) else noted
        quarter = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
        ahead = self._ahead.get(quarter)
        if ahead is None:
            ahead = quarter.replace(tzinfo=UTC).astimezone().replace(tzinfo=None) - quarter
            self._ahead[quarter] = ahead
        return moment + ahead
