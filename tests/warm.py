"""Commands of archdsl as processes of their own, forked from one that has imported torch and all else already.

To import it takes a command several seconds, most of what it takes at all on a small network. Where the start itself is
what a test is about, it starts `python -m archdsl`.

The process that they are forked from is the server: `python -m tests.warm`. It takes requests from its standard input,
answers on its output, a line each, and ends with the tests.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

_IMPORTED = (
    *("torch", "torch.utils.tensorboard", "matplotlib.figure", "matplotlib.backends.backend_svg", "torchvision"),
    *("optuna", "alembic.command", "psycopg", "sklearn.datasets", "safetensors.torch"),
    *("archdsl.cli.entry", "archdsl.cli.main", "archdsl.cli.commands.search", "archdsl.cli.commands.train"),
    *("archdsl.search.evaluation.accuracy", "archdsl.search.evaluation.evaluator", "archdsl.search.worker"),
    *("archdsl.search.winners", "archdsl.search.page", "archdsl.search.samplers.algorithms", "archdsl.training.start"),
)


class Process:
    """A command that was started, as `subprocess.Popen` has it; what it prints is kept in files.

    Args:
        arguments: behind `archdsl`.
        environment: all of its variables.
        memory: bytes that it may use beside its code, if that is limited.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], memory: int | None = None):
        self.folder = tempfile.mkdtemp(prefix="archdsl-process-")
        weakref.finalize(self, shutil.rmtree, self.folder)
        request = {"arguments": list(arguments), "environment": dict(environment), "cwd": os.getcwd()}
        self.pid: int = _ask(request | {"out": self._path("out"), "err": self._path("err"), "memory": memory})
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = _ask({"waited": self.pid})
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Raises TimeoutError where it does not end within so many seconds."""
        until = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                raise TimeoutError(f"process {self.pid} has not ended after {timeout} seconds")
            time.sleep(0.01)
        return code

    def communicate(self, timeout: float) -> tuple[str, str]:
        """All that it printed, as output and as errors, once it has ended."""
        self.wait(timeout)
        return Path(self._path("out")).read_text("utf-8"), Path(self._path("err")).read_text("utf-8")

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, name)


@cache
def _server() -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.warm"]
    root = Path(__file__).parents[1]
    # In a session of its own, or Ctrl-C would end it before those that are to hear of it.
    server = subprocess.Popen(
        command, env=environment, cwd=root, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    atexit.register(server.communicate)  # which closes its input
    return server


def _ask(request: Mapping[str, Any]) -> Any:
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps(request) + "\n")
    server.stdin.flush()
    return json.loads(server.stdout.readline())


# The server -----------------------------------------------------------------------------------------------------------


def _forked(request: Mapping[str, Any], command: Callable[[], int]) -> int:
    """The process of a command that has just begun."""
    if child := os.fork():
        return child
    code = 1
    try:
        # A file in place of each: nothing that holds the server's pipes outlives it.
        for number, path in ((0, os.devnull), (1, request["out"]), (2, request["err"])):
            opened = os.open(path, os.O_RDWR | os.O_CREAT)
            os.dup2(opened, number)
            os.close(opened)
        os.setsid()
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["environment"])
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if request["memory"]:
            _limit_memory(request["memory"])
        sys.argv = ["archdsl", *request["arguments"]]
        from archdsl.cli.interrupts import end_on_interrupts

        end_on_interrupts()
        code = command()
    except SystemExit as exit:
        code = exit.code if isinstance(exit.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _limit_memory(more: int) -> None:
    """Has this process get so many bytes more than it has, and no others."""
    with open("/proc/self/statm") as file:
        most = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE") + more
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _waited(pid: int) -> int | None:
    """The exit code of a process that has ended."""
    done, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


def main() -> None:
    from archdsl.torchvision_operators import declare_torchvision_operators

    operators = declare_torchvision_operators()
    for name in _IMPORTED:
        import_module(name)
    from archdsl.cli.entry import main as command

    for line in sys.stdin:
        request = json.loads(line)
        answer = _waited(request["waited"]) if "waited" in request else _forked(request, command)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    del operators


if __name__ == "__main__":
    main()
