"""Studies that cannot be started or joined: folders, storages, names, versions, packages."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from archdsl.search.study import Study
from tests.errors.showing import Case, Printed, command

SPACE = """model net {
  input = 3 x 16 x 16
  stem = conv_norm_act({8, 16})
  objective = params
}
"""
# A space whose choice is in another file.
USES = 'use "blocks.arch"\n\nmodel net {\n  input = 3 x 16 x 16\n  stem = unit()\n  objective = params\n}\n'
BLOCKS = "block unit() {\n  out = in -> conv({8, 16})\n}\n"
START = "search net.arch --out study --trials 2 --algorithm random"


def search(line: str, *before: str) -> Case:
    """A command line, after others that are fine."""

    def run() -> Printed:
        result = Printed()
        for one in (*before, line):
            result = command(one, net_arch=SPACE)()  # type: ignore[assignment]
        return result

    return run


def not_empty() -> object:
    Path("study").mkdir()
    Path("study/thesis.tex").touch()
    return search(START)()


def a_file() -> object:
    Path("study").touch()
    return search(START)()


def noted(**facts: object) -> Case:
    """Joins a study that says something else of itself."""

    def run() -> object:
        search(f"{START} --jobs 0")()
        study = Study.join(Path("study"), None, None)
        study.optuna.set_user_attr("archdsl", {**study.said, **facts})
        return search("search --join --out study")()

    return run


def without(package: str, line: str) -> Callable[[pytest.MonkeyPatch], object]:
    def run(monkeypatch: pytest.MonkeyPatch) -> object:
        monkeypatch.setitem(sys.modules, package, None)
        return search(line)()

    return run


def nothing_found() -> object:
    """All trials fail: the objective is too large a number."""
    return search(f"{START} --objective params**100")()


def edited() -> object:
    search(f"{START} --quiet")()
    Path("study/best.arch").write_text("# mine\n")
    return search("search page study")()


def edited_space() -> object:
    search(f"{START} --jobs 0")()
    Path("study/spec/net.arch").write_text(SPACE.replace("16})", "24})"))
    return search("search --join --out study")()


CASES: dict[str, Case] = {
    "StudyDamaged": noted(texts=[]),
    "EditedSpace": edited_space,
    "StudyExists": search(START, f"{START} --jobs 0"),
    "NoStudy": search("search --join --out study"),
    "FolderNotEmpty": not_empty,
    "NoNameOfStudy": search(f"{START} --study {'a' * 300}"),
    "OtherStudy": search("search --join --out study --storage sqlite:///other.db", f"{START} --jobs 0"),
    "StorageFails": search(f"{START} --storage sqlite:////nowhere/study.db"),
    "OtherVersion": noted(format=0),
    "OtherArchdsl": noted(version="0.0.1"),
    "CannotSave": a_file,
    "NothingFound": nothing_found,
    "EditedNetwork": edited,
    "NoFilesOfNetworks": command(START, net_arch=USES, blocks_arch=BLOCKS),
}
PATCHED: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "MissingOfSearch": without("optuna", START),
    "MissingDriver": without("psycopg", f"{START} --storage postgresql://host/database"),
}
