"""Files of an export written to a folder beside their places, and moved there when they are right."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archdsl.exporting.errors import CannotWriteExport, OutputExists
from archdsl.file_errors import reason_of


@contextmanager
def placed(files: tuple[Path, ...], *, force: bool) -> Iterator[Path]:
    """A folder in which to write the files of these names, of which nothing is left where it fails.

    Raises:
        DiagnosticError: where one is there already and `force` is not given, or cannot be written.
    """
    refuse_existing(files, force=force)
    target = files[-1]
    folder: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        yield folder
        for file in files:
            with open(folder / file.name, "rb+") as written:
                os.fsync(written.fileno())
            os.chmod(folder / file.name, 0o666 & ~_umask())  # some libraries write for the owner alone
        refuse_existing(files, force=force)  # it took a while
        for file in files:  # the last one is what is opened: where it is, the others are
            os.replace(folder / file.name, file)
    except OSError as error:
        raise CannotWriteExport(str(target), reason_of(error)).error() from None
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def refuse_existing(files: tuple[Path, ...], *, force: bool) -> None:
    """Raises DiagnosticError for a file that is there, and for anything but a file in any case."""
    for file in files:
        if not os.path.lexists(file):
            continue
        if not file.is_file() or file.is_symlink():
            what = "it is a link" if file.is_symlink() else "it is not a plain file"
            raise CannotWriteExport(str(file), what).error()
        if not force:
            raise OutputExists(str(file)).error()


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
