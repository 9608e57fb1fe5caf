"""The page of a study as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import optuna

from archdsl.file_errors import reason_of
from archdsl.search.errors import CannotSave
from archdsl.search.outcomes import counts
from archdsl.search.page.figures import front_charts, history_charts
from archdsl.search.page.importance import importance_parts
from archdsl.search.page.markup import Content, page, tag
from archdsl.search.page.networks import network_parts
from archdsl.search.page.trials_table import trials_table
from archdsl.search.summary import alike, states_text
from archdsl.search.trials import SomeTrial
from archdsl.search.view import View
from archdsl.search_space.open_models import counted
from archdsl.training import atomic
from archdsl.version import __version__

PAGE = "search.html"
_STYLE = Path(__file__).with_name("page.css")
# Networks of a front of which the tables are shown.
_MOST_NETWORKS = 5


def write_page(study: View) -> Path:
    """Writes the page into the folder of a study. Raises DiagnosticError."""
    path = study.folder / PAGE
    try:
        atomic.write(path, as_html(study).encode())
    except OSError as error:
        raise CannotSave(str(study.folder), reason_of(error)).error() from None
    return path


def as_html(study: View) -> str:
    """The page: one text, which loads nothing and runs nothing. All text in it is escaped."""
    return page(f"{study.name}: search", _STYLE.read_text(encoding="utf-8"), _body(study))


def _body(study: View) -> Iterator[Content]:
    best = study.best()
    so_far = "" if counts(study.trials()).finished >= study.settings.trials else " so far"
    yield tag("h1", study.name)
    yield tag("p", f"What a search found{so_far}: {states_text(study.trials(), study.settings.trials)}.")
    yield from (tag("p", f"{line[:1].upper()}{line[1:]}.") for line in alike(study))
    yield _facts(study)
    if not best:
        yield tag("p", "No trial has a value so far.")
    else:
        yield tag("h2", "The best" if study.is_single else f"The front: {len(best):,} networks")
        yield from front_charts(study, best)
        yield tag("h2", "History")
        yield from history_charts(study)
        yield tag("h2", "Importance of the choices")
        yield from importance_parts(study)
        yield from _networks(study, best)
    yield tag("h2", "Trials")
    yield from trials_table(study, best)
    made = datetime.now().strftime("%Y-%m-%d %H:%M")
    yield tag("footer", f"archdsl {__version__}, Optuna {optuna.__version__}, {made}")


def _facts(study: View) -> Content:
    settings = study.settings
    facts = {
        "space": f"{study.space.name} of {settings.spec}, {counted(study.space.size)} networks",
        "objective": study.said["objective"],
        "goals": ", ".join(study.said["goals"]),
        "algorithm": f"{settings.algorithm}, seed {settings.seed}",
    }
    if settings.data is not None:
        held = f", {settings.validation:.0%} of the training images held back to judge by"
        facts["data"] = f"{settings.data}{held if settings.recipe or 'accuracy' in study.said['speaks_of'] else ''}"
    if "accuracy" in study.said["speaks_of"]:
        facts["recipe"] = ", ".join([settings.recipe or "the only one of the file", *settings.set])
    if settings.stop_early != "none":
        facts["stopped early"] = f"by {settings.stop_early}"
    if settings.measure is not None:
        facts["times"] = f"measured, {settings.measure}"
    elif settings.device is not None:
        facts["device"] = settings.device
    return tag("dl", *([tag("dt", name), tag("dd", text)] for name, text in facts.items()))


def _networks(study: View, best: Sequence[SomeTrial]) -> Iterator[Content]:
    shown = _spread(best, _MOST_NETWORKS)
    yield tag("h2", "The network" if study.is_single else "Networks of the front")
    if len(shown) < len(best):
        yield tag("p", f"{len(shown)} of {len(best):,}, from one end to the other.", class_="note")
    for trial in shown:
        yield from network_parts(study, trial)


def _spread(trials: Sequence[SomeTrial], most: int) -> list[SomeTrial]:
    """So many of them at most, the first and the last among them."""
    if len(trials) <= most:
        return list(trials)
    return [trials[round(number * (len(trials) - 1) / (most - 1))] for number in range(most)]
