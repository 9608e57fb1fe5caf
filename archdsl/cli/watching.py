"""Files that may change while a process runs.

They are asked for their stamps, a few times a second, and no notification is waited for. There are only the files that
some specs use, so that asking takes microseconds, and it sees what notifications of the system may not: saves on disks
of the network and in containers, editors that replace a file instead of writing it, files that are gone and come back.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from time import sleep
from typing import Literal

from archdsl.diagnostics import Source
from archdsl.sources import Files

# Which file is at a path, when it was written, and its size; None for none.
Stamp = tuple[int, int, int] | None
Stamps = Mapping[Path, Stamp]
_PAUSE_S = 0.1


class SeenFiles(Files):
    """The files on the disk. Those that a text uses, there or not, are kept with their stamps before reading."""

    def __init__(self) -> None:
        self.stamps: dict[Path, Stamp] = {}

    def see(self, path: Path) -> None:
        self.stamps.setdefault(path, stamp(path))

    def kind(self, path: Path) -> Literal["file", "folder", "something else"] | None:
        self.see(path)
        return super().kind(path)

    def read(self, path: Path) -> Source:
        self.see(path)
        return super().read(path)


def stamp(path: Path) -> Stamp:
    """What distinguishes one state of a file from the next."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def wait_for_change(known: Stamps) -> None:
    """Returns when a file has another stamp than it had, and all have rested: an editor may save in several steps."""
    while (now := _stamps(known)) == known:
        sleep(_PAUSE_S)
    sleep(_PAUSE_S)
    while (later := _stamps(known)) != now:
        now = later
        sleep(_PAUSE_S)


def changed(known: Stamps) -> bool:
    """Whether a file has another stamp than it had."""
    return _stamps(known) != known


def _stamps(paths: Stamps) -> Stamps:
    return {path: stamp(path) for path in paths}
