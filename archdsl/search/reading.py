"""All trials of a study, read from its database at once.

Optuna reads them row by row as objects, which takes a second for each 700 trials, most of it for the options of each
choice, written out for every trial; this takes a thirtieth of that.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.trial import FrozenTrial, TrialState

# Puts a query to a database and gives the rows as the driver has them, whose values need hardly a conversion: rows of
# SQLAlchemy take three times as long.
Ask = Callable[[str], Sequence[Any]]

# What a value column cannot hold is said beside it.
_NOT_FINITE = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}


def read_trials(ask: Ask, study_id: int, *, choices: bool = True) -> list[FrozenTrial]:
    """All trials of a study, by number; without `choices` they have no parameters."""
    reader = _Reader(ask, study_id)
    # The states come first: what belongs to a trial that has ended was written before.
    rows = reader.trials()
    params, spaces = reader.params() if choices else (defaultdict(dict), defaultdict(dict))
    values = reader.numbers("trial_values", "objective, value, value_type")
    steps = reader.numbers("trial_intermediate_values", "step, intermediate_value, intermediate_value_type")
    own, system = reader.attributes("trial_user_attributes"), reader.attributes("trial_system_attributes")
    return [
        FrozenTrial(
            number=number,
            state=TrialState[state],
            value=None,
            values=[values[id][goal] for goal in sorted(values[id])] if id in values else None,
            datetime_start=_moment(start),
            datetime_complete=_moment(end),
            params=params[id],
            distributions=spaces[id],
            user_attrs=own[id],
            system_attrs=system[id],
            intermediate_values=steps[id],
            trial_id=id,
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

    def params(self) -> tuple[Mapping[int, dict[str, Any]], Mapping[int, dict[str, BaseDistribution]]]:
        """The options taken, and all that there were, by name."""
        rows = self._rows("trial_params", "param_name, param_value")
        # What there was to choose from is long, and the same in nearly all trials: it is asked for on its own, and
        # after the rows, for other workers go on writing.
        known: dict[str, list[str]] = defaultdict(list)
        for name, written in self._rows("trial_params", "param_name, distribution_json", distinct=True):
            known[name].append(written)
        if any(len(found) > 1 for found in known.values()):
            rows = self._rows("trial_params", "param_name, param_value, distribution_json")
        params: dict[int, dict[str, Any]] = defaultdict(dict)
        spaces: dict[int, dict[str, BaseDistribution]] = defaultdict(dict)
        for id, name, value, *written in rows:
            spaces[id][name], params[id][name] = _option(written[0] if written else known[name][0], value)
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
def _option(written: str, value: float) -> tuple[BaseDistribution, Any]:
    known = _distribution(written)
    return known, known.to_external_repr(value)


@cache
def _distribution(written: str) -> BaseDistribution:
    return json_to_distribution(written)


def _moment(noted: str | datetime | None) -> datetime | None:
    """A time of a database, which has that of Greenwich, by this machine's clock, as Optuna gives it."""
    if noted is None:
        return None
    moment = datetime.fromisoformat(noted) if isinstance(noted, str) else noted
    return moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
