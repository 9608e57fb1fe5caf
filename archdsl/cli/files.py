"""Files written whole or not at all, and those of one command together."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from archdsl.cli.staging import Staging, alone_in, uninterrupted
from archdsl.diagnostics import Diagnostic, Failure, Note
from archdsl.diagnostics.codes import CANNOT_WRITE, WRONG_USAGE


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Writes all files or, when one cannot be written, none. Raises Failure with the reason.

    Each file is the whole old or the whole new one at any moment, even when the process is killed. The files of one
    folder are moved to their places together: a signal that can wait does, and where the process is killed between two
    of these moves, whoever next writes to the folder completes them.
    """
    # Through symbolic links, so that a link stays a link.
    targets = {Path(os.path.realpath(path)): data for path, data in contents.items()}
    target = Path()
    try:
        with ExitStack() as held:
            staged: dict[Path, Staging] = {}
            for target in targets:
                if target.is_dir():
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
                target.parent.mkdir(parents=True, exist_ok=True)
            for folder in sorted({target.parent for target in targets}):  # in one order, so that nobody waits for ever
                held.enter_context(alone_in(folder))
            for target, data in targets.items():
                if target.parent not in staged:
                    staged[target.parent] = held.enter_context(Staging(target.parent))
                staged[target.parent].add(target, data)
            with uninterrupted():
                for staging in staged.values():
                    staging.commit()
                for staging in staged.values():
                    for target in staging:
                        staging.move(target)
                for staging in staged.values():
                    staging.is_done = True
    except OSError as error:
        raise Failure([_cannot_write(target, error)]) from None


def refuse_to_overwrite(target: str, source: str) -> None:
    """Raises Failure where a command would write its result over the file that it has read."""
    if source != "-" and os.path.exists(target) and os.path.exists(source) and os.path.samefile(target, source):
        message = f"{target} is the file that this comes from"
        note = Note("no file was changed")
        raise Failure([Diagnostic(WRONG_USAGE, message, None, notes=(note,), help="write to another one")])


def write(path: Path, data: bytes) -> None:
    """Writes one file whole or not at all; a device or a pipe gets the bytes as they are. Raises Failure."""
    if not path.exists() or path.is_file() or path.is_dir():
        write_all({path: data})
        return
    try:
        path.write_bytes(data)
    except OSError as error:
        raise Failure([_cannot_write(path, error)]) from None


def _cannot_write(path: Path, error: OSError) -> Diagnostic:
    reason = error.strerror or str(error)
    message = f"cannot write {path}: {reason[:1].lower()}{reason[1:]}"
    return Diagnostic(CANNOT_WRITE, message, None, notes=(Note("no file was changed"),))
