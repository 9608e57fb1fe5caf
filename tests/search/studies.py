"""Studies of a small space, and the workers on them, as processes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from optuna.trial import FrozenTrial, TrialState

from archdsl.search.outcomes import counts, is_finished, network_of, what_of
from archdsl.search.reruns import first, history
from archdsl.search.study import Study
from tests.training.digits import write_digits
from tests.warm import Process

SPACE = """model digits_space {
  input     = 1 x 16 x 16
  classes   = 10
  norm      = batch_norm
  act       = silu
  objective = front(accuracy, params)

  stem = conv_norm_act({8, 16}, kernel = 3)

  stages {
    | op                     | kernel | stride | expansion | channels | layers | se        |
    | {mbconv, fused_mbconv} | 3      | 1      | {1, 2}    | {8, 16}  | {1, 2} | -         |
    | {mbconv, fused_mbconv} | {3, 5} | 2      | {2, 4}    | {16, 32} | {1, 2} | -         |
    | mbconv                 | {3, 5} | 2      | {2, 4}    | {32, 48} | {1, 2} | {0, 0.25} |
  }

  head = conv_norm_act({48, 96}) -> global_avg_pool -> linear(classes)
  require macs <= 5M
}

recipe quick for digits_space {
  epochs          = 2
  batch           = 64
  optimizer       = sgd(lr = 0.1, weight_decay = 5e-4)
  schedule        = cosine(warmup = 1)
  crop_scale      = 0.7
  flip            = 0
  test_crop       = 1
  normalization   = unit
}
"""
# Seconds: short, so that tests are. On a busy machine some live worker is taken for dead, and nothing may come of it.
GRACE = 4
# A trial of a few milliseconds.
COSTS = ("--objective", "front(params, macs)", "--algorithm", "random", "--grace", GRACE)
# Seconds until a worker must be done, however loaded the machine is.
PATIENCE = 240


def trainings(space: Path) -> tuple[object, ...]:
    """How a study of trials that train begins: each takes about two seconds, on images beside the space."""
    images = space.parent / "digits"
    if not images.exists():
        write_digits(images, 512, 128)
    return ("--objective", "accuracy", "--data", images, "--algorithm", "random", "--grace", GRACE)


def start(*words: object) -> Process:
    """Starts `archdsl search`, which hears an interrupt."""
    return Process(["search", *map(str, words)], {**os.environ, "OMP_NUM_THREADS": "1"})


def run(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `archdsl search` to its end."""
    process = Process(["search", *map(str, words)], {**os.environ, "OMP_NUM_THREADS": "1", **environment})
    out, errors = process.communicate(PATIENCE)
    return subprocess.CompletedProcess(words, process.wait(0), out, errors)


def is_well(errors: str) -> bool:
    """Whether a worker has nothing to report but that it was too slow."""
    return all(line.startswith("a trial was given to another worker") for line in errors.splitlines())


def created(space: Path, folder: Path, storage: str | None, *words: object) -> Study:
    """A study that nobody works on yet."""
    where = ["--storage", storage] if storage else []
    done = run(space, "--out", folder, "--jobs", 0, *where, *words)
    assert done.returncode == 0, done.stderr
    return opened(folder)


def opened(folder: Path) -> Study:
    """The study of a folder."""
    return Study.join(folder, None, None)


def wait_until(holds: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.05)


def at_work(study: Study) -> list[FrozenTrial]:
    return [trial for trial in study.trials() if trial.state is TrialState.RUNNING]


def finished(study: Study) -> list[FrozenTrial]:
    return [trial for trial in study.trials() if is_finished(trial)]


def networks(study: Study) -> list[str]:
    """The networks of a study that count, in the order of the trials that they were drawn for."""
    return [network_of(trial) for trial in sorted(finished(study), key=first)]


def check(study: Study) -> None:
    """No trial is lost, counted twice or said to be running for ever. Raises AssertionError."""
    trials = study.trials()
    found = counts(trials)
    assert [trial.number for trial in trials] == list(range(len(trials)))
    assert found.finished == study.settings.trials
    assert (found.running, found.waiting) == (0, 0)
    ends: dict[int, int] = {}
    for trial in finished(study):
        ends[first(trial)] = ends.get(first(trial), 0) + 1
    assert set(ends.values()) == {1}, "a network is counted once, however often it was begun"
    for trial in trials:
        for number in history(trial):
            before = trials[number]
            assert before.state is TrialState.FAIL
            assert before.params.items() <= trial.params.items() or not trial.params
        if trial.state is TrialState.FAIL and what_of(trial) != "surplus":
            assert first(trial) in ends or not trial.params, f"trial {trial.number} is lost"


def stop(processes: Sequence[Process]) -> None:
    """Ends those that still run."""
    for process in processes:
        process.kill()
        process.wait(PATIENCE)
