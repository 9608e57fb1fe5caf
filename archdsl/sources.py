"""The texts of files: how they are read, and where those that a text uses come from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from archdsl.diagnostics import Diagnostic, DiagnosticError, Source, Span
from archdsl.file_errors import CannotRead, NotText, TooManyBytes
from archdsl.folders import shipped, shipped_beside
from archdsl.limits import limits
from archdsl.reading import read_plain


def most_bytes() -> int:
    """The bytes of the largest text that is read; what is larger is refused whatever more there is."""
    return 4 * limits().characters


def read(path: str | Path) -> Source:
    """The text of a file. Raises DiagnosticError when it cannot be read or is not text."""
    written = str(path)
    path = shipped(written) or Path(path)
    try:
        data = read_plain(path, most_bytes())
    except (OSError, ValueError) as error:  # ValueError is a path with a null character
        problem = CannotRead.because(written, error).at(None)
        others = siblings(path, written) if shipped(written) is None else shipped_beside(written)
        raise DiagnosticError([problem.suggesting_file(written, others)]) from None
    if len(data) > most_bytes():
        raise DiagnosticError([too_many_bytes(str(path), os.path.getsize(path))])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        text = data.decode("utf-8", "replace")
        place = len(data[: error.start].decode("utf-8"))
        span = Span(Source(str(path), text), place, place + 1)
        raise DiagnosticError([NotText(str(path)).at(span, f"byte {error.start} of the file")]) from None
    return text_of(str(path), text)


def too_many_bytes(name: str, size: int = 0) -> Diagnostic:
    """A diagnostic for a text that is not read to its end; `size` is how many bytes it has, where that is known."""
    return TooManyBytes(size, most_bytes()).at(Span(Source(name, ""), 0, 0))


def text_of(name: str, text: str) -> Source:
    """A text that came from a file or a stream, perhaps with a byte-order mark."""
    plain = text.removeprefix("\ufeff")
    return Source(name, plain, text[: len(text) - len(plain)])


def siblings(path: Path, written: str) -> list[str]:
    """The other files beside a path, in the way that the path was written."""
    try:
        return [
            str(Path(written).parent / p.name)
            for p in path.parent.iterdir()
            if p.suffix == ".arch" and p.name != path.name
        ]
    except (OSError, ValueError):
        return []


class UnreadableError(DiagnosticError):
    """What holds the files of a text cannot be read, so that nobody knows whether one is there.

    That is no mistake in a text that uses one.
    """


class Files:
    """Where the files that a text uses come from: here from the disk. A subclass may take them from elsewhere."""

    def path(self, source: Source) -> Path:
        """Where a text stands: what its `use` lines are relative to."""
        return Path(source.name)

    def resolved(self, path: Path) -> Path:
        """The path that a file has however it is reached. Raises OSError, RuntimeError or ValueError for none."""
        return path.resolve()

    def kind(self, path: Path) -> Literal["file", "folder", "something else"] | None:
        """What is at a resolved path; None for nothing."""
        if path.is_file():
            return "file"
        return "folder" if path.is_dir() else "something else" if path.exists() else None

    def root(self, path: Path) -> Path:
        """The tree that a file may use from: the nearest folder above it that holds a project, else its own folder.

        A file that is a link is where the link is, since what it uses is named relative to that.
        """
        folder = path.parent.resolve()
        for candidate in (folder, *folder.parents):
            if (candidate / ".git").exists() or (candidate / "pyproject.toml").exists():
                return candidate
        return folder

    def read(self, path: Path) -> Source:
        """The text of a file. Raises DiagnosticError when it cannot be read or is not text."""
        # The folder of a text that is not saved yet may not be there, and no `..` leads out of it then.
        return read(path if path.exists() else path.resolve())

    def something_else(self, path: Path, kind: str) -> str:
        """What a resolved path leads to where that is no file."""
        return "is a folder" if kind == "folder" else "is not a file"

    def beside(self, path: Path, written: str) -> list[str]:
        """The other files beside a path, in the way that the path was written."""
        return siblings(path, written)


ON_DISK = Files()
