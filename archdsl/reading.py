"""Files that are named from outside, read: plain ones alone, and no more of them than asked for.

A pipe would keep a command waiting, a device may never end or do something when it is opened. What is at a path is
looked at first, and at the opened file again, since it may be another one by then.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_plain(path: str | Path, most: int) -> bytes:
    """The bytes of a file, one more than `most` where it has more. Raises OSError, and ValueError for no path."""
    _refuse(os.stat(path).st_mode)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as file:
        _refuse(os.fstat(file.fileno()).st_mode)
        return file.read(most + 1)


def unfolded(path: str | Path) -> int | None:
    """How many bytes a checkpoint says that it holds, where these are too many for its size: a "zip bomb".

    A checkpoint is a zip archive of records. PyTorch, which writes them as they are, reads compressed ones as well,
    into memory, whatever they come to; weights that somebody compressed become half as large, hardly an eighth.
    """
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            held = sum(record.file_size for record in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None  # an older format, or nothing that PyTorch reads
    return held if held > _MOST_UNFOLDED * os.path.getsize(path) + _FREE else None


# How many times as large as its file a checkpoint may be, beyond bytes that are never too many.
_MOST_UNFOLDED = 8
_FREE = 64 << 20


def kind(mode: int) -> str | None:
    """What a file is that is not a plain one, of its `st_mode`; None for a plain one."""
    if stat.S_ISREG(mode):
        return None
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFLNK: "a link"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _refuse(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if (found := kind(mode)) is not None:
        raise OSError(errno.EINVAL, f"it is {found}, not a plain file")
