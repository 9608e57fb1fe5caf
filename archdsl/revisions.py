"""Files as they were at a git revision, read from the repository: nothing is checked out, and nothing is fetched.

A repository may come from anybody, its configuration and its hooks included, and both name programs for git to run.
None of them is run here. What the repository cannot give is `UnreadableError`, which is not the same as what is not
in it.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from archdsl.diagnostics import DiagnosticError, Source
from archdsl.file_errors import (
    CannotRead,
    DamagedRevision,
    GitRefuses,
    NoContents,
    NoGit,
    NotCommit,
    NotText,
    OutsideRepository,
    UnknownRevision,
)
from archdsl.sources import Files, UnreadableError, most_bytes, too_many_bytes

_LINK = "120000"  # the mode of a symbolic link
_HASH = re.compile(r"[0-9a-f]{40,64}")
# What these name a repository's own settings would otherwise: programs of its choice, for git to run.
_SETTINGS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.sshCommand": "",
    "core.gitProxy": "",
    "core.askPass": "",
    "credential.helper": "",
    "protocol.allow": "never",
    # One that lies in the tree of another repository, where a clone has put it, is none.
    "safe.bareRepository": "explicit",
}
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    # A partial clone would fetch what it does not have, by whatever its configuration calls a remote.
    "GIT_NO_LAZY_FETCH": "1",
    # No protocol is called so. This goes before what a repository allows by `protocol.NAME.allow`.
    "GIT_ALLOW_PROTOCOL": ":",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


# What git says of a configuration that it cannot read.
_OF_CONFIGURATION = re.compile(r".*\b(?:config|key|section|variable|include)", re.IGNORECASE)


class _Entry(NamedTuple):
    """What a folder has under a name."""

    mode: str
    type: str
    object: str


class Revision(Files):
    """The files of a repository at a revision: a commit, tag or branch, as git names it (`HEAD~3`).

    `near` is a path in the repository's working tree. Raises DiagnosticError when there is no repository or no such
    revision.
    """

    def __init__(self, near: Path, name: str):
        self.name = name
        self.folder = _folder(near)
        self.top = Path(_answer(self.folder, "rev-parse", "--show-toplevel")).resolve()
        self.commit = self._commit()
        self._entries = cache(self._listed)

    def _commit(self) -> str:
        """The commit that the revision names. Raises DiagnosticError when there is none, UnreadableError when it
        cannot be read."""
        name = self.name
        # Without its type at first: of that git says nothing, whether an object is none or cannot be read.
        named = _git(self.folder, "rev-parse", "--verify", "--quiet", "--end-of-options", name)
        object = named.stdout.decode(errors="replace").strip()
        if named.returncode and b"error:" in named.stderr:
            raise self._damaged(name)  # on the way to it, as to `HEAD~2` by `HEAD~1`
        # `^HEAD` is a revision to git, and means all that is not in it.
        if not named.returncode and _HASH.fullmatch(object):
            found = _git(self.folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{object}^{{commit}}")
            commit = found.stdout.decode(errors="replace").strip()
            if not found.returncode and not _git(self.folder, "cat-file", "-p", commit).returncode:
                return commit
            type = _git(self.folder, "cat-file", "-t", f"{object}^{{}}")
            if not type.returncode and type.stdout.strip() != b"commit":
                raise DiagnosticError([NotCommit(name, self.top.name, type.stdout.decode().strip()).at(None)])
            # A whole hash names an object to git, whether or not there is one.
            if name.lower() != object or not _git(self.folder, "cat-file", "-e", object).returncode:
                raise self._damaged(object[:12])
        known = _answer(self.folder, "for-each-ref", "--format=%(refname:short)").split()
        raise DiagnosticError([UnknownRevision(name, self.top.name).at(None).suggesting(name, ["HEAD", *known])])

    def _damaged(self, object: str) -> UnreadableError:
        which = f" ({object})" if object != self.name else ""
        return UnreadableError([DamagedRevision(self.name, self.top.name, which).at(None)])

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
        entry = self._entry(path)
        if entry is None:
            return None
        if entry.type == "blob" and entry.mode != _LINK:
            return "file"
        return "folder" if entry.type == "tree" else "something else"

    def root(self, path: Path) -> Path:
        folder = self.resolved(path).parent
        for candidate in (folder, *folder.parents):
            if candidate == self.top or self.kind(candidate / "pyproject.toml"):
                return candidate
        return folder

    def read(self, path: Path) -> Source:
        name = f"{path}@{self.name}"
        kind = self.kind(self.resolved(path))
        entry = self._entry(self.resolved(path))
        if kind is None:
            problem = CannotRead(name, "there is no such file").at(None)
            raise DiagnosticError([problem.suggesting_file(str(path), self.beside(path, str(path)))])
        if kind != "file":
            raise DiagnosticError([CannotRead(name, f"it {self.something_else(self.resolved(path), kind)}").at(None)])
        assert entry is not None  # for it is a file
        try:
            return Source(name, self._contents(entry, name).decode("utf-8").removeprefix("\ufeff"))
        except UnicodeDecodeError:
            raise DiagnosticError([NotText(name).at(None)]) from None

    def _contents(self, entry: _Entry, name: str) -> bytes:
        # The size first: git would read all of it, whatever it is.
        size = _git(self.folder, "cat-file", "-s", entry.object)
        if size.returncode == 0 and int(size.stdout) > most_bytes():
            raise DiagnosticError([too_many_bytes(name, int(size.stdout))])
        found = _git(self.folder, "cat-file", "blob", entry.object) if size.returncode == 0 else size
        if found.returncode:
            raise UnreadableError([NoContents(name).at(None)])
        return found.stdout

    def something_else(self, path: Path, kind: str) -> str:
        entry = self._entry(path)
        if entry is None or kind == "folder":
            return "is a folder"
        return "is a link, and links of a revision are not followed" if entry.mode == _LINK else "is another repository"

    def beside(self, path: Path, written: str) -> list[str]:
        entries = self._entries(self.resolved(path).parent)
        return [str(Path(written).parent / entry) for entry in entries if entry.endswith(".arch")]

    # As git has them

    def files(self, folder: Path, suffix: str) -> Iterator[Path]:
        """The files below a folder whose names end so, as paths below that folder."""
        inside = self._inside(folder.resolve())
        where = ["--", f"{inside}/"] if inside else []
        listed = _checked(self.top, "ls-tree", "-r", "-z", "--name-only", "--full-tree", self.commit, *where).stdout
        for name in os.fsdecode(listed).split("\0"):
            if name.endswith(suffix):
                yield folder / Path(name).relative_to(inside or ".")

    def _inside(self, path: Path) -> str:
        """A resolved path from the top of the repository, as git writes it. Raises DiagnosticError for one outside."""
        if not path.is_relative_to(self.top):
            raise DiagnosticError([OutsideRepository(str(path), str(self.top)).at(None)])
        inside = path.relative_to(self.top).as_posix()
        return "" if inside == "." else inside

    def _entry(self, path: Path) -> _Entry | None:
        """What is at a resolved path; None for nothing."""
        return self._entries(path.parent).get(path.name) if path.is_relative_to(self.top) else None

    def _listed(self, folder: Path) -> dict[str, _Entry]:
        """What is in a folder, by name; nothing in one that is not there. Raises UnreadableError."""
        inside = self._inside(folder)
        where = ["--", f"{inside}/"] if inside else []
        # Not as `COMMIT:FOLDER`, which git cannot read in the same way whether there is none or it is damaged.
        listed = _checked(self.folder, "ls-tree", "-z", "--full-tree", self.commit, *where)
        entries = [line.split("\t", 1) for line in os.fsdecode(listed.stdout).split("\0") if line]
        return {name.rpartition("/")[2]: _Entry(*facts.split()) for facts, name in entries}


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


def _answer(folder: Path, *arguments: str) -> str:
    return os.fsdecode(_checked(folder, *arguments).stdout).strip("\n")


def _checked(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """What git answers. Raises UnreadableError, in git's own words, when it refuses."""
    done = _git(folder, *arguments)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().partition("\n")[0].removeprefix("fatal: ")
        if _OF_CONFIGURATION.match(reason):  # it quotes files, which may be any that the configuration includes
            reason = "its configuration has a mistake; `git status` shows it"
        raise UnreadableError([GitRefuses(str(folder), reason).at(None)])
    return done


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
    command = ["git", "--no-pager", *settings, "-C", str(folder), *arguments]
    environment = {**os.environ, **_ENVIRONMENT}
    try:
        return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, env=environment, check=False)
    except OSError as error:
        raise DiagnosticError([NoGit(str(error.strerror or error)).at(None)]) from None
