"""What a study has come to, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from archdsl.backends.pareto.measures import measure
from archdsl.backends.table import aligned
from archdsl.backends.units import duration
from archdsl.elaborate.resolve.objectives import COUNTS
from archdsl.search.repeats import INTERRUPTED, SURPLUS, history
from archdsl.search.study import WORKER, Study, counts, network_of, result_of
from archdsl.search_space.open_models import counted

FORMAT_VERSION = "1.0"
# Best networks that a table shows.
_MOST = 20


def state_of(trial: FrozenTrial) -> str:
    """What became of a trial, in a word."""
    what = result_of(trial).get("what")
    if trial.state is TrialState.PRUNED or what in (SURPLUS, INTERRUPTED):
        return str(what)
    words = {TrialState.COMPLETE: "complete", TrialState.RUNNING: "running", TrialState.WAITING: "waiting"}
    return words.get(trial.state, "lost")


def number_text(name: str, value: float) -> str:
    """A number of a network as people read it."""
    if name == "accuracy":
        return f"{100 * value:.2f} %"
    if name.startswith(("latency", "step_time")):
        return duration(value)
    if name.startswith("memory"):
        return measure("memory").text(value)
    return measure(name).text(value)


def columns(study: Study, trials: Sequence[FrozenTrial]) -> list[str]:
    """The numbers of trials that are shown: what the objective speaks of, and the size."""
    known = {name: None for trial in trials for name in result_of(trial).get("numbers", {})}
    counts_ = [name for name in COUNTS if name in ("params", "macs") or name in study.said["speaks_of"]]
    return [name for name in known if name not in COUNTS] + [name for name in counts_ if name in known]


def as_text(study: Study) -> str:
    """The size of a study, and its best networks."""
    trials = study.trials()
    found, settings = counts(trials), study.settings
    lines = [
        f"{study.name}: {found.finished:,} of {settings.trials:,} trials, by {settings.algorithm}, "
        f"seed {settings.seed}",
        f"for {', '.join(study.said['goals'])}, among {counted(study.space.size)} networks",
    ]
    states = [state_of(trial) for trial in trials]
    for state, meaning in (
        ("running", "at work"),
        ("waiting", "waiting to be run again"),
        ("stopped", "stopped early"),
        ("failed", "without a value, for the network cannot be built or trained"),
        ("pruned", "pruned by `require` lines, which do not count"),
        ("lost", "lost by their workers, which do not count"),
        ("interrupted", "interrupted, which do not count"),
    ):
        if states.count(state):
            lines.append(f"{states.count(state):,} {meaning}")
    workers = {str(trial.user_attrs[WORKER]) for trial in trials if WORKER in trial.user_attrs}
    if len(workers) > 1:
        lines.append(f"{len(workers)} workers")
    best = study.best()
    if best:
        lines += ["", table(study, best[:_MOST])]
        if len(best) > _MOST:
            lines.append(f"and {len(best) - _MOST} more on the front")
    return "\n".join(lines)


def table(study: Study, trials: Sequence[FrozenTrial]) -> str:
    """A row for each trial: its number, its values and what else is known of its network."""
    names = columns(study, trials)
    goals = [] if not study.is_single else ["objective"]
    rows = [
        [
            str(trial.number),
            *([f"{trial.values[0]:.4g}"] if goals else []),
            *(number_text(name, numbers[name]) if name in numbers else "-" for name in names),
            network_of(trial),
        ]
        for trial in trials
        for numbers in [result_of(trial).get("numbers", {})]
    ]
    labels = [measure(name).label for name in names]
    return aligned(["trial", *goals, *labels, "network"], rows, ">" * (1 + len(goals) + len(names) + 1))


def as_json(study: Study) -> str:
    """All trials with their numbers; times are in seconds, accuracies from 0 to 1."""
    best = {trial.number for trial in study.best()}
    return json.dumps(
        {
            "format_version": FORMAT_VERSION,
            "study": study.name,
            "space": study.space.name,
            "networks": str(study.space.size),
            "objective": study.said["objective"],
            "goals": study.said["goals"],
            "settings": study.settings.model_dump(mode="json"),
            "trials": [_trial(trial, trial.number in best) for trial in study.trials()],
        },
        indent=2,
        ensure_ascii=False,
    )


def _trial(trial: FrozenTrial, is_best: bool) -> dict[str, Any]:
    result = result_of(trial)
    found: dict[str, Any] = {"number": trial.number, "state": state_of(trial)}
    for name in ("network", "seconds", "why"):
        if name in result:
            found[name] = result[name]
    if trial.state is TrialState.COMPLETE:
        found |= {"values": list(trial.values), "is_best": is_best, "numbers": result.get("numbers", {})}
    if history(trial):
        found["repeats"] = list(history(trial))
    return {**found, "choices": trial.params, "worker": trial.user_attrs.get(WORKER)}
