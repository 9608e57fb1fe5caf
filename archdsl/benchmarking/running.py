"""The process of a network that is timed, as whoever times it sees it: it is asked a line and answers with one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from types import TracebackType
from typing import Any

from archdsl.benchmarking.errors import ContenderFails
from archdsl.benchmarking.request import Request


class Running:
    """The process of a contender, ended with this."""

    def __init__(self, request: Request, title: str):
        self.request, self.title, self.seconds, self.processor = request, title, 0.0, 0.0
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        # Of its own, so that nothing is there that an earlier process compiled.
        self.compiled = tempfile.TemporaryDirectory(prefix="archdsl-bench-compiled-", ignore_cleanup_errors=True)

    def __enter__(self) -> Running:
        threads = str(self.request.threads)
        self.process = subprocess.Popen(
            # -P: what lies in the current folder is nobody's module.
            [sys.executable, "-P", "-m", "archdsl.benchmarking.process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env={
                **os.environ,
                "OMP_NUM_THREADS": threads,
                "MKL_NUM_THREADS": threads,
                "TORCHINDUCTOR_CACHE_DIR": self.compiled.name,
            },
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()
        self.errors.close()
        self.compiled.cleanup()

    def begin(self) -> None:
        """Raises DiagnosticError where it cannot be prepared."""
        answer = self.ask(self.request.to_json())
        self.seconds, self.processor = answer["seconds"], answer["processor"]

    def ask(self, line: str) -> dict[str, Any]:
        """Its answer to a line. Raises DiagnosticError where it fails, or is no more."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(f"{line}\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        found: dict[str, Any] = json.loads(answer) if answer else {"failed": self._end()}
        if "failed" in found:
            raise ContenderFails(self.title, self.request.target, found["failed"]).error()
        return found

    def _end(self) -> str:
        code = self.process.wait()
        if code < 0:
            return f"its process ended by signal {-code}, perhaps for want of memory"
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "its process ended")
