"""Files written whole or not at all, and those of one command together; here stands what may be written over."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from archdsl.cli.staging import Staging, alone_in, uninterrupted
from archdsl.diagnostics import Diagnostic, DiagnosticError, Note
from archdsl.diagnostics.render import printable
from archdsl.file_errors import reason_of
from archdsl.folders import shipped
from archdsl.reading import kind, read_plain

DEFAULT_FOLDER = "codegen"
_NOTHING_CHANGED = Note("no file was changed")
# A file that is larger was not written by us.
_MOST_BYTES = 256 * 10**6


def write_all(contents: Mapping[Path, bytes]) -> None:
    """Writes all files or, when one cannot be written, none. Raises DiagnosticError with the reason.

    Each file is the whole old or the whole new one at any moment, even when the process is killed. The files of one
    folder are moved to their places together: a signal that can wait does, and where the process is killed between two
    of these moves, whoever next writes to the folder completes them.
    """
    targets = {_target(path): data for path, data in contents.items()}
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
        raise DiagnosticError([_cannot_write(target, error)]) from None


def write(path: Path, data: bytes) -> None:
    """Writes one file whole or not at all. Raises DiagnosticError."""
    write_all({path: data})


def write_result(path: Path, data: bytes, *, force: bool) -> None:
    """Writes the result of a command to a file that the user has named. Raises DiagnosticError, for an `.arch` file
    that is there as well unless `force` is given."""
    if not force:
        refuse_to_replace(path, data)
    write(path, data)


# What may be written over --------------------------------------------------------------------------------------------


def _target(path: Path) -> Path:
    """The file that is meant, behind links in its folder, which stay. Raises DiagnosticError for anything but a plain
    file there.

    A link that leads out of the folder may be somebody else's, in a project that came from elsewhere: what it leads to
    is not an output.
    """
    target = Path(os.path.realpath(path))
    if not target.is_relative_to(os.path.realpath(path.parent)):
        help = f"remove the link, or write to {printable(str(target))} by its own name"
        raise _refused(path, f"it is a link that leads out of its folder, to {printable(str(target))}", help)
    try:
        found = kind(os.lstat(target).st_mode)
    except OSError:  # There is nothing yet; what else is wrong with it, writing reports.
        return target
    if found not in (None, "a folder"):
        raise _refused(
            path, f"it is {found}, not a plain file", "`-` is standard output, where a command has one result"
        )
    return target


def _refused(path: Path, reason: str, help: str) -> DiagnosticError:
    from archdsl.cli.errors import CannotWrite

    return CannotWrite(printable(str(path)), reason).error(notes=(_NOTHING_CHANGED,), help=help)


def refuse_to_overwrite(target: str, source: str) -> None:
    """Raises DiagnosticError where a command would write its result over the file that it has read."""
    read = shipped(source) or Path(source)
    if source != "-" and os.path.exists(target) and os.path.exists(read) and os.path.samefile(target, read):
        from archdsl.cli.errors import OverwritesInput

        raise OverwritesInput(target).error(notes=(_NOTHING_CHANGED,))


def refuse_to_replace(path: Path, data: bytes) -> None:
    """Raises DiagnosticError where another `.arch` file is there: it may be somebody's work, and nothing in it
    shows that."""
    if path.suffix != ".arch":
        return
    try:
        found = read_plain(_target(path), _MOST_BYTES)
    except OSError:  # There is none, or one that cannot be written either, which writing reports.
        return
    if found != data:
        from archdsl.cli.errors import FileExists

        raise FileExists(printable(str(path))).error(notes=(_NOTHING_CHANGED,))


def is_folder(asked: str) -> bool:
    """Whether a text names a folder: it ends with a slash, or the folder is there."""
    return asked.endswith(("/", os.sep)) or os.path.isdir(asked)


def within(asked: str | None, name: str) -> str | None:
    """The file that is asked for: in a folder, if it is one that is named, it is called `name`."""
    return os.path.join(asked, name) if asked is not None and is_folder(asked) else asked


def refuse_standard_output(asked: str | None, what: str, kind: str = "folder") -> None:
    """Raises DiagnosticError for `--out -` of a command that does not write a single file: `what` cannot go there."""
    if asked == "-":
        from archdsl.cli.errors import NoStandardOutput

        raise NoStandardOutput(what, kind).error()


def out_folder(asked: str | None) -> Path:
    """The folder for the outputs of a build. Raises DiagnosticError where that is not what it seems.

    The one that nobody has named may not be a link to somewhere else: it may have come with a project.
    """
    if asked is None:
        folder = Path(DEFAULT_FOLDER)
        if not Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(".")):
            help = f"if that is where the files should go, say so: `--out {DEFAULT_FOLDER}`"
            raise _refused(folder, f"it is a link that leads out of this folder, to {os.path.realpath(folder)}", help)
        return folder
    refuse_standard_output(asked, "several files")
    if (
        not asked.endswith(("/", os.sep))
        and Path(asked).suffix.lower() in (".py", ".svg", ".json", ".arch")
        and not os.path.isdir(asked)
    ):
        from archdsl.cli.errors import NotFolder

        raise NotFolder(printable(asked)).error()
    return Path(asked)


def refuse_edited(contents: Mapping[Path, bytes]) -> None:
    """Raises DiagnosticError where a file of a build is there that is not as archdsl wrote it, and that would be
    lost."""
    problems = [problem for path, data in contents.items() if (problem := _edited(path, data, "--out DIR")) is not None]
    problems += _other_capitals(contents)
    if problems:
        raise DiagnosticError(problems)


def refuse_edited_file(path: Path, data: bytes, elsewhere: str) -> None:
    """The same for a file that is the only result of a command; the option `elsewhere` writes it to another one."""
    problem = _edited(path, data, elsewhere)
    if problem is not None:
        raise DiagnosticError([problem])


def _edited(path: Path, data: bytes, elsewhere: str) -> Diagnostic | None:
    from archdsl.digests import has_digest, is_as_written

    try:
        found = read_plain(_target(path), _MOST_BYTES)
    except OSError:  # There is none, or one that cannot be written either, which writing reports.
        return None
    if is_as_written(found, data):
        return None
    from archdsl.cli.errors import EditedOutput, ForeignOutput

    kind = EditedOutput if has_digest(found) else ForeignOutput
    return kind(printable(str(path)), elsewhere).at(None, notes=(_NOTHING_CHANGED,))


def _other_capitals(contents: Iterable[Path]) -> list[Diagnostic]:
    """Files that are there under names that differ in capitals alone: on many systems they would be the same ones."""
    problems = []
    for folder in dict.fromkeys(path.parent for path in contents):
        names = {path.name.casefold(): path.name for path in contents if path.parent == folder}
        there: list[str] = []
        with suppress(OSError):
            there = sorted(os.listdir(folder))
        for other in there:
            name = names.get(other.casefold(), other)
            if name != other:
                from archdsl.cli.errors import OtherCapitals

                shown = printable(str(folder / other))
                problems.append(OtherCapitals(shown, name).at(None, notes=(_NOTHING_CHANGED,)))
    return problems


def _cannot_write(path: Path, error: OSError) -> Diagnostic:
    from archdsl.cli.errors import CannotWrite

    return CannotWrite(str(path), reason_of(error)).at(None, notes=(_NOTHING_CHANGED,))
