"""Where files wait until all of them are written: a hidden folder beside their places.

`.archdsl-1a2b3c4d5e6f.new` holds files in the making, and is worth nothing when its process has died.
`.archdsl-1a2b3c4d5e6f-SIGNATURE.whole` holds complete ones on their way: the change of its name is the moment from
which the new files count, and whoever finds it later moves what is left in it. The signature is made with a key of the
user's: a folder of such a name that came with a repository or an archive is nobody's unfinished work, and stays.
"""

from __future__ import annotations

import hmac
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from archdsl.cli.interrupts import Raised

_PREFIX, _NEW, _WHOLE = ".archdsl-", ".new", ".whole"
_KEY_SIZE = 32


class Staging:
    """The files for one folder. Leaving it before `is_done` puts back what it has replaced."""

    def __init__(self, folder: Path):
        self.path = folder / f"{_PREFIX}{os.urandom(6).hex()}{_NEW}"
        self.path.mkdir()
        self.before: dict[Path, bytes | None] = {}
        self.moved: list[Path] = []
        self.is_done = False

    def __enter__(self) -> Staging:
        return self

    def __iter__(self) -> Iterator[Path]:
        return iter(self.before)

    def add(self, target: Path, data: bytes) -> None:
        """Writes a file here that is to take its place at `target`."""
        self._write(target, data)
        self.before[target] = target.read_bytes() if target.exists() else None

    def commit(self) -> None:
        """From now on these are the files, wherever they lie."""
        path = self.path.parent / _signed(self.path.parent, self.path.name.removesuffix(_NEW))
        self.path.rename(path)
        self.path = path

    def move(self, target: Path) -> None:
        os.replace(self.path / target.name, target)
        self.moved.append(target)

    def _write(self, target: Path, data: bytes) -> None:
        path = self.path / target.name
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            with suppress(FileNotFoundError):
                os.chmod(path, target.stat().st_mode & 0o7777)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.is_done:  # A signal that waited until it was comes too late to undo anything.
            self._put_back()
        shutil.rmtree(self.path, ignore_errors=True)

    def _put_back(self) -> None:
        """What was there before, as far as the file system lets us."""
        for target in reversed(self.moved):
            with suppress(OSError):
                before = self.before[target]
                if before is None:
                    target.unlink()
                else:
                    self._write(target, before)
                    os.replace(self.path / target.name, target)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keeps other commands from writing to a folder until this one has, and clears up after one that was killed.

    On a system or a file system without locks, neither: what looks left behind may be another command's work.
    """
    descriptor = _locked(folder)
    try:
        with Raised():  # else an interrupt would leave files in the making behind
            if descriptor is not None:
                _clear_up(folder)
            yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _locked(folder: Path) -> int | None:
    """A descriptor that holds the lock of a folder; it goes with the process, however that ends."""
    try:
        import fcntl
    except ImportError:
        return None
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _clear_up(folder: Path) -> None:
    """Completes what a command had written and not all moved when it was killed; throws unfinished files away."""
    with suppress(OSError):
        for entry in [*os.scandir(folder)]:
            if entry.name.startswith(_PREFIX) and entry.is_dir(follow_symlinks=False):
                is_whole = entry.name.endswith(_WHOLE) and _is_signed(folder, entry.name)
                if is_whole:
                    _complete(Path(entry.path), folder)
                if is_whole or entry.name.endswith(_NEW):
                    shutil.rmtree(entry.path, ignore_errors=True)


def _signed(folder: Path, name: str) -> str:
    """The name of a folder of complete files; without a key it has no signature, and nobody completes it."""
    key = _key()
    if key is None:
        return f"{name}{_WHOLE}"
    text = f"{os.path.realpath(folder)}\0{name}"
    return f"{name}-{hmac.digest(key, os.fsencode(text), 'sha256').hex()[:32]}{_WHOLE}"


def _is_signed(folder: Path, name: str) -> bool:
    plain, dash, _ = name.rpartition("-")
    signed = _signed(folder, plain)  # as bytes: a name that was planted may have any letters
    return bool(dash) and hmac.compare_digest(os.fsencode(signed), os.fsencode(name))


def _key() -> bytes | None:
    """The user's key, made when it is first needed; None where there is no place to keep one."""
    try:
        path = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "archdsl" / "key"
        with suppress(FileNotFoundError):
            return _read_key(path)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = path.with_name(f"key.{os.urandom(6).hex()}")
        with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(_KEY_SIZE))
        try:
            os.link(made, path)  # of two that make one at a time, the first counts
        except FileExistsError:
            pass
        finally:
            made.unlink()
        return _read_key(path)
    except (OSError, RuntimeError):
        return None


def _read_key(path: Path) -> bytes | None:
    key = path.read_bytes()
    return key if len(key) == _KEY_SIZE else None


def _complete(staged: Path, folder: Path) -> None:
    last = staged.stat().st_mtime_ns
    for entry in [*os.scandir(staged)]:
        target = folder / entry.name
        # Whoever has changed a file since knows better what should be in it.
        is_older = not target.exists() or (target.is_file() and target.stat().st_mtime_ns <= last)
        if entry.is_file(follow_symlinks=False) and is_older:
            os.replace(entry.path, target)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Lets signals wait that ask for an end: it takes a moment only, and half of it would be worse than none."""
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield
        return
    # Blocking them would not do: they would go to another thread, such as those that compile Graphviz.
    waiting: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: waiting.append(number))
        for number in (getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP"))
        if number is not None and signal.getsignal(number) is not None
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in waiting:
            signal.raise_signal(number)
