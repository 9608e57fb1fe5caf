"""A study read by the driver of its database alone: what it is, and when it has to be opened instead."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import text

from archdsl.diagnostics import DiagnosticError
from archdsl.search.glance import glance
from archdsl.search.outcomes import RESULT, WORKER
from archdsl.search.reruns import SURPLUS
from archdsl.search.study import Study
from archdsl.search.summary import as_json, as_text
from tests.search.studies import COSTS, created, opened, run

# Prints which modules a command has imported, after what it says.
COMMAND = "import sys; from archdsl.cli.main import main; main(sys.argv[1:]); print(*sys.modules)"
# Seconds that no test waits for.
GRACE = 500
LONG = ("--grace", GRACE)


def seen(study: Study, *, choices: bool = True):  # type: ignore[no-untyped-def]
    return glance(study.folder, None, None, choices=choices)


def test_it_says_what_the_study_says(space: Path, tmp_path: Path, storage: str | None) -> None:
    study = created(space, tmp_path / "study", storage, *COSTS, "--trials", 12)
    assert run("--join", "--out", study.folder).returncode == 0
    study = opened(study.folder)
    found = seen(study)
    assert found is not None
    assert as_json(found) == as_json(study)
    without = seen(study, choices=False)
    assert without is not None
    assert [trial.params for trial in without.trials()] == 12 * [{}]
    # But for the times of day.
    assert _lines(as_text(without)) == _lines(as_text(study))
    assert len(_lines(as_text(study))) > 5


def _lines(said: str) -> list[str]:
    return [line for line in said.splitlines() if " ago" not in line]


def test_the_command_imports_no_optuna(space: Path, tmp_path: Path, storage: str | None) -> None:
    """What takes longest to import: who only looks should not wait for it."""
    study = created(space, tmp_path / "study", storage, *COSTS, "--trials", 3)
    assert run("--join", "--out", study.folder).returncode == 0
    words = ["search", "status", str(study.folder)]
    done = subprocess.run([sys.executable, "-c", COMMAND, *words], capture_output=True, text=True, check=True)
    *said, modules = done.stdout.splitlines()
    assert said[1] == "3 of 3 trials"
    assert not {"torch", "optuna", "numpy", "sqlalchemy", "alembic", "sklearn"} & {
        name.partition(".")[0] for name in modules.split()
    }


def _added(study: Study, state: TrialState, **attributes: object) -> None:
    study.optuna.add_trial(optuna.create_trial(state=state, user_attrs=attributes))


def _begun(study: Study, *, worker: bool, ago: int | None) -> None:
    """Adds a trial that is at work, whose last sign of life was so many seconds ago."""
    _added(study, TrialState.RUNNING, **({WORKER: "host:1"} if worker else {}))
    if ago is not None:
        study.storage.record_heartbeat(study.trials()[-1]._trial_id)
        is_file = study.storage.engine.name == "sqlite"
        then = f"datetime('now', '-{ago} seconds')" if is_file else f"localtimestamp - interval '{ago} seconds'"
        with study.storage.engine.begin() as connection:
            connection.execute(text(f"update trial_heartbeats set heartbeat = {then}"))


def test_a_worker_that_lives_is_at_work(space: Path, tmp_path: Path, storage: str | None) -> None:
    study = created(space, tmp_path / "study", storage, *COSTS, *LONG)
    _begun(study, worker=True, ago=GRACE // 2)
    found = seen(study)
    assert found is not None
    assert "at work: host:1" in as_text(found)


@pytest.mark.parametrize(("worker", "ago"), [(True, GRACE + 2), (False, None), (False, 0)])
def test_one_that_has_died_makes_it_an_affair_of_the_storage(
    space: Path, tmp_path: Path, storage: str | None, worker: bool, ago: int | None
) -> None:
    study = created(space, tmp_path / "study", storage, *COSTS, *LONG)
    _begun(study, worker=worker, ago=ago)
    assert seen(study) is None
    if worker:
        done = run("status", study.folder)
        assert "1 waiting to be run again" in done.stdout, done.stderr
        assert seen(study) is not None


def test_a_failure_is_to_be_repeated_and_a_surplus_one_is_not(space: Path, tmp_path: Path, storage: str | None) -> None:
    study = created(space, tmp_path / "study", storage, *COSTS)
    _added(study, TrialState.FAIL, **{RESULT: {"what": SURPLUS}})
    assert seen(study) is not None
    _added(study, TrialState.FAIL)
    assert seen(study) is None


def test_what_cannot_be_read_is_said_as_by_a_worker(space: Path, tmp_path: Path) -> None:
    study = created(space, tmp_path / "study", None, *COSTS)
    (study.folder / "study.db").write_bytes(b"no database" * 1000)
    assert seen(study) is None
    done = run("status", study.folder)
    assert done.returncode == 2
    assert "file is not a database" in done.stderr


@pytest.mark.parametrize("name", ["study.json", "study.db"])
def test_there_is_no_study(space: Path, tmp_path: Path, name: str) -> None:
    folder = created(space, tmp_path / "study", None, *COSTS).folder
    (folder / name).unlink()
    with pytest.raises(DiagnosticError, match="there is no study"):
        glance(folder, None, None, choices=False)
    assert not (folder / name).exists()


def test_times_are_of_this_machine(space: Path, tmp_path: Path, storage: str | None) -> None:
    study = created(space, tmp_path / "study", storage, *COSTS, "--trials", 1)
    zone = {"TZ": "America/New_York"}
    assert run("--join", "--out", study.folder, **zone).returncode == 0
    words = [sys.executable, "-m", "archdsl", "search", "status", str(study.folder)]
    found = subprocess.run(words, capture_output=True, text=True, check=True, env={**os.environ, **zone}).stdout
    (line,) = (line for line in found.splitlines() if line.startswith("last trial"))
    noted = datetime.strptime(line.split(", ")[1][-8:], "%H:%M:%S")
    then = datetime.fromisoformat("2000-01-01") + timedelta(hours=noted.hour, minutes=noted.minute)
    there = _now("America/New_York")
    assert (there - then).seconds < 3600


def _now(zone: str) -> datetime:
    now = datetime.now(ZoneInfo(zone))
    return datetime(2000, 1, 1, now.hour, now.minute)
