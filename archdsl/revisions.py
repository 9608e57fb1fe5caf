"""Files as they were at a git revision, read from the repository: nothing is checked out."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

from archdsl.compiler import Files, most_bytes
from archdsl.diagnostics import Diagnostic, Failure, Source, did_you_mean
from archdsl.diagnostics.codes import CANNOT_READ, MISSING_TOOL, NOT_TEXT

_LINK = "120000"  # the mode of a symbolic link


class Revision(Files):
    """The files of a repository at a revision: a commit, tag or branch, as git names it (`HEAD~3`).

    `near` is a path in the repository's working tree. Raises Failure when there is no repository or no such revision.
    """

    def __init__(self, near: Path, name: str):
        self.name = name
        self.folder = _folder(near)
        self.top = Path(_told(self.folder, "rev-parse", "--show-toplevel")).resolve()
        found = _git(self.folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if found.returncode:
            known = _told(self.folder, "for-each-ref", "--format=%(refname:short)").split()
            message = f"`{name}` is no revision of the repository {self.top.name}"
            help = did_you_mean(name, ["HEAD", *known]) or "name a commit, tag or branch; a shallow clone has few"
            raise Failure([Diagnostic(CANNOT_READ, message, None, help=help)])
        self.commit = found.stdout.decode().strip()
        self._entries = cache(self._listed)

    # As the compiler reads files

    def path(self, source: Source) -> Path:
        return Path(source.name.removesuffix(f"@{self.name}"))

    def resolved(self, path: Path) -> Path:
        # The links in the repository are those of today, and say nothing of the past.
        absolute = Path(os.path.abspath(path))
        for folder in absolute.parents:
            if folder.resolve() == self.top:
                return self.top / absolute.relative_to(folder)
        return path.resolve()

    def kind(self, path: Path) -> Literal["file", "folder", "something else"] | None:
        if path == self.top:
            return "folder"
        mode, what = self._entry(path)
        if what == "blob" and mode != _LINK:
            return "file"
        return "folder" if what == "tree" else "something else" if what else None

    def root(self, path: Path) -> Path:
        folder = self.resolved(path).parent
        for candidate in (folder, *folder.parents):
            if candidate == self.top or self.kind(candidate / "pyproject.toml"):
                return candidate
        return folder

    def read(self, path: Path) -> Source:
        name = f"{path}@{self.name}"
        kind = self.kind(self.resolved(path))
        if kind != "file":
            message = f"cannot read {name}: " + ("there is no such file" if kind is None else f"it is {_a(kind)}")
            raise Failure(
                [Diagnostic(CANNOT_READ, message, None).suggesting_file(str(path), self.beside(path, str(path)))]
            )
        data = _git(self.folder, "cat-file", "blob", f"{self.commit}:{self._inside(self.resolved(path))}").stdout
        try:
            return Source(name, data[: most_bytes() + 1].decode("utf-8").removeprefix("\ufeff"))
        except UnicodeDecodeError:
            raise Failure([Diagnostic(NOT_TEXT, f"{name} is not UTF-8 text", None)]) from None

    def beside(self, path: Path, written: str) -> list[str]:
        entries = self._entries(self.resolved(path).parent)
        return [str(Path(written).parent / entry) for entry in entries if entry.endswith(".arch")]

    # As git has them

    def files(self, folder: Path, suffix: str) -> Iterator[Path]:
        """The files below a folder whose names end so, as paths below that folder."""
        inside = self._inside(folder.resolve())
        where = ["--", f"{inside}/"] if inside else []
        listed = _git(self.top, "ls-tree", "-r", "-z", "--name-only", "--full-tree", self.commit, *where).stdout
        for name in os.fsdecode(listed).split("\0"):
            if name.endswith(suffix):
                yield folder / Path(name).relative_to(inside or ".")

    def _inside(self, path: Path) -> str:
        """A resolved path from the top of the repository, as git writes it. Raises Failure for one outside."""
        if not path.is_relative_to(self.top):
            raise Failure([Diagnostic(CANNOT_READ, f"{path} is not in the repository {self.top}", None)])
        inside = path.relative_to(self.top).as_posix()
        return "" if inside == "." else inside

    def _entry(self, path: Path) -> tuple[str, str]:
        """The mode and the type of what is at a resolved path; empty for nothing."""
        if not path.is_relative_to(self.top):
            return "", ""
        return self._entries(path.parent).get(path.name, ("", ""))

    def _listed(self, folder: Path) -> dict[str, tuple[str, str]]:
        """What is in a folder, by name, with mode and type."""
        tree = f"{self.commit}:{self._inside(folder)}"
        listed = _git(self.folder, "ls-tree", "-z", "--full-tree", tree)  # of no folder, nothing
        entries = [line.split("\t", 1) for line in os.fsdecode(listed.stdout).split("\0") if line]
        return {name: (facts.split()[0], facts.split()[1]) for facts, name in entries}


def tracked(folder: Path, suffix: str) -> list[Path]:
    """The files in and below a folder that git knows and that are there, whose names end so."""
    names = os.fsdecode(_checked(folder, "ls-files", "-z").stdout).split("\0")
    paths = dict.fromkeys(folder / name for name in names if name.endswith(suffix))
    return [path for path in paths if path.is_file()]


def _folder(path: Path) -> Path:
    """The nearest folder that is there, for git to start from: a file of the past may have lain in one that is gone."""
    folder = path.resolve()
    while not folder.is_dir():
        folder = folder.parent
    return folder


def _told(folder: Path, *arguments: str) -> str:
    return os.fsdecode(_checked(folder, *arguments).stdout).strip("\n")


def _checked(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """What git answers. Raises Failure, in git's own words, when it refuses."""
    done = _git(folder, *arguments)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().partition("\n")[0].removeprefix("fatal: ")
        raise Failure([Diagnostic(CANNOT_READ, f"git cannot read {folder}: {reason}", None)])
    return done


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    # A repository's own settings may name programs to run, such as a file system monitor: none is wanted here.
    command = ["git", "--no-pager", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, env=environment, check=False)
    except OSError as error:
        message = f"cannot run git: {error.strerror or error}"
        raise Failure([Diagnostic(MISSING_TOOL, message, None, help="install git to read files of the past")]) from None


def _a(kind: str) -> str:
    return "a folder" if kind == "folder" else "no file of its own (a link, or another repository)"
