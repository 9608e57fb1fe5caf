"""Files written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from archdsl.diagnostics import Diagnostic, Failure, Note
from archdsl.diagnostics.codes import CANNOT_WRITE


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Writes all files or, when one cannot be written, none. Raises Failure with the reason.

    Each file is complete at any moment, even when the process is killed: the new one is written beside the old one and
    takes its place in one step.
    """
    # Through symbolic links, so that a link stays a link.
    targets = {Path(os.path.realpath(path)): data for path, data in contents.items()}
    staged: list[tuple[Path, Path]] = []
    replaced: list[tuple[Path, bytes | None]] = []
    target = Path()
    try:
        for target, data in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".{target.name}.{os.urandom(6).hex()}.tmp")
            staged.append((temporary, target))
            _write(temporary, data, target)
        for temporary, target in staged:
            before = target.read_bytes() if target.exists() else None
            os.replace(temporary, target)
            replaced.append((target, before))
    except BaseException as error:
        _undo(replaced)
        if isinstance(error, OSError):
            raise Failure([_cannot_write(target, error)]) from None
        raise
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)


def write(path: Path, data: bytes) -> None:
    """Writes one file whole or not at all; a device or a pipe gets the bytes as they are. Raises Failure."""
    if not path.exists() or path.is_file() or path.is_dir():
        write_all({path: data})
        return
    try:
        path.write_bytes(data)
    except OSError as error:
        raise Failure([_cannot_write(path, error)]) from None


def _write(path: Path, data: bytes, like: Path) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
        with suppress(FileNotFoundError):
            os.chmod(path, like.stat().st_mode & 0o7777)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _undo(replaced: list[tuple[Path, bytes | None]]) -> None:
    """Puts back what was there before, as far as the file system lets us."""
    for target, before in reversed(replaced):
        with suppress(Failure, OSError):
            if before is None:
                target.unlink()
            else:
                write(target, before)


def _cannot_write(path: Path, error: OSError) -> Diagnostic:
    reason = error.strerror or str(error)
    message = f"cannot write {path}: {reason[:1].lower()}{reason[1:]}"
    return Diagnostic(CANNOT_WRITE, message, None, notes=(Note("no file was changed"),))
