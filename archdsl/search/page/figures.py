"""The charts of a study: its front, and how its values went."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from archdsl.backends.pareto import measure
from archdsl.search.outcomes import network_of, result_of
from archdsl.search.page.charts import Point, chart
from archdsl.search.page.markup import Content, tag
from archdsl.search.page.scales import Axis
from archdsl.search.summary import columns, number_text
from archdsl.search.trials import Direction, SomeTrial, State
from archdsl.search.view import View

# Costs that a value is shown against, the first one that is known and is not that value itself.
_COSTS = ("latency", "step_time", "memory", "macs", "params")


@dataclass(frozen=True)
class Quantity:
    """Something that trials have a number for."""

    name: str
    is_lower_better: bool
    value: Callable[[SomeTrial], float | None]
    text: Callable[[float], str]

    def axis(self, trials: Sequence[SomeTrial]) -> Axis:
        text = (lambda value: f"{100 * value:.4g} %") if self.name == "accuracy" else self.text
        way = "less is better" if self.is_lower_better else "more is better"
        return Axis(f"{measure(self.name).label} ({way})", [self.of(trial) for trial in trials], text)

    def of(self, trial: SomeTrial) -> float:
        found = self.value(trial)
        assert found is not None
        return found

    def is_known(self, trial: SomeTrial) -> bool:
        found = self.value(trial)
        return found is not None and math.isfinite(found)


def goals(study: View) -> list[Quantity]:
    """What the search is for."""
    found = []
    for index, (title, way) in enumerate(zip(study.said["goals"], study.directions, strict=True)):
        name = title.partition(" ")[2]
        is_measure = any(name in _numbers(trial) for trial in study.trials()[:100])
        text = partial(number_text, name) if is_measure else _plain
        found.append(Quantity(name, way == Direction.MINIMIZE, partial(_nth_value, index), text))
    return found


def front_charts(study: View, best: Sequence[SomeTrial]) -> Iterator[Content]:
    """Each other goal against the first; of one goal, what it weighs against each other."""
    of = goals(study)
    if study.is_single:
        x, y = _tradeoff(study, of[0])
        trials = _with(study, x, y)
        if trials:
            yield _front_chart(study, trials, x, y, _front(trials, x, y), best)
            yield tag(
                "p",
                f"No other network beats those on the line in {y.name} without losing in {x.name}. "
                "The full point is the best by the objective.",
                class_="note",
            )
        return
    y = next((goal for goal in of if not goal.is_lower_better), of[0])
    for x in of:
        if x is not y and (trials := _with(study, x, y)):
            yield _front_chart(study, trials, x, y, best, [])
    if len(of) > 2:
        yield tag("p", "The front is that of all goals: what it loses in one chart it wins in another.", class_="note")


def history_charts(study: View) -> Iterator[Content]:
    """The values of each goal by trial, with the best so far."""
    for goal in goals(study):
        trials = [trial for trial in _complete(study) if goal.is_known(trial)]
        if not trials:
            continue
        sign = 1 if goal.is_lower_better else -1
        line = [(float(trials[0].number), goal.of(trials[0]))]
        for trial in trials:
            if sign * goal.of(trial) < sign * line[-1][1]:
                line.append((float(trial.number), goal.of(trial)))
        line.append((float(trials[-1].number), line[-1][1]))
        points = [Point(trial.number, goal.of(trial), tooltip(study, trial)) for trial in trials]
        x = Axis("trial", [point.x for point in points], lambda value: f"{value:,.0f}")
        description = f"{goal.name} of {len(trials):,} trials in their order, with the best so far as a line"
        yield chart(description, x, goal.axis(trials), points, line, is_history=True, falls=True)


def tooltip(study: View, trial: SomeTrial) -> str:
    """A trial in a line."""
    numbers = _numbers(trial)
    known = [f"{name} {number_text(name, numbers[name])}" for name in columns(study, [trial])]
    if study.is_single:
        known.insert(0, f"objective {trial.values[0]:.4g}")
    return f"trial {trial.number}: {', '.join(known)}"


def _front_chart(
    study: View, trials: Sequence[SomeTrial], x: Quantity, y: Quantity,
    front: Sequence[SomeTrial], winners: Sequence[SomeTrial],
) -> Content:  # fmt: skip
    on_front = {trial.number for trial in front}
    won = {trial.number for trial in winners}
    points = [
        Point(
            x.of(trial), y.of(trial), tooltip(study, trial),
            str(trial.number) if trial.number in on_front | won else None, trial.number in won,
        )
        for trial in trials
    ]  # fmt: skip
    has_line = len(study.directions) <= 2
    steps = sorted((x.of(trial), y.of(trial)) for trial in trials if trial.number in on_front) if has_line else []
    description = f"{y.name} against {x.name} of {len(trials):,} networks; those of the front have their numbers"
    return chart(description, x.axis(trials), y.axis(trials), points, steps, falls=x.is_lower_better)


def _tradeoff(study: View, goal: Quantity) -> tuple[Quantity, Quantity]:
    """What costs, and what is had for it: the accuracy if there is one, else the objective."""
    names = dict.fromkeys(name for trial in study.trials()[:100] for name in _numbers(trial))
    y = _measured("accuracy", is_lower_better=False) if "accuracy" in names and goal.name != "accuracy" else goal
    costs = [name for start in _COSTS for name in names if name.startswith(start) and name != goal.name]
    return _measured(costs[0] if costs else "params", is_lower_better=True), y


def _front(trials: Sequence[SomeTrial], x: Quantity, y: Quantity) -> list[SomeTrial]:
    sign = 1 if y.is_lower_better else -1
    found: list[SomeTrial] = []
    for trial in sorted(trials, key=lambda one: (x.of(one), sign * y.of(one))):
        if not found or sign * y.of(trial) < sign * y.of(found[-1]):
            found.append(trial)
    return found


def _with(study: View, *quantities: Quantity) -> list[SomeTrial]:
    """The first trial of each network that has these."""
    first: dict[str, SomeTrial] = {}
    for trial in _complete(study):
        if all(one.is_known(trial) for one in quantities):
            first.setdefault(network_of(trial), trial)
    return list(first.values())


def _complete(study: View) -> list[SomeTrial]:
    return [trial for trial in study.trials() if trial.state == State.COMPLETE]


def _measured(name: str, *, is_lower_better: bool) -> Quantity:
    return Quantity(name, is_lower_better, lambda trial: _numbers(trial).get(name), partial(number_text, name))


def _nth_value(index: int, trial: SomeTrial) -> float | None:
    return trial.values[index] if trial.state == State.COMPLETE else None


def _plain(value: float) -> str:
    return f"{value:.4g}"


def _numbers(trial: SomeTrial) -> Mapping[str, float]:
    found: Mapping[str, float] = result_of(trial).get("numbers", {})
    return found
