"""Ways to run the command line: in this process, and as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from archdsl.cli.main import main

SMALL = """\
## A small network.
model small {
  input   = 3 x 32 x 32
  classes = 10

  stem = conv_norm_act(8, kernel = 3, stride = 2)

  stages {
    | op     | kernel | stride | expansion | channels | layers | se   |
    | mbconv | 3      | 2      | 4         | 16       | 2      | 0.25 |
  }

  head = global_avg_pool -> linear(classes)

  require params <= 10K
}
"""
UNMET = SMALL.replace("params <= 10K", "params <= 1K")
BROKEN = SMALL.replace("op     ", "opp    ").replace("= 10\n", "= 10 10\n")


class Ran(NamedTuple):
    """What came of a command."""

    code: int
    out: str
    err: str


Command = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "ARCHDSL_DEBUG", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def archdsl(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in this process."""

    def run(*argv: object) -> Ran:
        capsys.readouterr()
        code = main([str(word) for word in argv])
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture
def process() -> Command:
    """Runs a command as a process of its own."""

    def run(*argv: object, stdin: str | bytes = b"", **environment: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "archdsl", *map(str, argv)],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            env={**os.environ, **environment},
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A spec without a mistake, `small.arch` in the current folder."""
    path = tmp_path / "small.arch"
    path.write_text(SMALL)
    return Path(path.name)
