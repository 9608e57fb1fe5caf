"""Problems with files: those that are named, those that a text uses, and those of a git revision."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import OverBound, Problem, codes


def reason_of(error: OSError | ValueError) -> str:
    """What the system says of an error, as the end of a sentence."""
    reason: str = getattr(error, "strerror", None) or str(error)
    return f"{reason[:1].lower()}{reason[1:]}"


# Files that are read -------------------------------------------------------------------------------------------------


class CannotRead(Problem):
    code = codes.CANNOT_READ
    message = "cannot read {name}: {reason}"
    name: str
    reason: str

    @classmethod
    def because(cls, name: object, error: OSError | ValueError) -> CannotRead:
        return cls(str(name), reason_of(error))


class NotText(Problem):
    code = codes.NOT_TEXT
    message = "{name} is not UTF-8 text"
    help = "save it as UTF-8"
    name: str


class TooManyBytes(OverBound):
    """`needed` is 0 where it is only known to be more than the `read` bytes that are ever read."""

    message = "the file has {size}, more than the bound of {most:,} characters can take"
    bound = "characters"
    instead = "split it and bring the parts together with `use`"
    needed: int
    read: int

    @property
    def size(self) -> str:
        return f"{self.needed:,} bytes" if self.needed > self.read else f"more than {self.read:,} bytes"


class NoModels(Problem):
    code = codes.WRONG_USAGE
    message = "{file} has no models"
    file: str


class SeveralNetworks(Problem):
    """Where one is needed. Commands say which option chooses one."""

    code = codes.WRONG_USAGE
    message = "{file} has {count} networks"
    help = "choose a variant: {options}"
    file: str
    names: Sequence[str]

    @property
    def count(self) -> int:
        return len(self.names)

    @property
    def options(self) -> str:
        return ", ".join(self.names)


class NoSuchModel(Problem):
    code = codes.UNKNOWN_MODEL
    message = "there is no model `{name}`"
    help = "`archdsl.list_models()` lists them all"
    name: str


class UnknownVariantOfFile(Problem):
    code = codes.UNKNOWN_MODEL
    message = "{file} has no variant `{variant}`"
    help = "it has {names}"
    file: str
    variant: str
    known: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(self.known) or "no models"


class ProgramNestedTooDeeply(Problem):
    code = codes.TOO_LARGE
    message = "the program is nested too deeply"
    help = "give inner parts names of their own"


class InvalidTarget(Problem):
    """A file that would be written, and would not be right."""

    code = codes.WRONG_USAGE
    message = "{target} would not be a valid file: {reason}"
    target: str
    reason: str


# Files that a text uses ----------------------------------------------------------------------------------------------


class UseInLibrary(Problem):
    code = codes.USE_NOT_FOUND
    message = "the standard library cannot use other files"


class NotPath(Problem):
    code = codes.USE_NOT_FOUND
    message = "`{path}` is not a path"
    path: str


class AbsolutePath(Problem):
    code = codes.USE_NOT_FOUND
    message = "`{path}` is an absolute path"
    help = "name the file relative to this one, with `/` between folders"
    path: str


class OutsideProject(Problem):
    code = codes.USE_NOT_FOUND
    message = "`{path}` is outside the project"
    help = (
        "a `.arch` file can use files of its own project only, the nearest folder with `.git` or `pyproject.toml` in it"
    )
    path: str


class UsesItself(Problem):
    code = codes.USE_CYCLE
    message = "`{path}` uses this file in turn"
    path: str


class TooManyUses(OverBound):
    message = "files use each other more than {most} deep"
    bound = "uses"


class UseNotFile(Problem):
    """`what` is at the path: `does not exist`, `is a folder`."""

    code = codes.USE_NOT_FOUND
    message = "`{path}` {what}"
    path: str
    what: str


class UseNotArch(Problem):
    code = codes.USE_NOT_FOUND
    message = "`{path}` is not a `.arch` file"
    path: str


class UseUnreadable(Problem):
    """`reason` is why the file cannot be read."""

    code = codes.USE_NOT_FOUND
    message = "{reason}"
    reason: str


# Git -----------------------------------------------------------------------------------------------------------------

_DAMAGE = "a partial clone leaves objects where it came from, and none are fetched here; `git fsck` finds damage"


class UnknownRevision(Problem):
    code = codes.CANNOT_READ
    message = "`{revision}` is not a revision of the repository {repository}"
    help = "name a commit, tag or branch; a shallow clone has few"
    revision: str
    repository: str


class NotCommit(Problem):
    """`type` is what the name is instead: a tree, or a blob."""

    code = codes.CANNOT_READ
    message = "`{revision}` is not a commit of the repository {repository}, but a {type}"
    help = "name a commit, tag or branch"
    revision: str
    repository: str
    type: str


class DamagedRevision(Problem):
    code = codes.CANNOT_READ
    message = "cannot read `{revision}`: the repository {repository} has no commit there that git can read{object}"
    help = _DAMAGE
    revision: str
    repository: str
    object: str


class NoContents(Problem):
    code = codes.CANNOT_READ
    message = "cannot read {name}: the repository does not have its contents"
    help = _DAMAGE
    name: str


class OutsideRepository(Problem):
    code = codes.CANNOT_READ
    message = "{path} is not in the repository {repository}"
    path: str
    repository: str


class GitRefuses(Problem):
    """`reason` is in git's own words."""

    code = codes.CANNOT_READ
    message = "git cannot read {folder}: {reason}"
    folder: str
    reason: str


class NoGit(Problem):
    code = codes.MISSING_TOOL
    message = "cannot run git: {reason}"
    help = "install git to read files of a revision"
    reason: str
