"""Checkpoints: whole or not there, the last ones and the best kept."""

from __future__ import annotations

import json
import os
import resource
import signal
import time
from pathlib import Path

import pytest
import torch

from archdsl.diagnostics import DiagnosticError
from archdsl.training.checkpoint import Checkpoints, Facts, weights

STATE = {"model": {"weight": torch.arange(4.0)}, "average": None, "optimizer": {}, "scaler": {}}


def written(folder: Path, *steps: int, keep: int = 2, **top1: float) -> Checkpoints:
    checkpoints = Checkpoints(folder, keep)
    for step in steps:
        checkpoints.write(Facts(step, step, top1=top1.get(f"at{step}")), STATE)
    return checkpoints


def test_what_is_written_is_read(tmp_path: Path) -> None:
    facts = Facts(7, 2, accumulate=4, top1=81.25, loss=0.1 + 0.2, counted=3, versions={"torch": "2"})
    Checkpoints(tmp_path).write(facts, STATE)
    latest = Checkpoints(tmp_path).latest()
    assert latest is not None
    assert latest.facts == facts
    assert torch.equal(weights(latest.load())["weight"], torch.arange(4.0))


def test_the_averaged_weights_are_those_that_count(tmp_path: Path) -> None:
    averaged = {**STATE, "average": {"weight": torch.ones(4)}}
    found = Checkpoints(tmp_path).write(Facts(1, 0), averaged).load()
    assert torch.equal(weights(found)["weight"], torch.ones(4))


def test_the_last_two_and_the_best_are_kept(tmp_path: Path) -> None:
    checkpoints = written(tmp_path, 1, 2, 3, 4, 5, at1=50.0, at2=90.0, at3=90.0, at4=70.0)
    assert [one.facts.step for one in checkpoints.all()] == [2, 4, 5]
    best = checkpoints.best()
    assert best is not None
    assert best.facts.step == 2


def test_one_of_the_same_step_is_replaced(tmp_path: Path) -> None:
    written(tmp_path, 1, 2)
    checkpoints = written(tmp_path, 2, at2=10.0)
    assert [(one.facts.step, one.facts.top1) for one in checkpoints.all()] == [(1, None), (2, 10.0)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000001", "00000002"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: (path / "checkpoint.json").unlink(),
        lambda path: (path / "state.pt").unlink(),
        lambda path: (path / "checkpoint.json").write_text("{"),
        lambda path: (path / "checkpoint.json").write_text("[]"),
        lambda path: (path / "checkpoint.json").write_text(json.dumps({"step": 9, "epoch": 1, "format": 99})),
    ],
)
def test_what_is_none_is_passed_over(spoil, tmp_path: Path) -> None:
    checkpoints = written(tmp_path, 1, 2)
    spoil(tmp_path / "00000002")
    latest = checkpoints.latest()
    assert latest is not None
    assert latest.facts.step == 1


def test_a_damaged_state_is_a_diagnostic(tmp_path: Path) -> None:
    latest = written(tmp_path, 1).latest()
    assert latest is not None
    state = tmp_path / "00000001" / "state.pt"
    state.write_bytes(state.read_bytes()[:300])
    with pytest.raises(DiagnosticError, match="cannot read the checkpoint"):
        latest.load()


def test_a_file_that_cannot_grow_leaves_the_checkpoint_before_it(tmp_path: Path) -> None:
    """As on a full disk: the system refuses to write more."""
    checkpoints = written(tmp_path, 1)
    large = {**STATE, "model": {"weight": torch.zeros(200_000)}}
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(DiagnosticError) as refused:
            checkpoints.write(Facts(2, 1), large)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    (problem,) = refused.value.diagnostics
    assert problem.message == f"cannot write {tmp_path}/00000002 of the run: file too large"
    assert problem.help is not None
    assert problem.help.startswith("the checkpoint of step 1 is whole; make room")
    assert [path.name for path in tmp_path.iterdir()] == ["00000001"]


def write_on(folder: Path) -> None:
    """Writes checkpoints until it is killed."""
    checkpoints = Checkpoints(folder)
    for step in range(1, 10_000):
        checkpoints.write(Facts(step, 0), {**STATE, "model": {"weight": torch.full((300_000,), float(step))}})


def test_killed_while_it_writes_there_is_a_whole_one(tmp_path: Path) -> None:
    """Nearly all of the writer's time is spent in writing, so that is where the kills come."""
    for index in range(8):
        folder = tmp_path / str(index)
        child = os.fork()  # has torch loaded already
        if not child:
            try:
                write_on(folder)
            finally:
                os._exit(1)
        while not (folder / "00000003").exists():
            time.sleep(0.001)
        time.sleep(0.0031 * index)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    halves = 0
    for folder in tmp_path.iterdir():
        latest = Checkpoints(folder).latest()
        assert latest is not None
        assert torch.equal(weights(latest.load())["weight"], torch.full((300_000,), float(latest.facts.step)))
        halves += any(path.name.startswith(".") for path in folder.iterdir())
    assert halves, "none of the kills came while a checkpoint was being written"
