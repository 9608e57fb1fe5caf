"""Problems with definitions of other libraries: texts that are none, and what ours cannot build."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import OverBound, Problem, codes

# Whole definitions ---------------------------------------------------------------------------------------------------


class UnusableName(Problem):
    code = codes.WRONG_USAGE
    message = "`{name}` cannot be the name of a model"
    help = "use letters, digits and `_`, and no digit at the start"
    name: str


class NameOfBlock(Problem):
    code = codes.WRONG_USAGE
    message = "`{name}` is a block of the file; give it another `--name`"
    name: str


class EmptyDefinition(Problem):
    code = codes.SYNTAX
    message = "{name} is empty"
    name: str


class UnclearNotation(Problem):
    code = codes.WRONG_USAGE
    message = "it is not clear which notation {name} is in"
    help = "choose one: {options}"
    name: str
    known: Sequence[str]

    @property
    def options(self) -> str:
        return ", ".join(f"`--from {one}`" for one in self.known)


class TooLongDefinition(OverBound):
    message = "a definition has at most {most:,} characters"
    bound = "characters"
    needed: int


class TooManyRows(OverBound):
    """`needed` is 0 where it is only known to be more."""

    message = "a definition has at most {most:,} rows"
    bound = "stages"
    needed: int


# Python literals -----------------------------------------------------------------------------------------------------


class NotPython(Problem):
    """`reason` is in Python's words."""

    code = codes.SYNTAX
    message = "this is not valid Python: {reason}"
    reason: str


class UnreadablePython(Problem):
    code = codes.SYNTAX
    message = "this is not Python that can be read"


class NoList(Problem):
    code = codes.SYNTAX
    message = "there is no list here"
    help = "give the list alone: `[...]`"


class SeveralStatements(Problem):
    code = codes.SYNTAX
    message = "there is more than one statement"
    help = "give one list alone: `[...]`"


class NotList(Problem):
    """`what` should be a list: a definition, a stage, a row."""

    code = codes.SYNTAX
    message = "{what} is a list"
    label = "not a list"
    what: str


class EmptyList(Problem):
    code = codes.SYNTAX
    message = "this list is empty"


class NotString(Problem):
    code = codes.SYNTAX
    message = "a block is a string"
    label = "not a string"


class NotPlainString(Problem):
    code = codes.SYNTAX
    message = "write each block as one plain string"


class NotNumber(Problem):
    code = codes.SYNTAX
    message = "this is not a number that can be read"


# What is built -------------------------------------------------------------------------------------------------------


class BadStride(Problem):
    code = codes.BAD_VALUE
    message = "a stride must be 1 or 2"


class BadExpansion(Problem):
    code = codes.BAD_VALUE
    message = "an expansion must be larger than 0"


class FractionalExpansion(Problem):
    code = codes.BAD_VALUE
    message = "an expansion must be a whole number in this library"


class BadShare(Problem):
    code = codes.BAD_VALUE
    message = "a share of channels is at most 1"


class WithoutSqueeze(Problem):
    code = codes.UNKNOWN_ARGUMENT
    message = "this kind of block has no squeeze-and-excitation"


class EvenKernel(Problem):
    code = codes.BAD_VALUE
    message = "a kernel of {kernel} makes the map smaller by one, and the input cannot be added to it"
    help = "use an odd kernel, or other channels than the input's"
    kernel: int


class NoHiddenChannels(Problem):
    code = codes.BAD_VALUE
    message = "{expansion} times {channels} channels round to none"
    help = "use a larger expansion"
    expansion: str
    channels: int


class NoSqueezedChannels(Problem):
    code = codes.BAD_VALUE
    message = "{share} of {channels} channels round to none"
    help = "use a larger share, or leave squeeze-and-excitation out"
    share: str
    channels: int


class NothingLeft(Problem):
    code = codes.VANISHING
    message = "a kernel of {kernel} leaves nothing of a map of {size}"
    help = "use an odd kernel, or a larger resolution"
    kernel: int
    size: int


class StrideIsDilation(Problem):
    """`reduction` is how many times smaller maps are at most."""

    code = codes.WRONG_USAGE
    message = "maps are {reduction} times smaller already, and {notation} makes this stride a dilation"
    help = "write stride 1, or add the stage to the file"
    reduction: int
    notation: str


class BrokenChain(Problem):
    """`rounded` channels come of those that the row `reads`."""

    code = codes.CHANNEL_MISMATCH
    message = "this row reads {reads} channels{when_rounded}, and gets {gets}"
    help = "what comes before it has {gets} output channels"
    reads: int
    rounded: int
    gets: int

    @property
    def when_rounded(self) -> str:
        return "" if self.rounded == self.reads else f", {self.rounded} when rounded"
