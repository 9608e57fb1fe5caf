"""Files and folders written whole or not at all, whatever happens meanwhile: a kill, a full disk, a power cut."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NEW = ".new"


def write(path: Path, data: bytes) -> None:
    """Writes a file; at any moment it is the old one or the new one, also where several write it at once. Raises
    OSError."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_NEW}")
    try:
        with open(new, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise
    sync_folder(path.parent)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to write to that takes its place at `path` when it is complete; one that is there goes.

    Raises OSError, and leaves nothing of what was written.
    """
    new = path.with_name(f".{path.name}{_NEW}")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        yield new
        for file in new.iterdir():
            _sync(file, os.O_RDONLY)
        sync_folder(new)
        if path.exists():
            remove_folder(path)
        new.rename(path)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    sync_folder(path.parent)


def remove_folder(path: Path) -> None:
    """Removes a folder; at any moment it is whole or, under its name, not there."""
    old = path.with_name(f".{path.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    with suppress(OSError):
        path.rename(old)
    shutil.rmtree(old, ignore_errors=True)


def clear_up(folder: Path) -> None:
    """Removes what writers left that were killed. Only whoever is alone in the folder may do it."""
    for path in folder.glob(".*"):
        if path.name.endswith((_NEW, ".old")):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """Has the names in a folder outlast a power cut, on systems where a folder can be opened."""
    with suppress(OSError):
        _sync(path, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
