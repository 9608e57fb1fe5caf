"""Workers that share a study and are killed."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
from optuna.trial import TrialState

from archdsl.search.outcomes import network_of, result_of, what_of
from archdsl.search.reruns import first, history
from archdsl.search.samplers.uniform import Uniform
from archdsl.search.study import Study
from archdsl.search_space.encoding import Encoding
from tests.search.studies import (
    COSTS,
    PATIENCE,
    SPACE,
    at_work,
    check,
    created,
    finished,
    is_well,
    networks,
    opened,
    run,
    start,
    stop,
    trainings,
    wait_until,
)

# Trainings of a study: a few seconds each.
TRIALS = 3

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs signals"),
    pytest.mark.timeout(2 * PATIENCE),
]


def undisturbed(study: Study) -> list[str]:
    """The networks that random search draws for as many trials as a study has."""
    sampler = Uniform(study.space, Encoding(study.space), study.settings.seed)
    seed = study.settings.seed
    return [str(sampler.propose((), Random(f"{seed}:{number}")).index) for number in range(study.settings.trials)]


def test_workers_that_die_at_every_commit(space: Path, tmp_path: Path, storage: str | None) -> None:
    study = created(space, tmp_path / "study", storage, *COSTS, "--trials", 40)
    # All commits of a trial, one death for each trial; then those of whoever has trials repeated, which may die again.
    # The storage is all that differs on PostgreSQL: some of them there.
    step = 1 if storage is None else 4
    killed = [die(study, 1, 32, step, 3600), die(study, 1, 9, 1, 0)]
    assert killed[0] == len(range(1, 32, step))
    assert killed[1] >= 3
    work(study, 3)
    check(study)
    assert len([trial for trial in study.trials() if history(trial)]) > 20 / step
    assert networks(study) == undisturbed(study)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """What an undisturbed search finds: the accuracy of each network."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "space.arch").write_text(SPACE)
    done = run(
        folder / "space.arch",
        "--out",
        folder / "study",
        *trainings(folder / "space.arch"),
        "--trials",
        TRIALS,
        "--quiet",
    )
    assert done.returncode == 0, done.stderr
    return accuracies(opened(folder / "study"))


def accuracies(study: Study) -> dict[str, float]:
    return {network_of(trial): result_of(trial)["numbers"]["accuracy"] for trial in finished(study)}


def is_training(study: Study, count: int = 1) -> bool:
    """Whether so many trainings have begun and not ended."""
    folders = [study.folder / "trials" / f"{first(trial):06d}" for trial in at_work(study)]
    return sum((folder / "run.json").is_file() for folder in folders) >= count


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_search_that_is_interrupted_goes_on(
    number: signal.Signals, space: Path, tmp_path: Path, trained: dict[str, float]
) -> None:
    study = created(space, tmp_path / "study", None, *trainings(space), "--trials", 2)
    search = start("--join", "--out", study.folder)
    try:
        wait_until(lambda: is_training(study), "a training")
        search.send_signal(number)
        _, errors = search.communicate(timeout=PATIENCE)
    finally:
        stop([search])
    assert search.returncode == 128 + number
    assert f"stopped; go on with `archdsl search --join --out {study.folder}`\n" in errors
    (interrupted,) = [trial for trial in study.trials() if what_of(trial) == "interrupted"]
    (waiting,) = [trial for trial in study.trials() if trial.state is TrialState.WAITING]
    assert (history(waiting), waiting.params) == ((interrupted.number,), interrupted.params)
    assert any((study.folder / "trials" / f"{interrupted.number:06d}" / "checkpoints").iterdir())
    work(study, 1)
    check(study)
    assert accuracies(study).items() <= trained.items()


def test_a_second_interrupt_ends_a_search_that_goes_on_all_the_same(
    space: Path, tmp_path: Path, trained: dict[str, float]
) -> None:
    study = created(space, tmp_path / "study", None, *trainings(space), "--trials", 2)
    search = start("--join", "--out", study.folder)
    try:
        wait_until(lambda: is_training(study), "a training")
        for _ in range(2):
            search.send_signal(signal.SIGINT)
        assert search.wait(PATIENCE) == 130
    finally:
        stop([search])
    work(study, 1)
    check(study)
    assert accuracies(study).items() <= trained.items()


def test_workers_that_train_are_killed(space: Path, tmp_path: Path, postgresql: str, trained: dict[str, float]) -> None:
    """Two in mid-trial, and one at some moment."""
    study = created(space, tmp_path / "study", postgresql, *trainings(space), "--trials", TRIALS)
    workers = [start("--join", "--out", study.folder, "--quiet") for _ in range(4)]
    try:
        wait_until(lambda: is_training(study, 2), "two trainings")
        training = {trial.user_attrs["worker"].partition(":")[2] for trial in at_work(study) if trial.params}
        first, second, third, last = sorted(workers, key=lambda worker: str(worker.pid) not in training)
        first.kill()
        second.kill()
        time.sleep(Random(0).random())
        third.kill()
        _, errors = last.communicate(timeout=PATIENCE)
        assert last.returncode == 0
        assert is_well(errors), errors
    finally:
        stop(workers)
    check(study)
    assert any(history(trial) for trial in study.trials())
    assert accuracies(study) == trained


def test_the_training_of_a_killed_worker_goes_on_from_its_checkpoint(
    space: Path, tmp_path: Path, storage: str | None
) -> None:
    epochs = 8
    longer = ("--set", f"epochs={epochs}", "--trials", 1)
    study = created(space, tmp_path / "study", storage, *trainings(space), *longer)
    run_folder = study.folder / "trials" / "000000"
    search = start("--join", "--out", study.folder)
    try:
        # The checkpoint of the first epoch is there when the second one is over.
        wait_until(lambda: len(rows(run_folder)) >= 2, "two epochs")
    finally:
        stop([search])  # by SIGKILL
    before = rows(run_folder)
    assert len(before) < epochs
    work(study, 1)
    check(study)
    (lost, again) = study.trials()
    assert (history(again), lost.params) == ((lost.number,), again.params)
    sessions = json.loads((run_folder / "run.json").read_text())["sessions"]
    each = int(before[0]["step"])
    steps = [session["step"] // each for session in sessions]
    assert steps in ([0, len(before)], [0, len(before) - 1])  # the last epoch may have been lost
    after = rows(run_folder)
    assert [int(row["epoch"]) for row in after] == list(range(1, epochs + 1))
    # Their times, too, are those of the worker that was killed.
    assert after[: steps[1]] == before[: steps[1]]


def rows(run_folder: Path) -> list[dict[str, str]]:
    """The epochs of a training that are over."""
    try:
        with (run_folder / "metrics.csv").open() as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        return []


def test_a_worker_that_was_taken_for_dead_goes_on(space: Path, tmp_path: Path, postgresql: str) -> None:
    study = created(space, tmp_path / "study", postgresql, *trainings(space), "--trials", 2)
    asleep = start("--join", "--out", study.folder)
    try:
        wait_until(lambda: is_training(study), "a training")
        asleep.send_signal(signal.SIGSTOP)
        (trial,) = at_work(study)
        wait_until(lambda: study.settle()[trial.number].state is TrialState.FAIL, "that it is taken for dead")
        asleep.send_signal(signal.SIGCONT)
        _, errors = asleep.communicate(timeout=PATIENCE)
    finally:
        stop([asleep])
    assert asleep.returncode == 0
    assert errors
    assert is_well(errors), errors
    check(study)


def die(study: Study, first: int, last: int, step: int, grace: int) -> int:
    """Has workers die at each `step`-th of their commits from `first` to `last`; how many have."""
    dying = [sys.executable, "-m", "tests.search.dying", study.folder, first, last, step, grace]
    return int(subprocess.run(list(map(str, dying)), check=True, capture_output=True, timeout=PATIENCE).stdout)


def work(study: Study, count: int) -> None:
    """Has so many workers work on a study until it is done."""
    workers = [start("--join", "--out", study.folder, "--quiet") for _ in range(count)]
    try:
        for worker in workers:
            _, errors = worker.communicate(timeout=PATIENCE)
            assert worker.returncode == 0, errors
            assert is_well(errors), errors
    finally:
        stop(workers)
