"""The best networks of a study as files of the language, each with where it comes from."""

from __future__ import annotations

from pathlib import Path

from optuna.trial import FrozenTrial

from archdsl.search.errors import CannotSave, NothingFound
from archdsl.search.study import Study, network_of, result_of
from archdsl.search.summary import columns, number_text
from archdsl.spaces import freeze
from archdsl.training import atomic

BEST, FRONT = "best.arch", "front"


def write_winners(study: Study) -> list[Path]:
    """Writes the best network, or those of the front. Raises DiagnosticError where there are none."""
    trials = study.best()
    if not trials:
        raise NothingFound(str(study.folder)).error()
    paths = []
    try:
        if study.is_single:
            paths.append(_write(study, trials[0], study.folder / BEST))
        else:
            (study.folder / FRONT).mkdir(exist_ok=True)
            for old in (study.folder / FRONT).glob("trial_*.arch"):
                old.unlink()
            for trial in trials:
                paths.append(_write(study, trial, study.folder / FRONT / f"trial_{trial.number:06d}.arch"))
    except OSError as error:
        raise CannotSave(str(study.folder), (error.strerror or str(error)).lower()).error() from None
    return paths


def frozen(study: Study, trial: FrozenTrial, target: Path) -> str:
    """The text of the network of a trial as a file `target`, which need not be there. Raises DiagnosticError."""
    sample = study.space.numbered(int(network_of(trial)))
    return freeze(study.space, sample, target, lineage(study, trial))


def lineage(study: Study, trial: FrozenTrial) -> list[str]:
    """Where a network comes from, in lines of text."""
    numbers = result_of(trial).get("numbers", {})
    known = ", ".join(f"{name} {number_text(name, numbers[name])}" for name in columns(study, [trial]))
    settings = study.settings
    lines = [
        f"Found by `archdsl search`, study {study.name}: trial {trial.number}, "
        f"network {network_of(trial)} of `{study.space.name}`.",
        f"Objective: {study.said['objective']}",
        f"Algorithm: {settings.algorithm}, seed {settings.seed}, {settings.trials:,} trials.",
        f"In the search: {known}.",
    ]
    if settings.recipe is not None or settings.data is not None:
        recipe = f"recipe {settings.recipe}" if settings.recipe else "its recipe"
        lines.append(f"Trained by {recipe} on {settings.data}, {settings.validation:.0%} of it held back.")
    return lines


def _write(study: Study, trial: FrozenTrial, path: Path) -> Path:
    atomic.write(path, frozen(study, trial, path).encode())
    return path
