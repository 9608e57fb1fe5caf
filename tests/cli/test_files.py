"""Files are written whole or not at all, whatever happens."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archdsl.cli.files import write, write_all
from archdsl.diagnostics import DiagnosticError
from tests.cli.conftest import Command


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_writes_all(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    write_all({folder / "a": b"one", folder / "b": b"two"})
    assert _contents(folder) == {"a": b"one", "b": b"two"}
    write_all({folder / "a": b"three"})
    assert _contents(folder) == {"a": b"three", "b": b"two"}


def test_one_that_fails_undoes_the_others(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "c").mkdir()
    with pytest.raises(DiagnosticError, match=r"cannot write .*c: is a directory"):
        write_all({tmp_path / "a": b"new", tmp_path / "b": b"new", tmp_path / "c": b"new"})
    assert _contents(tmp_path) == {"a": b"old"}


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(DiagnosticError, match="cannot write"):
        write_all({tmp_path / "out" / "a": b"new"})
    assert _contents(tmp_path) == {"out": b""}


def test_an_interrupt_undoes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"old")
    replace = os.replace

    def interrupted(source: Path, target: Path) -> None:
        if target.name == "b":
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_all({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert _contents(tmp_path) == {"a": b"old"}


def test_links_and_permissions_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    write(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(DiagnosticError, match="it is a pipe, not a plain file"):
        write_all({tmp_path / "a": b"new", pipe: b"data"})
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]
    assert pipe.is_fifo()


WRITER = """
import itertools, sys
from pathlib import Path
from archdsl.cli.files import write_all
folder = Path(sys.argv[1])
print("ready", flush=True)
for letter in itertools.cycle(b"xyz"):
    write_all({folder / name: bytes([letter]) * 300_000 for name in ("a", "b", "c")})
"""


def test_files_are_whole_whenever_the_process_is_killed(tmp_path: Path) -> None:
    chance = random.Random(7)
    for _ in range(20):
        running = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0, 0.05))
        running.send_signal(signal.SIGKILL)
        running.wait()
        running.stdout.close()
        for name, data in _contents(tmp_path).items():
            if not name.startswith("."):  # What was being written when the process died keeps its temporary name.
                assert name in "abc"
                assert len(data) == 300_000
                assert len(set(data)) == 1


def test_no_result_is_written_over_what_it_comes_from(archdsl: Command) -> None:
    space = "model net {\n  input = 3 x 8 x 8\n  head = conv({8, 16})\n}\n"
    Path("net.arch").write_text(space)
    Path("blocks.txt").write_text("ds_r1_k3_s1_c16\n")
    for command in (
        ("space", "net.arch", "--at", "1", "--out", "net.arch"),
        ("import", "blocks.txt", "--out", "./blocks.txt"),
        ("diagram", "one.arch", "--format", "dot", "--out", "one.arch"),
    ):
        Path("one.arch").write_text(space.replace("{8, 16}", "8"))
        code, out, err = archdsl(*command)
        assert (code, out) == (2, "")
        assert "is the file that this comes from" in err
    assert Path("net.arch").read_text() == space
    assert Path("blocks.txt").read_text() == "ds_r1_k3_s1_c16\n"


@pytest.mark.parametrize("name", ["0123456789ab", f"0123456789ab-{'0' * 32}", "0123456789ab-é\N{SNOWMAN}"])
def test_unfinished_work_of_nobody_stays(name: str, archdsl: Command) -> None:
    """A folder that came with a repository: what is in it takes nobody's place."""
    planted = Path(f".archdsl-{name}.whole")
    planted.mkdir()
    (planted / "Makefile").write_text("evil")
    Path("Makefile").write_text("mine")
    Path("net.arch").write_text("model m { input = 3 x 8 x 8\nstem = conv(8) }\n")
    assert archdsl("fmt", "net.arch").code == 0
    assert archdsl("build", "net.arch", "--out", ".").code == 0
    assert Path("Makefile").read_text() == "mine"
    assert [path.name for path in planted.iterdir()] == ["Makefile"]


def test_an_arch_file_that_is_there_stays(small: Path, archdsl: Command) -> None:
    Path("mine.arch").write_text("# my work\n")
    Path("space.arch").write_text("model s {\n  input = 3 x 8 x 8\n  stem = conv({4, 8}, bias = {1, 2} == 1)\n}\n")
    Path("rows.txt").write_text("ds_r1_k3_s1_c16\n")
    commands = (
        ("fit", "archdsl:mobilenetv2.arch", "--variant", "100", "--macs", "200M"),
        ("space", "space.arch", "--at", "1"),
        ("import", "rows.txt"),
    )
    for command in commands:
        code, out, err = archdsl(*command, "--out", "mine.arch")
        assert (code, out, Path("mine.arch").read_text()) == (2, "", "# my work\n")
        assert "error[ARC906]: mine.arch already exists" in err
        assert "`--force`" in err
    for command in commands:
        assert archdsl(*command, "--out", "mine.arch", "--force").code == 0
        assert archdsl(*command, "--out", "mine.arch").code == 0  # the same again
