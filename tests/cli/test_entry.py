"""The end of a process: nothing that was printed or registered is lost where it leaves without Python's own end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from archdsl.cli.entry import READERS
from archdsl.cli.main import COMMANDS

PROGRAM = """\
import atexit, sys
from pathlib import Path
atexit.register(Path("registered").write_text, "ran")
from archdsl.cli.entry import main
code = main()
Path("returned").write_text(str(code))
sys.exit(code)
"""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, timeout=60)


def test_readers_are_commands() -> None:
    assert set(READERS) < set(COMMANDS)


@pytest.mark.parametrize(
    ("words", "code"),
    [(["ir", "small.arch"], 0), (["estimate", "small.arch"], 0), (["check", "wrong.arch"], 1), (["check", "none"], 2)],
    ids=["ir", "estimate", "mistakes", "no file"],
)
def test_a_reader_leaves_with_all_it_has_said(words: list[str], code: int, small: Path) -> None:
    Path("wrong.arch").write_text("model wrong { stem = conv( }\n")
    ended = run(*words)
    assert ended.returncode == code
    printed = ended.stderr if code else ended.stdout
    assert printed.endswith("\n")
    if words[0] == "ir":  # more than a pipe takes at once
        assert len(printed) > 10_000
        assert printed.rstrip().endswith(("]", "}"))
    assert Path("registered").read_text() == "ran"
    assert not Path("returned").exists()


def test_others_end_as_python_does(small: Path) -> None:
    assert run("build", "small.arch").returncode == 0
    assert Path("registered").read_text() == "ran"
    assert Path("returned").read_text() == "0"


def test_what_a_bug_left_in_standard_output_is_passed_on() -> None:
    """`main` has flushed it only where a command came to its end."""
    program = "import sys; from archdsl.cli.entry import _leave; sys.stdout.write('printed'); _leave(2)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "printed", "")
