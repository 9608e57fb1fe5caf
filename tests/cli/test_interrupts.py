"""Ctrl-C at any moment: real processes, interrupted at many of them, with others beside them that take the cores."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import SMALL
from tests.interrupts import heard

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60
# What pip makes of the entry point, and the module.
SCRIPT = [sys.executable, "-c", "import sys\nfrom archdsl.cli.entry import main\nsys.exit(main())"]
MODULE = [sys.executable, "-m", "archdsl"]
# Seconds. The first ones are spent in Python itself and in imports, the last ones at the end of the process.
DELAYS = [index * 0.4 / 15 for index in range(16)]


def start(*words: str, command: list[str] = SCRIPT, **options: int) -> subprocess.Popen[bytes]:
    with heard():
        return subprocess.Popen([*command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def is_before_us(stderr: bytes) -> bool:
    """Whether the interrupt came while Python itself was starting, or importing the few lines that guard the rest."""
    guard = {str(ROOT / "archdsl" / name) for name in ("__main__.py", "cli/entry.py", "cli/interrupts.py")}
    assert not stderr or b"KeyboardInterrupt" in stderr
    files = set(re.findall('  File "([^"]+)"', stderr.decode()))
    return not any(file.startswith(str(ROOT / "archdsl")) for file in files - guard)


def test_the_entry_point_is_the_guarded_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"archdsl": "archdsl.cli.entry:main"}


@pytest.mark.parametrize("command", [SCRIPT, MODULE], ids=["script", "module"])
@pytest.mark.parametrize("words", ["check", "build", "estimate"])
def test_at_any_moment(words: str, command: list[str], small: Path) -> None:
    # Five files: `check` shares them out among workers.
    specs = [f"small_{index}.arch" for index in range(5 if words == "check" else 1)]
    for spec in specs:
        Path(spec).write_text(SMALL)
    running = [start(words, *specs, command=command) for _ in DELAYS]
    begin = time.monotonic()
    for delay, process in zip(DELAYS, running, strict=True):
        time.sleep(max(0.0, begin + delay - time.monotonic()))
        process.send_signal(signal.SIGINT)
    ended = [process.communicate(timeout=PATIENCE_S) for process in running]
    for process, (out, err) in zip(running, ended, strict=True):
        if process.returncode in (0, 130):
            assert err == b""
            assert process.returncode or out
        else:
            assert is_before_us(err), err.decode()


# Interrupts itself when it imports something for so many times after our code has begun.
IMPORTING = """
import os, signal, sys
moment = int(sys.argv.pop(1))
from archdsl.cli.entry import main
def count(event, arguments):
    global moment
    if event == "import":
        moment -= 1
        if moment == 0:
            os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(count)
sys.exit(main())
"""


@pytest.mark.parametrize("moment", [1, 10, 60, 120])
def test_in_imports(moment: int, small: Path) -> None:
    """An import turns what is raised in it into other errors here and there."""
    running = start(str(moment), "estimate", str(small), command=[sys.executable, "-c", IMPORTING])
    out, err = running.communicate(timeout=PATIENCE_S)
    assert (running.returncode, out, err) == (130, b"", b"")


# Interrupts itself at its end: among the last things, or as the very last one.
ENDING = """
import atexit, os, signal, sys
interrupt = lambda: os.kill(os.getpid(), signal.SIGINT)
is_last = sys.argv.pop(1) == "last"
if is_last:
    atexit.register(interrupt)
from archdsl.cli.entry import main
if not is_last:
    atexit.register(interrupt)
sys.exit(main())
"""


@pytest.mark.parametrize(("moment", "code"), [("late", 130), ("last", 0)])
def test_at_the_end(moment: str, code: int, small: Path) -> None:
    running = start(moment, "estimate", str(small), command=[sys.executable, "-c", ENDING])
    out, err = running.communicate(timeout=PATIENCE_S)
    assert (running.returncode, err) == (code, b"")
    assert b"small" in out


# Interrupts itself where Python swallows an exception, and where it would replace another one.
HANDLING = """
import os, signal, sys
from archdsl.cli.entry import main
from archdsl.cli.commands import list as command
class Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        len("the handler runs here at the latest")
def finalize(*_):
    Finalized()
    return "swallowed"
def handle(*_):
    try:
        raise ValueError
    finally:
        os.kill(os.getpid(), signal.SIGINT)
command.aligned = {"finalize": finalize, "handle": handle}[sys.argv.pop(1)]
sys.exit(main())
"""


@pytest.mark.parametrize("where", ["finalize", "handle"])
def test_where_exceptions_are_swallowed(where: str, small: Path) -> None:
    running = start(where, "list", str(small), command=[sys.executable, "-c", HANDLING])
    assert running.communicate(timeout=PATIENCE_S) == (b"", b"")
    assert running.returncode == 130


def test_while_it_waits_for_input() -> None:
    with heard():
        running = subprocess.Popen(
            [*SCRIPT, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    with running:
        assert running.stdin is not None
        assert running.stdout is not None
        # An answer, so that it has begun.
        body = b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}'
        running.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        running.stdin.flush()
        assert running.stdout.readline().startswith(b"Content-Length")
        running.send_signal(signal.SIGINT)
        assert running.wait(PATIENCE_S) == 130
        assert running.stderr is not None
        assert running.stderr.read() == b""


def test_one_that_ignores_it_goes_on(small: Path) -> None:
    """As a shell has its jobs in the background do."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        running = subprocess.Popen([*SCRIPT, "check", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGINT, before)
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(SMALL.encode(), timeout=PATIENCE_S)
    assert running.returncode == 0
    assert out


# A command whose workers have begun, one of which would never end.
WORKING = """
import gc, os, sys, time
from archdsl.cli.entry import main
from archdsl.cli.parallel import each
def work(index):
    os.write(1, b"works\\n")  # at once, whatever the other workers write
    time.sleep(1000)
gc.disable()
each(work, [1, 2, 3, 4])
"""


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_their_command(how: signal.Signals) -> None:
    running = start(command=[sys.executable, "-c", WORKING])
    assert running.stdout is not None
    assert running.stdout.readline() == b"works\n"
    running.send_signal(how)
    # It would not return while anybody has the pipes open.
    _, err = running.communicate(timeout=PATIENCE_S)
    assert err == b""
    assert running.returncode == (130 if how == signal.SIGINT else -how)
