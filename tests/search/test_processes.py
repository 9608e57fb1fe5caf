"""Workers that a search starts beside itself: they end with it, however it ends."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from optuna.trial import TrialState

from archdsl.search.outcomes import what_of
from archdsl.search.study import Study
from tests.search.studies import PATIENCE, at_work, check, created, run, start, stop, trainings, wait_until
from tests.warm import Process

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs processes that end with their parent"),
    pytest.mark.timeout(2 * PATIENCE),
]


def pids(study: Study) -> list[int]:
    """The processes of those that are at work, past their first options."""
    return [int(trial.user_attrs["worker"].partition(":")[2]) for trial in at_work(study) if trial.params]


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def both_at_work(space: Path, folder: Path) -> tuple[Study, Process, list[int]]:
    # As many trials as the first worker has not done before the second has begun.
    study = created(space, folder, None, *trainings(space), "--trials", 10)
    search = start("--join", "--out", folder, "--jobs", 2)
    try:
        wait_until(lambda: len(pids(study)) == 2, "two workers")
    except BaseException:
        stop([search])
        raise
    return study, search, pids(study)


def test_an_interrupt_at_a_terminal_ends_all_with_their_checkpoints(space: Path, tmp_path: Path) -> None:
    study, search, workers = both_at_work(space, tmp_path / "study")
    os.killpg(search.pid, signal.SIGINT)
    assert search.wait(PATIENCE) == 130
    assert all(map(has_ended, workers))
    ended = [trial for trial in study.trials() if what_of(trial) == "interrupted"]
    waiting = [trial for trial in study.trials() if trial.state is TrialState.WAITING]
    assert at_work(study) == []
    assert len(ended) == len(waiting) > 0
    assert run("--join", "--out", study.folder, "--quiet").returncode == 0
    check(study)


def test_helpers_end_when_their_parent_is_killed(space: Path, tmp_path: Path) -> None:
    study, search, workers = both_at_work(space, tmp_path / "study")
    search.kill()
    search.wait(PATIENCE)
    wait_until(lambda: all(map(has_ended, workers)), "the end of the helper")
    assert run("--join", "--out", study.folder, "--quiet").returncode == 0
    check(study)
