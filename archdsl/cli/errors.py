"""Problems with command lines and the files that commands write. Imported late: most command lines have none."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import Problem, codes

# Arguments -----------------------------------------------------------------------------------------------------------


class UnknownCommand(Problem):
    code = codes.WRONG_USAGE
    message = "unknown command `{name}`"
    help = "the commands are {names}"
    name: str
    known: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(self.known)


class BadArguments(Problem):
    """`reason` is in argparse's words, or those of an argument's type."""

    code = codes.WRONG_USAGE
    message = "{reason}"
    reason: str


class UnknownOption(Problem):
    code = codes.WRONG_USAGE
    message = "`{command}` has no option `{option}`"
    command: str
    option: str


class SurplusArgument(Problem):
    code = codes.WRONG_USAGE
    message = "unexpected argument `{argument}`"
    argument: str


class NotChoice(Problem):
    code = codes.WRONG_USAGE
    message = "`{value}` is not one of {names}"
    value: str
    known: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(self.known)


class NotChoiceOfOption(NotChoice):
    message = "`{option}` must be one of {names}, not `{value}`"
    option: str


class WrongBounds(Problem):
    """Limits of the environment; `reason` says which."""

    code = codes.WRONG_USAGE
    message = "{reason}"
    reason: str


class OptionAlone(Problem):
    """An option without the one that it refines; `remedy` says which, or what else to do."""

    code = codes.WRONG_USAGE
    message = "`--{option}` is about {about}"
    help = "{remedy}"
    option: str
    about: str
    remedy: str


class MissingPackages(Problem):
    """`what` needs packages, which an extra of archdsl installs."""

    code = codes.MISSING_TOOL
    message = "{what} needs {names}"
    help = "pip install 'archdsl[{extra}]'"
    what: str
    packages: Sequence[str]
    extra: str

    @property
    def names(self) -> str:
        return ", ".join(self.packages)


class UnestimatedType(Problem):
    """Of number."""

    code = codes.WRONG_USAGE
    message = "memory is estimated for {names}, not {type}"
    known: Sequence[str]
    type: str

    @property
    def names(self) -> str:
        return ", ".join(self.known)


# Specs ---------------------------------------------------------------------------------------------------------------


class NotSpec(Problem):
    code = codes.WRONG_USAGE
    message = "`{text}` does not name a spec"
    help = "write SPEC, SPEC:VARIANT, SPEC@REVISION or SPEC:VARIANT@REVISION"
    text: str


class RevisionOfStandardInput(Problem):
    code = codes.WRONG_USAGE
    message = "standard input has no revisions"


class ShippedFile(Problem):
    code = codes.WRONG_USAGE
    message = "{path} is a shipped file, which is not changed"
    help = "copy it, and change the copy"
    path: str


class StandardInputNotText(Problem):
    code = codes.NOT_TEXT
    message = "standard input is not UTF-8 text (byte {byte})"
    byte: int


# Files that are written ----------------------------------------------------------------------------------------------


class CannotWrite(Problem):
    code = codes.CANNOT_WRITE
    message = "cannot write {path}: {reason}"
    path: str
    reason: str


class OverwritesInput(Problem):
    code = codes.WRONG_USAGE
    message = "{target} is the file that this comes from"
    help = "write to another one"
    target: str


class FileExists(Problem):
    code = codes.EDITED
    message = "{path} already exists"
    help = "keep it and write elsewhere with `--out FILE`, or replace it with `--force`"
    path: str


class EditedOutput(Problem):
    """`elsewhere` is the option that writes to another place."""

    code = codes.EDITED
    message = "{path} was edited since it was written"
    help = "keep it and write elsewhere with `{elsewhere}`, or replace it with `--force`"
    path: str
    elsewhere: str


class ForeignOutput(EditedOutput):
    message = "{path} was not written by archdsl, or edited, or written by an earlier version"


class NotFolder(Problem):
    code = codes.WRONG_USAGE
    message = "`--out {path}` names a folder, and that is a file's name"
    help = "the files in it are called after their specs; `archdsl diagram --out FILE` writes a figure alone"
    path: str


class NotFile(Problem):
    code = codes.WRONG_USAGE
    message = "`{option} {path}` names a file, and that is a folder's name"
    help = "add the file's name: `{option} {path}{example}`"
    option: str
    path: str
    example: str


class NoStandardOutput(Problem):
    """`what` is written, and cannot go to standard output."""

    code = codes.WRONG_USAGE
    message = "`--out -` would be standard output, to which {what} cannot be written"
    help = "name a {kind}; one that is called `-` is `./-`"
    what: str
    kind: str


class OtherCapitals(Problem):
    """A file whose name differs in capitals alone from one that would be written."""

    code = codes.WRONG_USAGE
    message = "{path} exists, and many systems do not distinguish it from {name}"
    help = "remove it, or write to another folder with `--out DIR`"
    path: str
    name: str


class SameOutput(Problem):
    """Two specs whose outputs have one name, or `other_name`, which differs in capitals alone."""

    code = codes.WRONG_USAGE
    message = "{other} and {spec} would both write {name}{alike}"
    help = "build one of them with another `--out`"
    other: str
    spec: str
    name: str
    other_name: str

    @property
    def alike(self) -> str:
        if self.name == self.other_name:
            return ""
        return f", which many systems do not distinguish from {self.other_name}"


class UnusableModuleName(Problem):
    """`what` would be renamed, and to what."""

    code = codes.WRONG_USAGE
    message = "{spec} cannot be built: {reason}"
    help = "rename {what} to {better}"
    spec: str
    reason: str
    what: str
    better: str


class UnknownExtension(Problem):
    code = codes.WRONG_USAGE
    message = "`{option} {path}`: nothing is written as `{suffix}` here"
    help = "the extension is one of {names}, or none"
    option: str
    path: str
    suffix: str
    known: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(f"`{one}`" for one in self.known)


class OtherExtension(Problem):
    """The extension of one format, and another one was `asked` for; `better` is a name that suits it."""

    code = codes.WRONG_USAGE
    message = "`{option} {path}` is {found} by its extension, and {asked} was asked for"
    help = "call it `{better}`, or ask for {found}"
    option: str
    path: str
    found: str
    asked: str
    better: str
