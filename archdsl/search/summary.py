"""What a study has come to, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from archdsl.backends.pareto.measures import measure
from archdsl.backends.table import aligned
from archdsl.backends.units import duration
from archdsl.elaborate.resolve.objectives import COUNTS
from archdsl.search.outcomes import WORKER, counts, network_of, result_of
from archdsl.search.progress import Progress
from archdsl.search.reruns import INTERRUPTED, SURPLUS, history
from archdsl.search.trials import SomeTrial, State
from archdsl.search.view import View
from archdsl.search_space.open_models import counted

FORMAT_VERSION = "1.0"
# Best networks that a table shows.
_MOST = 20
# So many networks may be alike by chance.
_FEW = 5
# Reasons of failures that are shown, the most frequent first.
_MOST_REASONS = 5
# What is said of trials that did not simply end with a value.
_STATES = {
    "running": "running",
    "waiting": "waiting to be run again",
    "stopped": "stopped early",
    "failed": "failed",
    "pruned": "pruned by `require` lines (not counted)",
    "lost": "lost with their workers (not counted)",
    "interrupted": "interrupted (not counted)",
}


def state_of(trial: SomeTrial) -> str:
    """What became of a trial, in a word."""
    what = result_of(trial).get("what")
    if trial.state == State.PRUNED or what in (SURPLUS, INTERRUPTED):
        return str(what)
    words: dict[int, str] = {State.COMPLETE: "complete", State.RUNNING: "running", State.WAITING: "waiting"}
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


def columns(study: View, trials: Sequence[SomeTrial]) -> list[str]:
    """The numbers of trials that are shown: what the objective speaks of, and the size."""
    known = {name: None for trial in trials for name in result_of(trial).get("numbers", {})}
    counts_ = [name for name in COUNTS if name in ("params", "macs") or name in study.said["speaks_of"]]
    return [name for name in known if name not in COUNTS] + [name for name in counts_ if name in known]


def states_text(trials: Sequence[SomeTrial], wanted: int) -> str:
    """What became of trials, in a line."""
    states = [state_of(trial) for trial in trials]
    further = [f"{states.count(state):,} {meaning}" for state, meaning in _STATES.items() if state in states]
    return ", ".join([f"{counts(trials).finished:,} of {wanted:,} trials", *further])


def as_text(study: View) -> str:
    """How far a study is, who is at work on it, and its best networks."""
    trials, settings = study.trials(), study.settings
    lines = [
        f"{study.name}: {', '.join(study.said['goals'])} among {counted(study.space.size)} networks, "
        f"by {settings.algorithm}, seed {settings.seed}",
        states_text(trials, settings.trials),
        *_progress_lines(Progress(trials, settings.trials), study),
    ]
    lines += alike(study)
    best = study.best()
    if best:
        lines += ["", table(study, best[:_MOST])]
        if len(best) > _MOST:
            lines.append(f"and {len(best) - _MOST} more on the front")
    else:
        lines.append("no trial has a value so far")
    return "\n".join(lines)


def alike(study: View) -> list[str]:
    """Goals that came to the same for all networks, so that they tell none from another."""
    complete = {network_of(trial): trial.values for trial in study.trials() if trial.state == State.COMPLETE}
    if len(complete) < _FEW:
        return []
    return [
        f"all {len(complete):,} networks are as good for {title}: it is {values[0]:.4g} for each, and tells none from "
        "another"
        for title, values in zip(study.said["goals"], zip(*complete.values(), strict=True), strict=True)
        if len(set(values)) == 1
    ]


def _progress_lines(progress: Progress, study: View) -> Iterator[str]:
    """Why trials failed, who is at work and since when, and what is left to do."""
    now = datetime.now()
    for what, word in (("failed", "failed"), ("pruned", "pruned")):
        for why, count in progress.reasons(what)[:_MOST_REASONS]:
            yield f"  {count:,} {word}: {why}"
    if progress.last is not None and progress.last.datetime_complete is not None:
        each = progress.seconds_a_trial
        took = f"; a trial takes {_span(each)}" if each is not None else ""
        yield f"last trial: {progress.last.number}, {_ago(progress.last.datetime_complete, now)}{took}"
    for worker in progress.workers:
        yield f"at work: {worker.name} since {_span((now - worker.since).total_seconds())}, on trial {worker.trial}"
    if progress.seconds_left is not None:
        yield f"about {_span(progress.seconds_left)} left"
    elif not progress.workers and len(progress.ended) < progress.wanted:
        yield f"nobody is at work on it; go on with `archdsl search --join --out {study.folder}`"


def _ago(then: datetime, now: datetime) -> str:
    """`16:32:05, 3 min ago`: with the day where it was another."""
    day = "%Y-%m-%d %H:%M:%S" if then.date() != now.date() else "%H:%M:%S"
    return f"{then.strftime(day)}, {_span((now - then).total_seconds())} ago"


def _span(seconds: float) -> str:
    """A time in one or two units: `0.4 s`, `12 s`, `3 min 10 s`, `2 h 5 min`, `3 d 4 h`."""
    seconds = max(0.0, seconds)
    if seconds < 1:
        return duration(seconds) if seconds > 0 else "0 s"
    if seconds < 10:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    for (large, size), (small, part) in pairwise((("d", 86400), ("h", 3600), ("min", 60), ("s", 1))):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {large} {rest} {small}" if rest else f"{whole // size} {large}"
    return f"{whole} s"


def table(study: View, trials: Sequence[SomeTrial]) -> str:
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


def as_json(study: View) -> str:
    """All trials with their numbers; times are in seconds, accuracies from 0 to 1."""
    trials, best = study.trials(), {trial.number for trial in study.best()}
    return json.dumps(
        {
            "format_version": FORMAT_VERSION,
            "study": study.name,
            "space": study.space.name,
            "networks": str(study.space.size),
            "objective": study.said["objective"],
            "goals": study.said["goals"],
            "settings": study.settings.model_dump(mode="json"),
            **_progress(Progress(trials, study.settings.trials)),
            "trials": [_trial(trial, trial.number in best) for trial in trials],
        },
        indent=2,
        ensure_ascii=False,
    )


def _progress(progress: Progress) -> dict[str, Any]:
    last, states = progress.last, Counter(map(state_of, progress.trials))
    return {
        "finished": len(progress.ended),
        "states": dict(states),
        "failed": [{"why": why, "trials": count} for why, count in progress.reasons("failed")],
        "workers": [
            {"name": one.name, "since": _moment(one.since), "trial": one.trial, "began": _moment(one.began)}
            for one in progress.workers
        ],
        "last_trial": last and {"number": last.number, "ended": _moment(last.datetime_complete)},
        "seconds_a_trial": progress.seconds_a_trial,
        "seconds_left": progress.seconds_left,
    }


def _moment(moment: datetime | None) -> str | None:
    """A time of the clock of the machine that noted it, in ISO 8601."""
    return moment.isoformat(timespec="seconds") if moment is not None else None


def _trial(trial: SomeTrial, is_best: bool) -> dict[str, Any]:
    result = result_of(trial)
    found: dict[str, Any] = {"number": trial.number, "state": state_of(trial)}
    for name in ("network", "seconds", "why"):
        if name in result:
            found[name] = result[name]
    if trial.state == State.COMPLETE:
        found |= {"values": list(trial.values), "is_best": is_best, "numbers": result.get("numbers", {})}
    if history(trial):
        found["repeats"] = list(history(trial))
    return {**found, "choices": trial.params, "worker": trial.user_attrs.get(WORKER)}
