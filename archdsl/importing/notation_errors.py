"""Problems with the words of notations: flags of block strings, rows of torchvision."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import Problem, codes

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
