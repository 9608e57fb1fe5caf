"""All trials of a study, read from its database at once.

Optuna reads them row by row as objects, which takes a second for each 700 trials, most of it for the options of each
choice, written out for every trial; this takes a twentieth of that.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, DateTime, Engine, Integer, String, text

# What a value column cannot hold is said beside it.
_NOT_FINITE = {"INF_POS": math.inf, "INF_NEG": -math.inf, "NAN": math.nan}


def read_trials(engine: Engine, study_id: int) -> list[FrozenTrial]:
    """All trials of a study, by number."""
    with engine.connect() as connection:
        reader = _Reader(connection, study_id)
        # The states come first: what belongs to a trial that has ended was written before.
        rows = reader.trials()
        params, spaces = reader.params()
        values = reader.numbers("trial_values", "objective, value, value_type")
        steps = reader.numbers("trial_intermediate_values", "step, intermediate_value, intermediate_value_type")
        own, system = reader.attributes("trial_user_attributes"), reader.attributes("trial_system_attributes")
    return [
        FrozenTrial(
            number=number,
            state=TrialState[state],
            value=None,
            values=[values[id][goal] for goal in sorted(values[id])] if id in values else None,
            datetime_start=start,
            datetime_complete=end,
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
    def __init__(self, connection: Connection, study_id: int):
        self.connection, self.study_id = connection, study_id

    def trials(self) -> Sequence[Any]:
        query = text(
            "select trial_id, number, state, datetime_start, datetime_complete from trials "
            "where study_id = :study order by number"
        ).columns(trial_id=Integer, number=Integer, state=String, datetime_start=DateTime, datetime_complete=DateTime)
        return self.connection.execute(query, {"study": self.study_id}).all()

    def params(self) -> tuple[Mapping[int, dict[str, Any]], Mapping[int, dict[str, BaseDistribution]]]:
        """The options taken, and all that there were, by name."""
        rows = self._rows("trial_params", "param_name, param_value")
        # What there was to choose from is long, and the same in nearly all trials: it is asked for on its own, and
        # after the rows, for other workers go on writing.
        known: dict[str, list[str]] = defaultdict(list)
        for name, written in self._ask(f"select distinct param_name, distribution_json from trial_params where {_OF}"):
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
        for id, key, written in self._rows(table, "key, value_json"):
            found[id][key] = json.loads(written)
        return found

    def _rows(self, table: str, columns: str) -> Sequence[Any]:
        return self._ask(f"select trial_id, {columns} from {table} where {_OF}")

    def _ask(self, query: str) -> Sequence[Any]:
        # The tuples of the driver: these columns need no conversion, and rows of SQLAlchemy take three times as long.
        return self.connection.execute(text(query), {"study": self.study_id}).cursor.fetchall()


# Of the rows that belong to trials: those of a study.
_OF = "trial_id in (select trial_id from trials where study_id = :study)"


@cache
def _option(written: str, value: float) -> tuple[BaseDistribution, Any]:
    known = _distribution(written)
    return known, known.to_external_repr(value)


@cache
def _distribution(written: str) -> BaseDistribution:
    return json_to_distribution(written)
