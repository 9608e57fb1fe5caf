"""How much each choice of a space matters for the goals of a study."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import cast

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from archdsl.search.page.charts import bars
from archdsl.search.page.markup import Content, tag
from archdsl.search.view import View

# PED-ANOVA compares the best trials with all: it takes so many of the best, and these must be a part of all.
_LEAST_BEST, _LEAST, _BEST_PART = 5, 10, 0.1
# Of so many trials the last ones: more would take long, and say the same.
_MOST = 2000
_MOST_SHOWN = 30


def importance_parts(study: View) -> Iterator[Content]:
    """The importance of the choices as bars, with how it was computed; or why there is none."""
    # A page is of a study that is open, whose trials are Optuna's.
    trials = [cast("FrozenTrial", trial) for trial in study.trials() if trial.state == TrialState.COMPLETE][-_MOST:]
    if len(trials) < _LEAST:
        yield tag(
            "p", f"Left out: it takes {_LEAST} trials with values to say anything, and there are {len(trials)}.",
            class_="note",
        )  # fmt: skip
        return
    part = max(_BEST_PART, _LEAST_BEST / len(trials))
    try:
        found = _importance(study, trials, part)
    except (ValueError, RuntimeError, ZeroDivisionError) as error:
        yield tag("p", f"Left out: it cannot be computed from these trials ({error}).", class_="note")
        return
    shown = [(name, value) for name, value in found.items() if value > 0][:_MOST_SHOWN]
    if not shown:
        yield tag("p", "Left out: no choice sets the best trials apart from the others.", class_="note")
        return
    yield bars("The importance of each choice, which add up to 100 %", shown)
    rest = len(found) - len(shown)
    yield tag(
        "p",
        f"By PED-ANOVA (Watanabe, Bansal and Hutter, 2023) of {len(trials):,} trials with values: how far what the "
        f"best {part:.0%} of them take at a choice differs from what all of them take."
        + (" Of so few trials it is rough." if len(trials) < 100 else "")
        + (f" {rest} further choices matter less, or not at all." if rest else ""),
        class_="note",
    )


def _importance(study: View, trials: list[FrozenTrial], part: float) -> Mapping[str, float]:
    # Late: it imports scikit-learn, which takes seconds, and a short study has no importance to show.
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    copy = optuna.create_study(directions=[StudyDirection(way) for way in study.directions])
    copy.add_trials(trials)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return get_param_importances(copy, evaluator=PedAnovaImportanceEvaluator(target_quantile=part))
