"""Builds that cannot write: what was there stays, whole, and the report says why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kill.run import MODEL, NAMES, Scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("failing"))


def test_a_mistake_in_one_of_three(scene: Scene, tmp_path: Path) -> None:
    scene.restore()
    for index, name in enumerate(NAMES):
        text = MODEL.format(name=name, channels=24)
        (tmp_path / f"{name}.arch").write_text(text.replace("mbconv", "mbcnv") if index == 1 else text)
    specs = [str(tmp_path / f"{name}.arch") for name in NAMES]
    command = [sys.executable, "-m", "archdsl", "build", *specs, "--out", str(scene.out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "two.arch" in done.stderr
    assert "ARC202" in done.stderr
    assert scene.state() == "all old"


# A build in which no file may grow beyond 4 kB from the moment on at which it begins to write.
LIMITED = """
import resource, sys
from archdsl.cli.commands import build
from archdsl.cli.main import main
write_all = build.write_all
def limited(files):
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    write_all(files)
build.write_all = limited
sys.exit(main(sys.argv[1:]))
"""


def test_a_full_disk(scene: Scene) -> None:
    scene.restore()
    command = [sys.executable, "-c", LIMITED, *scene.command("new")[3:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "error[ARC902]: cannot write" in done.stderr
    assert "file too large" in done.stderr
    assert "no file was changed" in done.stderr
    assert scene.state() == "all old"
    assert {path.name for path in scene.out.iterdir()} == scene.old.keys()


def test_a_full_file_system(scene: Scene) -> None:
    """The real thing, where a small file system can be mounted."""
    scene.restore()
    small = scene.root / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a file system")
    try:
        (small / "one.py").write_bytes(old := scene.old["one.py"])
        done = subprocess.run(scene.command("new", small), capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "no space left on device" in done.stderr
        assert {path.name: path.read_bytes() for path in small.iterdir()} == {"one.py": old}
        remount = ["mount", "-o", "remount,ro", str(small)]
        subprocess.run(remount, check=True)
        done = subprocess.run(scene.command("new", small), capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "read-only file system" in done.stderr
        assert {path.name: path.read_bytes() for path in small.iterdir()} == {"one.py": old}
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_folder_that_may_not_be_written_to(scene: Scene) -> None:
    scene.restore()
    scene.out.chmod(0o555)
    try:
        if os.access(scene.out, os.W_OK):
            pytest.skip("nothing is forbidden to this user")
        done = subprocess.run(scene.command("new"), capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "permission denied" in done.stderr
        assert scene.state() == "all old"
    finally:
        scene.out.chmod(0o755)


def test_a_folder_in_the_place_of_a_file(scene: Scene) -> None:
    scene.restore()
    (scene.out / "two.svg").unlink()
    (scene.out / "two.svg").mkdir()
    done = subprocess.run(scene.command("new"), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "two.svg: is a directory" in done.stderr
    (scene.out / "two.svg").rmdir()
    left = {path.name: path.read_bytes() for path in scene.out.iterdir()}
    assert left == {name: data for name, data in scene.old.items() if name != "two.svg"}


def test_a_file_in_the_place_of_the_folder(scene: Scene) -> None:
    scene.restore()
    taken = scene.root / "taken"
    taken.write_bytes(b"a file")
    for out in (taken, taken / "inside"):
        done = subprocess.run(scene.command("new", out), capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "error[ARC902]: cannot write" in done.stderr
        assert taken.read_bytes() == b"a file"
