"""The folder of a run: all that it takes to go on with it, to repeat it, and to use its weights in another year.

    run.json               versions, seed, git revision, command, classes, preprocessing, each session
    recipe.json            the recipe, with every setting
    architecture.json      the network, as `archdsl.Architecture.from_json` reads it
    NAME.py                its source in PyTorch, by itself
    spec/                  the .arch files that they come from
    metrics.csv            a row each epoch; steps.csv one every few steps; tensorboard/ the same for TensorBoard
    curves.svg             a picture of them
    checkpoints/           what a run goes on from
    weights.safetensors    the weights at the end: averaged ones, where the recipe averages

`run.json` is written last: a folder without one holds no run.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from archdsl.diagnostics import DiagnosticError
from archdsl.ir.architecture import Architecture
from archdsl.ir.recipe import Recipe
from archdsl.reading import read_plain
from archdsl.training import atomic
from archdsl.training.errors import FolderInTheWay, NoRun, RunExists, RunInUse, RunNotSaved
from archdsl.training.run_facts import Begun
from archdsl.version import __version__

Read = TypeVar("Read")

FORMAT = 1
WEIGHTS, CHECKPOINTS, METRICS, STEPS, CURVES, EVENTS = (
    "weights.safetensors", "checkpoints", "metrics.csv", "steps.csv", "curves.svg", "tensorboard",
)  # fmt: skip
_RUN, _RECIPE, _ARCHITECTURE, _SPEC, _LOCK = "run.json", "recipe.json", "architecture.json", "spec", ".lock"
_OUTPUTS = (WEIGHTS, CHECKPOINTS, METRICS, STEPS, CURVES, EVENTS, _RUN, _RECIPE, _ARCHITECTURE, _SPEC)
# The most that is read of a file that says what a run is of.
_MOST = 64 << 20
_PACKAGES = ("torch", "torchvision", "timm", "numpy", "pillow")


class RunFolder:
    """A folder with a run, or for one."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._lock: int | None = None

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    @property
    def is_run(self) -> bool:
        return (self / _RUN).is_file()

    @property
    def is_finished(self) -> bool:
        return self.is_run and (self / WEIGHTS).is_file()

    # What is in it --------------------------------------------------------------------------------------------------

    def facts(self, kind: type[Begun] = Begun) -> dict[str, Any]:
        """What `run.json` says, `kind` at least.

        Raises DiagnosticError for a folder without a run, or with one of another format.
        """
        found = self._json(_RUN)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise DiagnosticError([NoRun(str(self.path), f"its {_RUN} is none that this version reads").at(None)])
        self._read(_RUN, lambda: kind.model_validate(found))
        return found

    def recipe(self) -> Recipe:
        """Raises DiagnosticError."""
        return self._read(_RECIPE, lambda: Recipe.model_validate(self._json(_RECIPE)))

    def architecture(self) -> Architecture:
        """Raises DiagnosticError."""
        return self._read(_ARCHITECTURE, lambda: Architecture.model_validate(self._json(_ARCHITECTURE)))

    def _json(self, name: str) -> Any:
        return self._read(name, lambda: json.loads(self._text(name)))

    def _text(self, name: str) -> bytes:
        text = read_plain(self / name, _MOST)
        if len(text) > _MOST:
            raise ValueError(f"it has more than {_MOST >> 20} MB")
        return text

    def _read(self, name: str, read: Callable[[], Read]) -> Read:
        """What a file of the run says. It may come from anywhere, and be anything."""
        try:
            return read()
        except OSError as error:
            reason = "it does not exist" if not self.path.exists() else f"{name}: {(error.strerror or '').lower()}"
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            reason = f"{name}: {where or 'all of it'}: {first['msg']}"
        except ValueError as error:
            reason = f"{name}: {error}"
        except RecursionError:
            reason = f"{name}: it is nested too deeply"
        raise DiagnosticError([NoRun(str(self.path), reason).at(None)])

    # Making one -----------------------------------------------------------------------------------------------------

    def begin(self, *, force: bool = False) -> None:
        """Makes the folder and its lock, for a run that is yet to be written to it.

        Raises DiagnosticError where another run or anything else is in it; with `force` a run goes.
        """
        if self.is_run and not force:
            facts = self.facts()
            state = "finished" if self.is_finished else "unfinished"
            raise DiagnosticError(
                [RunExists(str(self.path), f"{facts['network']} by {facts['recipe']}", state).at(None)]
            )
        with self.reporting():
            self.path.mkdir(parents=True, exist_ok=True)
            # A lock without a run is left by one that was killed while it began.
            others = [entry.name for entry in self.path.iterdir()]
            if others and not self.is_run and _LOCK not in others:
                raise DiagnosticError([FolderInTheWay(str(self.path)).at(None)])
            self.lock()
            if self.is_run:
                source = f"{self.facts()['network']}.py"
                (self / _RUN).unlink()  # first: from here on there is no run
                for name in (*_OUTPUTS, source):
                    _remove(self / name)
            (self / CHECKPOINTS).mkdir(exist_ok=True)
            atomic.clear_up(self.path)

    def write(
        self,
        recipe: Recipe,
        architecture: Architecture,
        source: str,
        texts: Mapping[str, str],
        facts: Mapping[str, Any],
    ) -> None:
        """Writes what a run is of; `texts` are the .arch files by name, `facts` go into `run.json`.

        Raises DiagnosticError when the disk is full, say.
        """
        with self.reporting():
            (self / _SPEC).mkdir(exist_ok=True)
            for name, text in texts.items():
                (self / _SPEC / name).parent.mkdir(parents=True, exist_ok=True)
                atomic.write(self / _SPEC / name, text.encode())
            atomic.write(self / f"{architecture.name}.py", source.encode())
            atomic.write(self / _RECIPE, (recipe.to_json() + "\n").encode())
            atomic.write(self / _ARCHITECTURE, (architecture.to_json() + "\n").encode())
            self._write_facts({"format": FORMAT, "network": architecture.name, "recipe": recipe.name, **facts})

    def open(self) -> None:
        """Takes the lock of a run that goes on, and clears up after one that was killed. Raises DiagnosticError."""
        self.facts()
        with self.reporting():
            self.lock()
            (self / CHECKPOINTS).mkdir(exist_ok=True)
            for folder in (self.path, self / CHECKPOINTS):
                atomic.clear_up(folder)

    def add_session(self, session: Mapping[str, Any]) -> None:
        """Notes in `run.json` that the run begins or goes on, and where."""
        facts = self.facts()
        with self.reporting():
            self._write_facts({**facts, "sessions": [*facts.get("sessions", []), dict(session)]})

    def save(self, name: str, data: bytes) -> None:
        """Writes a file of the run. Raises DiagnosticError."""
        with self.reporting():
            atomic.write(self / name, data)

    def _write_facts(self, facts: Mapping[str, Any]) -> None:
        atomic.write(self / _RUN, (json.dumps(facts, indent=2) + "\n").encode())

    def reporting(self) -> _Reporting:
        return _Reporting(self.path)

    # Its lock -------------------------------------------------------------------------------------------------------

    def lock(self) -> None:
        """Keeps other trainings out until this process ends. Raises DiagnosticError where one is in.

        The lock is one of the process (POSIX): workers that outlive it for a moment do not hold it.
        """
        try:
            import fcntl
        except ImportError:  # no such locks on this system
            return
        descriptor = os.open(self / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            who = os.read(descriptor, 200).decode(errors="replace").strip()
            os.close(descriptor)
            raise DiagnosticError([RunInUse(str(self.path), f" (process {who})" if who else "").at(None)]) from None
        except OSError:  # a file system without locks
            os.close(descriptor)
            return
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()} on {platform.node()}\n".encode())
        self._lock = descriptor

    @property
    def is_in_use(self) -> bool:
        """Whether a training of another process is in."""
        if not self.path.is_dir():
            return False
        try:
            self.lock()
        except DiagnosticError:
            return True
        self.unlock()
        return False

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def leave(self) -> None:
        """Gives up the lock, and takes back a folder in which no run has come to be."""
        if self._lock is not None and not self.is_run:
            with suppress(OSError):  # something else is in it
                (self / _LOCK).unlink()
                (self / CHECKPOINTS).rmdir()
                self.path.rmdir()
        self.unlock()


class _Reporting:
    """In here an OSError is a diagnostic."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            path = error.filename if isinstance(error.filename, str) else str(self.folder)
            last = "what was written before is whole"
            problem = RunNotSaved(path, (error.strerror or str(error)).lower(), last, str(self.folder))
            raise DiagnosticError([problem.at(None)]) from None


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


# Facts ----------------------------------------------------------------------------------------------------------------


@cache
def versions() -> Mapping[str, str]:
    """What a run depends on, by name."""
    found = {"archdsl": __version__, "python": platform.python_version(), "platform": platform.platform()}
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def revision(folder: Path) -> str | None:
    """The commit of the git repository that a folder is in; None where there is none."""
    from archdsl.revisions import Revision

    try:
        return Revision(folder, "HEAD").commit
    except DiagnosticError:
        return None


def command() -> Sequence[str]:
    return ["archdsl", *sys.argv[1:]]
