"""The best networks of a study as files of the language, each with where it comes from."""

from __future__ import annotations

import os
import re
from pathlib import Path

from archdsl.diagnostics import Diagnostic, DiagnosticError
from archdsl.file_errors import reason_of
from archdsl.search.errors import CannotSave, EditedNetwork, NoFilesOfNetworks, NothingFound
from archdsl.search.folder import SPEC
from archdsl.search.outcomes import network_of, result_of
from archdsl.search.summary import columns, number_text
from archdsl.search.trials import SomeTrial
from archdsl.search.view import View
from archdsl.search_space.frozen import elsewhere
from archdsl.search_space.space import Space
from archdsl.spaces import freeze
from archdsl.training import atomic

BEST, FRONT = "best.arch", "front"
_TRIAL = re.compile(r"^## Found by `archdsl search`, study .*: trial (\d{1,9}),", re.MULTILINE)


def write_winners(study: View) -> list[Path]:
    """Writes the best network, or those of the front, and removes files of networks that are no longer among them.

    Raises DiagnosticError where there are none, and before anything is written where a file that is there is not what
    a search wrote: somebody has edited it.
    """
    trials = study.best()
    if not trials:
        raise NothingFound(str(study.folder)).error()
    try:
        texts = {file_of(study, trial): frozen(study, trial, file_of(study, trial)) for trial in trials}
        old = [path for path in (study.folder / FRONT).glob("trial_*.arch") if path not in texts]
        for path in (*old, *texts):
            if path.is_file() and not _is_of_search(study, path):
                raise EditedNetwork(str(path), str(study.folder)).error()
        copies = {} if study.is_single else _used(study)
        for path, content in copies.items():
            if path.is_file() and path.read_bytes() != content:
                raise EditedNetwork(str(path), str(study.folder)).error()
        for path, content in {**copies, **{path: text.encode() for path, text in texts.items()}}.items():
            path.parent.mkdir(exist_ok=True, parents=True)
            atomic.write(path, content)
        for path in old:
            path.unlink(missing_ok=True)  # workers that end at once write the same, and remove the same
    except OSError as error:
        raise CannotSave(str(study.folder), reason_of(error)).error() from None
    return list(texts)


def file_of(study: View, trial: SomeTrial) -> Path:
    """Where the network of a trial is written."""
    return study.folder / (BEST if study.is_single else f"{FRONT}/trial_{trial.number:06d}.arch")


def frozen(study: View, trial: SomeTrial, target: Path) -> str:
    """The text of the network of a trial as a file `target`, which need not be there. Raises DiagnosticError."""
    sample = study.space.numbered(int(network_of(trial)))
    # A file uses others of its own folder, or of folders in it: those of a front have copies there.
    return freeze(study.space, sample, study.folder / target.name, lineage(study, trial))


def _used(study: View) -> dict[Path, bytes]:
    """Copies, for the networks of a front, of the files that the space uses besides its own."""
    own, space = study.folder / SPEC, Path(os.path.abspath(study.space.source.name))
    others = [path for path in sorted(own.rglob("*.arch")) if Path(os.path.abspath(path)) != space]
    return {study.folder / FRONT / path.relative_to(study.folder): path.read_bytes() for path in others}


def lineage(study: View, trial: SomeTrial) -> list[str]:
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


def without_files(space: Space) -> list[Diagnostic]:
    """Warns that the best networks cannot be written, where they cannot: it is good to know before a search."""
    choices = elsewhere(space)
    return [NoFilesOfNetworks(choices[0].place, str(choices[0].node.span)).at(None)] if choices else []


def _is_of_search(study: View, path: Path) -> bool:
    """Whether a file is as a search wrote it: the network of the trial that it says it is of."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:  # a worker that ends at the same time has removed it
        return True
    trials = study.trials()
    for found in _TRIAL.finditer(text):
        number = int(found[1])
        if number < len(trials) and network_of(trials[number]):
            try:
                return frozen(study, trials[number], path) == text
            except DiagnosticError:
                return False
    return False
