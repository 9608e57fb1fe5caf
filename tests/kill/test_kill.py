"""A killed build leaves whole files, and the next one leaves a whole set of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interrupts import heard
from tests.kill.run import Scene, run
from tests.selection import a_third


def test_random_moments(tmp_path: Path) -> None:
    outcomes = list(run(a_third(24), 1, tmp_path))
    assert {one.signal for one in outcomes} == {"SIGKILL", "SIGTERM", "SIGINT"}


# Runs a build in which the process sends itself a signal before one of the moves that replace files.
DYING = """
import os, signal, sys
from archdsl.cli.entry import main
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which `nohup` has its children ignore
replace, moves = os.replace, iter(range(100))
def dying(source, target):
    if next(moves) == move:
        os.kill(os.getpid(), how)
    replace(source, target)
os.replace = dying
move, how = int(sys.argv[1]), signal.Signals[sys.argv[2]]
del sys.argv[1:3]
sys.exit(main())
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("kill"))


def dies(scene: Scene, move: int, how: str) -> None:
    scene.restore()
    words = scene.command("new")[3:]
    with heard():
        done = subprocess.run([sys.executable, "-c", DYING, str(move), how, *words], capture_output=True, check=False)
    assert done.returncode != 0


@pytest.mark.parametrize("move", range(9))
def test_between_two_moves(move: int, scene: Scene) -> None:
    """What no random moment meets: the next build completes the set, whichever file it stopped at."""
    dies(scene, move, "SIGKILL")
    assert scene.state() == ("between two moves" if move else "all old")
    outcome = scene.examine("SIGKILL")
    assert outcome.left_behind == 1
    assert scene.state() == "all new"


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_signals_that_can_wait_do(how: str, scene: Scene) -> None:
    dies(scene, 4, how)
    assert scene.state() == "all new"


def test_who_changed_a_file_since_knows_better(scene: Scene) -> None:
    """A file that was written after the build died is not replaced by what the build had in mind."""
    dies(scene, 4, "SIGKILL")
    changed = next(name for name in scene.old if (scene.out / name).read_bytes() == scene.old[name])
    (scene.out / changed).write_bytes(b"mine")
    last = max(path.stat().st_mtime_ns for path in scene.out.iterdir() if path.is_dir())
    os.utime(scene.out / changed, ns=(last + 10**9, last + 10**9))
    scene.build_other()
    assert (scene.out / changed).read_bytes() == b"mine"
    assert not [path for path in scene.out.iterdir() if path.is_dir()]


def test_builds_at_once_do_not_mix(scene: Scene) -> None:
    """Two builds into one folder: the files are those of the one or of the other."""
    scene.restore()
    builds = [
        subprocess.Popen(scene.command(version), stdout=subprocess.DEVNULL) for version in ("old", "new", "old", "new")
    ]
    assert [build.wait() for build in builds] == [0, 0, 0, 0]
    assert scene.state() in ("all old", "all new")
    assert not [path for path in scene.out.iterdir() if path.is_dir()]


def test_writers_at_once_do_not_mix(tmp_path: Path) -> None:
    """The same where nothing but writing takes time, many times over."""
    names = [f"{index}" for index in range(8)]
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), letter, *names]) for letter in "xyz"]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert len({(tmp_path / name).read_bytes() for name in names}) == 1


WRITER = """
import sys
from pathlib import Path
from archdsl.cli.files import write_all
folder, letter, *names = sys.argv[1:]
for _ in range(20):
    write_all({Path(folder, name): letter.encode() * 10_000 for name in names})
"""
