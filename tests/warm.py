"""Commands as processes of their own that have imported already what trains and searches.

A fresh interpreter takes 10 s of a core to import torch, Optuna and matplotlib, many times what it then does in a test.
These are forked from a process that did so once (`multiprocessing`'s fork server) and has nothing open: no connection
of the tests, none of their threads. Signals, exit codes and streams are as of `python -m archdsl`. How a fresh
interpreter starts is tested in `tests/cli/test_imports.py`, and by the workers that `archdsl search --jobs` starts.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from multiprocessing import forkserver
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.interrupts import heard

# `pytest` is the main module of the tests, which a process of `multiprocessing` imports too.
_IMPORTED = [
    "pytest",
    "tests.warm",
    "archdsl.cli.main",
    "archdsl.cli.commands.search",
    "archdsl.cli.commands.train",
    "archdsl.search.evaluation.accuracy",
    "archdsl.search.page.document",
    "archdsl.search.study",
    "archdsl.search.worker",
    "archdsl.training.start",
    "archdsl.trainings",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "optuna.importance",
    "psycopg",
    "sklearn.datasets",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
    "torch._dynamo",
    "torch.utils.tensorboard",
]


class Command:
    """A command that runs, as `subprocess.Popen` has it; it leads a session, and reads nothing."""

    def __init__(self, argv: Sequence[object], environment: Mapping[str, str] | None = None):
        self._folder = TemporaryDirectory()
        self._printed: tuple[str, str] | None = None
        self._process = forked().Process(
            target=_command, args=(list(map(str, argv)), {**os.environ, **(environment or {})}, self._folder.name)
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, or minus the signal that killed it; None while it runs."""
        code: int | None = self._process.exitcode
        return code

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        code = self.returncode
        if code is None:
            raise subprocess.TimeoutExpired("archdsl", timeout or 0)
        return code

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it has printed by its end, to both streams. Raises subprocess.TimeoutExpired."""
        self.wait(timeout)
        if self._printed is None:
            streams = (Path(self._folder.name) / name for name in ("out", "errors"))
            out, errors = (path.read_text() if path.exists() else "" for path in streams)
            self._printed = out, errors
            self._folder.cleanup()
        return self._printed

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(
    argv: Sequence[object], environment: Mapping[str, str] | None = None, timeout: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    command = Command(argv, environment)
    try:
        out, errors = command.communicate(timeout)
    finally:
        command.kill()
    return subprocess.CompletedProcess(["archdsl", *map(str, argv)], command.wait(), out, errors)


@cache
def forked() -> Any:
    """What `multiprocessing` starts processes by, each forked from the one that has imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"  # which torch reads once
    try:
        with heard():
            forkserver.ensure_running()
    finally:
        del os.environ["OMP_NUM_THREADS"]
        if before is not None:
            os.environ["OMP_NUM_THREADS"] = before
    return context


def _command(argv: list[str], environment: Mapping[str, str], folder: str) -> None:
    """Is `archdsl` from here on: its streams are files in a folder."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    for descriptor, name in ((1, "out"), (2, "errors")):
        opened = os.open(Path(folder) / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.argv = ["archdsl", *argv]
    from archdsl.cli.entry import main  # has interrupts end the process, from here on

    sys.exit(main())
