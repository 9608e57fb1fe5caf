"""Calibration on a busy machine: it knows, says so and gives up (ARC913). Clocks are injected, or a core is busy."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from archdsl.calibration import calibrate as calibration
from archdsl.calibration import clock
from archdsl.calibration.calibrate import Plan, calibrate
from archdsl.calibration.clock import Run, scatter
from archdsl.cli.main import main
from archdsl.diagnostics import DiagnosticError

SMALL = Plan("eager", 1, networks=2, training=1, rounds=2, max_scatter=0.25, wait=0.0)


def runs(*seconds: float, worked: float = 1.0) -> list[Run]:
    return [Run(one, worked) for one in seconds]


def test_runs_that_differ_and_runs_that_wait_scatter() -> None:
    assert scatter(runs(1.0, 1.0, 1.0, 1.0)) == 0
    # One slow run in nine is left out by the lower quartile, and is not a sign.
    assert scatter(runs(*[1.0] * 8, 9.0)) == 0
    assert scatter(runs(1.0, 1.0, 1.5, 1.5)) == 0.5
    # All alike, and each twice as long as the processor worked on it.
    assert scatter(runs(2.0, 2.0, 2.0)) == 1.0
    assert scatter(runs(2.0, 2.0, 2.0), is_on_cpu=False) == 0
    # A clock too coarse for short runs says nothing.
    assert scatter(runs(1.0, 1.0, worked=0.0)) == 0
    # Several threads work longer than the clock on the wall.
    assert scatter(runs(1.0, 1.0, worked=1.5)) == 0


def ticking(monkeypatch: pytest.MonkeyPatch, wall: int, worked: int) -> None:
    """Clocks that go on by so much with each look at them."""
    monkeypatch.setattr(clock, "perf_counter", count(0, wall).__next__)
    monkeypatch.setattr(clock, "thread_time", count(0, worked).__next__)


def test_a_quiet_machine_is_measured_and_the_profile_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    ticking(monkeypatch, 1, 1)
    facts = calibrate(SMALL, "the command", lambda text: None)["facts"]
    assert (facts["scatter"], facts["max_scatter"]) == (0.0, 0.25)


def test_a_busy_machine_is_waited_for_and_then_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    ticking(monkeypatch, 2, 1)
    paused: list[float] = []
    monkeypatch.setattr(calibration, "sleep", paused.append)
    monkeypatch.setattr(calibration, "perf_counter", count(0, 10).__next__)
    told: list[str] = []
    with pytest.raises(DiagnosticError, match="the machine is busy: runs scatter by 100 %, more than 25 %") as failure:
        calibrate(Plan(**{**vars(SMALL), "wait": 30.0}), "", told.append)
    assert failure.value.diagnostics[0].code.name == "ARC913"
    assert failure.value.diagnostics[0].problem == "BusyMachine"
    assert len(paused) == 2
    assert "waiting for a quiet machine: runs scatter by 100 %" in told


def test_it_goes_on_when_the_machine_has_become_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    ticking(monkeypatch, 2, 1)
    monkeypatch.setattr(calibration, "sleep", lambda seconds: ticking(monkeypatch, 1, 1))
    facts = calibrate(Plan(**{**vars(SMALL), "wait": 60.0}), "", lambda text: None)["facts"]
    assert facts["scatter"] == 0.0


def test_a_machine_that_becomes_busy_ends_it_early(monkeypatch: pytest.MonkeyPatch) -> None:
    ticking(monkeypatch, 1, 1)
    turns: list[int] = []

    def beside() -> None:
        turns.append(len(turns))
        ticking(monkeypatch, 2, 1)

    with pytest.raises(DiagnosticError, match="after 3 of 9 rounds"):
        calibrate(Plan(**{**vars(SMALL), "rounds": 9}), "", lambda text: None, beside)
    assert len(turns) == 3


def test_without_a_bound_it_goes_on_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ticking(monkeypatch, 2, 1)
    monkeypatch.chdir(tmp_path)
    command = ["calibrate", "--threads", "1", "--networks", "1", "--rounds", "2", "--out", "mine.json"]
    assert main([*command, "--force"]) == 0
    captured = capsys.readouterr()
    assert "runs scatter by 100 %" in captured.out
    assert "mine.json is rough" in captured.err
    assert main(["estimate", "archdsl:mnasnet.arch", "--device", "mine.json", "--per", "model"]) in (0, 2)
    assert main([*command, "--max-scatter", "150%"]) == 0


@pytest.mark.parametrize("text", ["0", "-1", "nan", "much", "inf"])
def test_a_bound_is_a_part(text: str) -> None:
    assert main(["calibrate", f"--max-scatter={text}"]) == 2


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes cannot be bound to a core here")
def test_beside_a_busy_process_on_the_same_core_runs_wait() -> None:
    """All runs take as long as each other there, and about twice as long as the processor works."""
    program = """
import os, sys, time
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
child = os.fork()
if child == 0:
    while True:
        pass
try:
    from archdsl.calibration.clock import Stopwatch, scatter
    found = []
    for _ in range(7):
        watch = Stopwatch()
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass
        found.append(watch.read())
    print(scatter(found))
finally:
    os.kill(child, 9)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert float(ran.stdout) > 0.25
