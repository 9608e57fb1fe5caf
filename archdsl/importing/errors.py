"""Problems with definitions of other libraries: what is not understood in them, and what ours cannot build."""

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


# Block strings -------------------------------------------------------------------------------------------------------


class EmptyWord(Problem):
    code = codes.SYNTAX
    message = "there is nothing between two `_`"


class EmptyString(Problem):
    code = codes.SYNTAX
    message = "this string is empty"


class FlagGivenTwice(Problem):
    """Of a block string, or an argument of a class."""

    code = codes.DUPLICATE_NAME
    message = "`{flag}` is given twice"
    flag: str


class UnknownFlag(Problem):
    code = codes.UNKNOWN_ARGUMENT
    message = "unknown flag `{flag}`"
    help = "the flags are {names}"
    flag: str
    known: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(self.known)


class UnsupportedFlag(Problem):
    code = codes.UNKNOWN_ARGUMENT
    message = "`{flag}` cannot be imported: {reason}"
    flag: str
    reason: str


class SeveralKernels(Problem):
    code = codes.BAD_VALUE
    message = "no block of the library has kernels of several sizes in one layer"


class FlagWithoutNumber(Problem):
    """`letter` of the flag, and `what` it gives."""

    code = codes.BAD_VALUE
    message = "`{flag}` has no number that can be read"
    help = "`{letter}` is the {what}: `{letter}3`"
    flag: str
    letter: str
    what: str


class MissingFlag(Problem):
    code = codes.MISSING_ARGUMENT
    message = "the {what} is missing"
    help = "`{letter}` is the {what}: `{letter}3`"
    letter: str
    what: str


class NotWholeNumber(Problem):
    code = codes.BAD_VALUE
    message = "the {what} must be a whole number from 1"
    what: str


class UnsupportedKind(Problem):
    code = codes.UNKNOWN_BLOCK
    message = "`{kind}` cannot be imported: the library has no such block"
    kind: str


class UnknownKind(Problem):
    code = codes.UNKNOWN_BLOCK
    message = "unknown kind of block `{kind}`"
    help = "the kinds are {names}"
    kind: str
    known: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(self.known)


class SkipAndNoskip(Problem):
    code = codes.BAD_VALUE
    message = "`skip` and `noskip` exclude each other"


class SkipIsImplied(Problem):
    code = codes.BAD_VALUE
    message = "`{kind}` adds its input without `skip`"
    kind: str


class UnknownActivation(Problem):
    code = codes.BAD_VALUE
    message = "unknown activation `{word}`"
    help = "the activations are {names}"
    word: str
    known: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(f"n{one}" for one in self.known)


class OtherActivation(Problem):
    code = codes.BAD_VALUE
    message = "this block has the activation {activation}, the model {of_model}"
    help = "where all blocks agree, give `--act {activation}`"
    activation: str
    of_model: str


class IgnoredStride(Problem):
    code = codes.BAD_VALUE
    message = "only the first block of a stage can have a stride; timm ignores this one"
    help = "write 1, or begin another stage"


class IgnoredExpandedChannels(Problem):
    code = codes.UNKNOWN_ARGUMENT
    message = "timm ignores `fc` in a `{kind}`"
    kind: str


class NoExpansion(Problem):
    code = codes.BAD_VALUE
    message = "this kind of block does not expand"
    help = "remove it"


class MixedVersions(Problem):
    """Of automl's notation: a stride is a pair, or one digit."""

    code = codes.BAD_VALUE
    message = "this stride is {this}, that of the first block {first}"
    help = "the first version has pairs in all, the second in none"
    is_pair: bool

    @property
    def this(self) -> str:
        return "a pair" if self.is_pair else "one digit"

    @property
    def first(self) -> str:
        return "one digit" if self.is_pair else "a pair"


class UnknownConvolution(Problem):
    code = codes.BAD_VALUE
    message = "unknown kind of convolution {kind}"
    help = "`c0` or `c1`"
    kind: str


class IgnoredNoskip(Problem):
    code = codes.UNKNOWN_ARGUMENT
    message = "with strides of one digit, automl ignores `noskip`"
    help = "write strides as pairs: `s11`"


class UnequalStrides(Problem):
    code = codes.BAD_VALUE
    message = "the strides of height and width are different"


class FusedOfPairs(Problem):
    """What `c1` is in the first version of automl's notation, which no block here is."""

    code = codes.BAD_VALUE
    help = "for the second version's fused block write strides as one digit"


class StrideOfProjection(FusedOfPairs):
    message = "where strides are pairs, the projection of `c1` has the stride"


class ProjectionAlone(FusedOfPairs):
    message = "where strides are pairs, a `c1` that does not expand is a projection alone"


class FusedWithoutSqueeze(FusedOfPairs):
    code = codes.UNKNOWN_ARGUMENT
    message = "where strides are pairs, `c1` has no squeeze-and-excitation"


# Rows of torchvision -------------------------------------------------------------------------------------------------


class MixedRows(Problem):
    code = codes.SYNTAX
    message = "rows of numbers and of classes are for different networks"
    help = "write all rows like the first"


class NotRow(Problem):
    code = codes.SYNTAX
    message = "a row is a {names}, or four numbers"
    classes: Sequence[str]

    @property
    def names(self) -> str:
        return " or a ".join(self.classes)


class UnknownClass(Problem):
    code = codes.UNKNOWN_BLOCK
    message = "unknown class `{name}`"
    help = "the classes are {names}"
    name: str
    known: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(self.known)


class TooManyNumbers(Problem):
    code = codes.UNKNOWN_ARGUMENT
    message = "a row has {count} numbers"
    help = "multiply width and depth into the numbers of every row"
    count: int


class NotFourNumbers(Problem):
    code = codes.BAD_VALUE
    message = "a row has four numbers: expansion, channels, layers, stride; this has {count}"
    count: int


class UnknownArgumentOfRow(Problem):
    code = codes.UNKNOWN_ARGUMENT
    message = "unknown argument `{name}`"
    help = "the parameters are {names}"
    name: str
    known: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(self.known)


class MissingArgumentsOfRow(Problem):
    code = codes.MISSING_ARGUMENT
    message = "missing argument: {names}"
    missing: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(self.missing)


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
