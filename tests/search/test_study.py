"""Studies: started, joined, and what stands in the way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from optuna.trial import TrialState

from archdsl.cli.main import main as archdsl
from archdsl.search.outcomes import network_of
from archdsl.search.study import Study
from tests.search.studies import COSTS, check, created, networks, opened, run

FEW = (*COSTS, "--trials", "4")


def search(*words: object) -> int:
    return archdsl(["search", *map(str, words)])


def test_a_study_is_joined_from_another_folder_by_its_storage_alone(
    space: Path, tmp_path: Path, postgresql: str
) -> None:
    study = created(space, tmp_path / "first", postgresql, *FEW)
    space.unlink()
    assert search("--join", "--storage", postgresql, "--out", tmp_path / "second", "--quiet") == 0
    check(study)
    assert networks(opened(tmp_path / "second")) == networks(study)
    assert search("status", tmp_path / "second") == 0
    assert (tmp_path / "second" / "spec" / "space.arch").read_text() == study.texts["space.arch"]


def test_a_database_holds_many_studies_of_all_names(space: Path, tmp_path: Path, storage: str | None) -> None:
    storage = storage or f"sqlite:///{tmp_path}/shared.db"
    names = ['it\'s "one"; drop table trials', "größe/64", "-x", "a" * 200, "..", "%s {x}"]
    for number, name in enumerate(names):
        where = ["--out", tmp_path / str(number), "--storage", storage, f"--study={name}"]
        assert search(space, *where, "--jobs", 0, *COSTS, "--trials", number + 1) == 0
    for number, name in enumerate(names):
        study = opened(tmp_path / str(number))
        assert study.name == Study.join(tmp_path / f"joined {number}", storage, name).name == name
        assert study.settings.trials == number + 1
    assert search("--join", "--out", tmp_path / "3", "--quiet") == 0
    check(opened(tmp_path / "3"))
    assert opened(tmp_path / "4").trials() == []


def test_a_study_that_nobody_works_on_yet(space: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a study"
    assert search(space, "--out", folder, "--jobs", "0", *FEW) == 0
    assert capsys.readouterr().err == f"nobody works on it yet: `archdsl search --join --out '{folder}'`\n"
    assert opened(folder).trials() == []
    assert search("--join", "--out", folder, "--quiet") == 0
    check(opened(folder))


def test_what_stands_in_a_folder_is_left_alone(space: Path, tmp_path: Path, postgresql: str) -> None:
    study = created(space, tmp_path / "study", postgresql, *FEW)
    before = (study.folder / "study.json").read_bytes()
    other = ["--storage", postgresql, "--study", "other"]
    assert search(space, "--out", study.folder, *other, *FEW) == 2
    created(space, tmp_path / "other", postgresql, *FEW, "--study", "other")
    assert search("--join", "--out", study.folder, *other) == 2
    assert (study.folder / "study.json").read_bytes() == before


def test_a_study_that_cannot_be_started_leaves_nothing(space: Path, tmp_path: Path) -> None:
    assert search(space, "--out", tmp_path / "study", "--storage", "postgresql://127.0.0.1:1/db", *FEW) == 2
    assert not (tmp_path / "study").exists()


def test_another_version_of_archdsl_is_said(space: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = created(space, tmp_path / "study", None, *FEW)
    study.optuna.set_user_attr("archdsl", {**study.said, "version": "0.0.1"})
    assert search("--join", "--out", study.folder, "--quiet") == 0
    assert "warning" in (errors := capsys.readouterr().err)
    assert "the study was started by archdsl 0.0.1" in errors


def test_a_full_disk_is_one_line_and_loses_no_network(space: Path, tmp_path: Path) -> None:
    study = created(space, tmp_path / "study", None, *COSTS, "--trials", 30)
    size = sum(path.stat().st_size for path in study.folder.glob("study.db*"))
    limited = (
        "import resource, signal, sys; from archdsl.cli.main import main; "
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 40_000},) * 2); "
        "sys.exit(main(['search', '--join', '--quiet', '--out', sys.argv[1]]))"
    )
    done = subprocess.run([sys.executable, "-c", limited, study.folder], capture_output=True, text=True)
    assert done.returncode == 2
    assert f"error[ARC901]: the storage {study.folder}/study.db cannot be used: " in done.stderr
    assert "Traceback" not in done.stderr
    begun = {network_of(trial) for trial in opened(study.folder).trials() if trial.state is TrialState.COMPLETE}
    assert run("--join", "--out", study.folder, "--quiet").returncode == 0
    check(opened(study.folder))
    assert begun <= set(networks(opened(study.folder)))


@pytest.mark.parametrize(
    ("missing", "words", "message"),
    [
        ("optuna", "--objective params", "a search needs Optuna"),
        ("psycopg", "--objective params --storage postgresql://h/d", "this storage needs the package psycopg"),
    ],
)
def test_a_missing_package_is_named(missing: str, words: str, message: str, space: Path, tmp_path: Path) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None; from archdsl.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "search", space, "--out", tmp_path / "study", *words.split()]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "study").exists()
