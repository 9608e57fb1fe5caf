"""Problems with device profiles, and with what a latency is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import Problem, codes


class NoSuchDevice(Problem):
    code = codes.UNKNOWN_NAME
    message = "there is no device `{device}`"
    help = "those that ship are {names}; or name the file of a profile"
    device: str
    shipped: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(self.shipped)


class NotProfile(Problem):
    code = codes.WRONG_USAGE
    message = "{path} is not a device profile: {reason}"
    help = "docs/latency.md describes profiles; `archdsl calibrate` writes one"
    path: str
    reason: str


class NotBatch(Problem):
    code = codes.WRONG_USAGE
    message = "a batch must be a whole number from 1, not {batch!r}"
    batch: object


class TypeNotInProfile(Problem):
    """A type of number that a profile has no measurements of."""

    code = codes.WRONG_USAGE
    message = "the profile `{profile}` does not have {type}"
    help = "it has {names}"
    profile: str
    type: str
    known: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(self.known)


class ProfileDoesNotTrain(Problem):
    code = codes.WRONG_USAGE
    message = "the profile `{profile}` is of {backend}, which does not train"
    help = "use a profile of eager mode"
    profile: str
    backend: str
