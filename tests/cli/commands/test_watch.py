"""`archdsl watch`: a real process, real saves. It is waited for, for as long as it takes, and never slept for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

from tests.cli.conftest import SMALL, Command
from tests.interrupts import heard

PATIENCE_S = 60
# The command, in a process that fails when torch was imported on the way.
PROGRAM = """
import sys
from archdsl.cli.main import main
code = main(sys.argv[1:])
assert "torch" not in sys.modules
sys.exit(code)
"""
USER = """\
use "base.arch"

model wide extends small {
  stem = conv_norm_act(32, kernel = 3, stride = 2)
}
"""


class Watch:
    """A running `archdsl watch`."""

    def __init__(self, *argv: str):
        command = [sys.executable, "-u", "-c", PROGRAM, "watch", *argv]
        with heard():
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._lines: Queue[str] = Queue()
        self._reader = Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def until(self, text: str) -> list[str]:
        """The lines up to the next one with this text."""
        lines: list[str] = []
        while not lines or text not in lines[-1]:
            lines.append(self._lines.get(timeout=PATIENCE_S))
        return lines

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_S)

    def clear(self) -> None:
        self.process.kill()
        self._reader.join()
        self.process.communicate()


@contextmanager
def watching(*argv: str) -> Iterator[Watch]:
    watch = Watch(*argv)
    try:
        yield watch
        assert watch.stop() == 0
    finally:
        watch.clear()


def save(path: Path, text: str) -> None:
    """As most editors save: a new file takes the place of the old one."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    os.replace(beside, path)


def test_saves(small: Path) -> None:
    figure = Path("codegen/small.svg")
    with watching("small.arch") as watch:
        assert watch.until("wrote")[0] == "small.arch: 1 model, 1 claim holds"
        first = figure.read_bytes()
        small.write_text(SMALL.replace("| 2      | 0.25", "| 3      | 0.25"))
        lines = watch.until("wrote codegen/small.svg")
        assert any(line.startswith("small: params ") and " -> " in line and "MACs " in line for line in lines)
        second = figure.read_bytes()
        assert first != second
        save(small, SMALL.replace("layers |", "layer  |"))
        assert "ARC" in watch.until("error[")[-1]
        assert figure.read_bytes() == second
        save(small, SMALL.replace("<= 10K", "<= 1K"))
        watch.until("error[ARC501]")
        assert any(line.startswith("small: params ") for line in watch.until("wrote"))
        assert figure.read_bytes() == first
        save(small, SMALL + "\n# Words only.\n")
        assert "params and MACs as before" in watch.until("wrote")
    assert not list(Path("codegen").glob("*.py"))


def test_a_file_that_goes_away_and_comes_back(small: Path) -> None:
    with watching("small.arch") as watch:
        watch.until("wrote")
        small.unlink()
        watch.until("cannot read small.arch")
        small.write_text(SMALL)
        assert "params and MACs as before" in watch.until("wrote")


def test_used_files(small: Path) -> None:
    base, user = Path("base.arch"), Path("user.arch")
    user.write_text(SMALL)
    with watching("user.arch", "small.arch") as watch:
        watch.until("wrote codegen/small.svg")
        save(user, USER)
        watch.until("`base.arch` does not exist")
        base.write_text(SMALL)
        lines = watch.until("wrote codegen/user.svg")
        assert any(line.startswith("wide: new, params ") for line in lines)
        assert "small: gone" in lines
        save(base, SMALL.replace("conv_norm_act(8", "conv_norm_act(4").replace("| 16  ", "| 24  "))
        lines = watch.until("wrote codegen/user.svg")
        assert any(line.startswith("wide: params ") for line in lines)
        assert not any("small.arch" in line for line in lines), "nothing that it is made of has changed"


def test_builds(small: Path) -> None:
    with watching("small.arch", "--build", "--out", "generated") as watch:
        watch.until("wrote generated/small.py generated/small.svg generated/small.json")
        save(small, SMALL.replace("model small", "model little"))
        watch.until("wrote")
        assert "def little(" in Path("generated/small.py").read_text()
        assert '"little"' in Path("generated/small.json").read_text()


def test_a_folder_that_cannot_be_written(small: Path) -> None:
    Path("codegen").write_text("in the way")
    with watching("small.arch") as watch:
        watch.until("cannot write")
        Path("codegen").unlink()
        save(small, SMALL + "\n")
        watch.until("wrote codegen/small.svg")


@pytest.mark.parametrize("argv", [["-"], ["nowhere.arch"], ["--build", "small.arch", "sub/small.arch"]], ids=" ".join)
def test_what_cannot_be_watched(argv: list[str], process: Command, small: Path) -> None:
    ran = process("watch", *argv)
    assert ran.code == 2
    assert ran.err.startswith("error[")
