"""The trials of a study as a table, the best first, with what each of them took at each choice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archdsl.search.outcomes import result_of
from archdsl.search.page.markup import Content, row, table, tag
from archdsl.search.summary import columns, number_text, state_of
from archdsl.search.trials import SomeTrial, State
from archdsl.search.view import View
from archdsl.search_space.encoding import Encoding

# Rows of the table, for a page of ten thousand trials is to stay small.
_MOST = 300


def trials_table(study: View, best: Sequence[SomeTrial]) -> Iterator[Content]:
    """The table, and how it is sorted."""
    trials = sorted(study.trials(), key=lambda trial: _rank(study, trial, {one.number for one in best}))
    shown = trials[:_MOST]
    names = columns(study, shown)
    goals = ["objective"] if study.is_single else []
    variables = [name for name in Encoding(study.space).by_name if any(name in trial.params for trial in shown)]
    rows = []
    for trial in shown:
        numbers = result_of(trial).get("numbers", {})
        value = [f"{trial.values[0]:.4g}" if trial.state == State.COMPLETE else "-"] if goals else []
        cells = [
            str(trial.number), _state(trial), *value,
            *(number_text(name, numbers[name]) if name in numbers else "-" for name in names),
            *(str(trial.params.get(name, "-")) for name in variables),
        ]  # fmt: skip
        rows.append(row(cells, class_="winner" if trial.number in {one.number for one in best} else None))
    order = "the best first" if study.is_single else "those of the front first, then by number"
    rest = f"{len(shown):,} of {len(trials):,} trials" if len(shown) < len(trials) else f"All {len(trials):,} trials"
    yield tag(
        "p",
        f"{rest}, {order}. {'All of them: ' if len(shown) < len(trials) else 'For programs: '}",
        tag("code", "archdsl search status DIR --output-format json"),
        class_="note",
    )
    yield table(["trial", "state", *goals, *names, *variables], rows)


def _rank(study: View, trial: SomeTrial, best: set[int]) -> tuple[float, ...]:
    if trial.state != State.COMPLETE:
        return 2, 0, trial.number
    if study.is_single:
        return 1, -study.sign * trial.values[0], trial.number
    return 0 if trial.number in best else 1, 0, trial.number


def _state(trial: SomeTrial) -> Content:
    why = result_of(trial).get("why")
    return tag("span", state_of(trial), title=str(why)) if why else state_of(trial)
