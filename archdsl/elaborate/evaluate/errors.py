"""Problems with values: of the wrong kind, out of range, without a result.

`found` is what a value is instead, in words, such as `the number 3`.
"""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import OverBound, Problem, codes
from archdsl.elaborate.resolve.errors import UnknownName

# Scalars -------------------------------------------------------------------------------------------------------------


class WrongCondition(Problem):
    code = codes.WRONG_KIND
    message = "a condition must be a boolean or a number, not {found}"
    found: str


class WrongOperand(Problem):
    code = codes.WRONG_KIND
    message = "`{operator}` needs numbers, not {found}"
    operator: str
    found: str


class LayerAndText(Problem):
    code = codes.WRONG_KIND
    message = "`{operator}` compares a layer with a text, which are never equal"
    help = "write the layer without quotes: `{text}`"
    operator: str
    text: str


class WrongArgument(Problem):
    code = codes.WRONG_KIND
    message = "`{function}` takes numbers, not {found}"
    function: str
    found: str


class WrongNegation(Problem):
    code = codes.WRONG_KIND
    message = "`-` needs a number, not {found}"
    found: str


class DivisionByZero(Problem):
    code = codes.ARITHMETIC
    message = "`{operator}` divides by zero"
    label = "this is zero"
    operator: str


class ZeroToNegativePower(Problem):
    code = codes.ARITHMETIC
    message = "zero to a negative power has no result"


class ComplexPower(Problem):
    code = codes.ARITHMETIC
    message = "a negative number to a fractional power has no real result"


class BadDivisor(Problem):
    code = codes.ARITHMETIC
    message = "a divisor must be a positive whole number, not {found}"
    found: str


class NegativeChannels(Problem):
    code = codes.ARITHMETIC
    message = "`divisible` rounds a number of channels, which cannot be {found}"
    found: str


class NoResult(Problem):
    code = codes.ARITHMETIC
    message = "`{function}` has no result for {value}"
    function: str
    value: str


class NumberTooLarge(OverBound):
    message = "this number is too large"
    label = "beyond 2 ** {most}"
    bound = "bits"


# Claims and other text that stands alone -----------------------------------------------------------------------------


class ToleranceOfOther(Problem):
    code = codes.WRONG_KIND
    message = "a tolerance goes with `==`, not with `{operator}`"
    operator: str


class ToleranceElsewhere(Problem):
    code = codes.WRONG_KIND
    message = "`+-` gives the tolerance of a `require`; it has no meaning elsewhere"


class BadTolerance(Problem):
    code = codes.WRONG_KIND
    message = "a tolerance must be a number from 0, not {found}"
    found: str


class ToleranceWithoutNumbers(Problem):
    code = codes.WRONG_KIND
    message = "a tolerance needs numbers on both sides, and this is {found}"
    found: str


class BadBatch(Problem):
    code = codes.NO_PREDICTION
    message = "a batch must be a whole number from 1 to {most:,}, not {found}"
    most: int
    found: str


class NoPrediction(Problem):
    """`reason` is the problem that the cost model reports."""

    code = codes.NO_PREDICTION
    message = "{reason}"
    reason: str


class ConstraintWithoutComparison(Problem):
    code = codes.WRONG_KIND
    message = "a constraint must be a comparison"
    help = "write what must hold, for example `{example}`"
    example: str


class NotPositive(Problem):
    code = codes.WRONG_KIND
    message = "a positive number is needed here, such as `400M`, not {found}"
    found: str


class UnknownOperand(UnknownName):
    label = ""
    help = "{advice}"
    known: Sequence[str]

    @property
    def advice(self) -> str:
        return f"it can use {', '.join(self.known)}" if self.known else "write a number"


class NotArithmetic(Problem):
    code = codes.WRONG_KIND
    message = "only numbers, operators and functions of numbers such as `round` are allowed here"


# Tensors -------------------------------------------------------------------------------------------------------------


class FactOfOtherKind(Problem):
    code = codes.WRONG_KIND
    message = "only tensors have facts, and this is {found}"
    found: str


class UnknownFactOfTensor(Problem):
    code = codes.UNKNOWN_FACT
    message = "this tensor has no fact `{fact}`"
    help = "set it where the tensor comes from, for example `stem.{fact} = 1` in the model or `out.{fact} = ...`"
    fact: str


class HeightOfSeries(Problem):
    code = codes.UNKNOWN_FACT
    message = "this tensor is a series, which has no height"
    help = "a series has `channels` and a `length`"


class UnknownOutput(Problem):
    code = codes.UNKNOWN_NAME
    message = "the network has no output `{name}`"
    name: str


class MapLeftOff(Problem):
    code = codes.UNKNOWN_NAME
    message = "the network has no map `{part}.{name}`: nothing reads it or one behind it"
    part: str
    name: str


class SeveralOutputs(Problem):
    code = codes.WRONG_KIND
    message = "the network has outputs with names, so `out` is none of them"
    help = "say which: {known}"
    known: str


class TooManyFacts(OverBound):
    message = "{needed:,} facts of a tensor are more than the bound of {most:,}"
    bound = "facts"
    needed: int


class TooManyChannels(OverBound):
    message = "{needed:,} channels are more than the bound of {most:,}"
    bound = "channels"
    needed: int


class TooLargeSize(OverBound):
    message = "a size of {size} is more than the bound of {most:,} a side"
    bound = "side"
    size: str
    needed: int


class OperatorOfTensors(Problem):
    code = codes.WRONG_KIND
    message = "`{operator}` does not work on tensors"
    help = "tensors combine with `+`, `-`, `*`, `/` and `concat(...)`{advice}; numbers come from facts, `x.channels`"
    operator: str

    @property
    def advice(self) -> str:
        return "; a square is `x * x`" if self.operator == "**" else ""


class TensorWithOther(Problem):
    code = codes.WRONG_KIND
    message = "a tensor combines with a tensor or a number, not {found}"
    found: str


class ConcatOfOther(Problem):
    code = codes.WRONG_KIND
    message = "`concat` joins tensors, not {found}"
    found: str


class SumOfOther(Problem):
    code = codes.WRONG_KIND
    message = "`sum` adds tensors, or numbers, and this is {found}"
    found: str


class ConcatSizes(Problem):
    """`first` and `this` are the sizes, `16 x 16`."""

    code = codes.CHANNEL_MISMATCH
    message = "`concat` needs tensors of one size: {first} before, {this} here"
    help = "give the branches the same stride and padding, or use `resize(like = ...)`"
    first: str
    this: str


class SumOfOne(Problem):
    code = codes.WRONG_KIND
    message = "`sum` adds two tensors or more, or those of a list"
    label = "there is one tensor"
    help = "the sum along an axis is a layer: `x -> reduce_sum(over = channels)`"


class ExtremeOfOne(Problem):
    code = codes.WRONG_KIND
    message = "`{function}` compares the elements of two tensors or more, or of a tensor and a number"
    label = "there is one tensor"
    help = "within a tensor, `x -> reduce_{function}(over = positions)` finds it over an axis"
    function: str


class ExtremeMismatch(Problem):
    """`first` and `this` are shapes, `8 x 16 x 16`."""

    code = codes.CHANNEL_MISMATCH
    message = "`{function}` compares tensors of one shape, and these are {first} and {this}"
    help = "an axis of 1 stretches to that of the other; bring all others to the same channels, height and width"
    function: str
    first: str
    this: str


class ChannelsDiffer(Problem):
    code = codes.CHANNEL_MISMATCH
    message = "channels do not match: {left} on the left of `{operator}`, {right} on the right"
    help = "bring one side to the other's channels, for example with `-> conv({right})` on the left"
    operator: str
    left: int
    right: int


class SizesDiffer(Problem):
    code = codes.CHANNEL_MISMATCH
    message = "sizes do not match: {left} on the left of `{operator}`, {right} on the right"
    help = "give both sides the same stride and padding, or use `resize(like = ...)`"
    operator: str
    left: str
    right: str


class TooManySides(Problem):
    code = codes.BAD_VALUE
    message = "a shape is channels x height x width, a size is height x width"
    label = "this has {count} sides"
    help = "for example `3 x 224 x 224` or `1 x 7`"
    count: int


class BadSize(Problem):
    code = codes.BAD_VALUE
    message = "a size must be {must}, not {found}"
    must: str
    found: str


class BadShape(Problem):
    code = codes.BAD_VALUE
    message = "the shape of `{primitive}` is channels x {positions}, not {found}"
    help = "for example `{primitive}(in.channels x {one})`"
    primitive: str
    positions: str
    one: str
    found: str


class ParameterElsewhere(Problem):
    code = codes.WRONG_KIND
    message = "`{primitive}` makes a tensor of a block, and this is in none"
    help = "write it in a block, `block scaled() {{ out = in * {primitive}(in.channels x 1 x 1, initial = 1) }}`"
    primitive: str


class ParameterWithoutShape(Problem):
    code = codes.WRONG_KIND
    message = "`{primitive}` is a tensor, not a layer, and needs a shape"
    help = "for example `in * {primitive}(in.channels x 1 x 1, initial = 1)`"
    primitive: str


class OpenChoice(Problem):
    code = codes.OPEN_CHOICE
    message = "this choice is open"
    label = "a search space, not one network"
    help = "write one of its values, or let a model that `extends` this one decide"


# Layers --------------------------------------------------------------------------------------------------------------


class TensorAsLayer(Problem):
    code = codes.WRONG_KIND
    message = "`->` feeds a tensor into a layer, and this is a tensor"
    help = "combine two tensors with `+`, `*` or `concat(...)`"


class NotLayer(Problem):
    code = codes.WRONG_KIND
    message = "a layer is needed here, not {found}"
    help = "name a block or a primitive, such as `conv(32)` or `relu`"
    found: str


class HiddenLayer(NotLayer):
    """A parameter or binding that is called like a block or primitive, which is meant."""

    help = "`{name}` is {what}, too, which cannot be named beside this one: give one of them another name"
    name: str
    what: str


# Lists ---------------------------------------------------------------------------------------------------------------


class NestedList(Problem):
    code = codes.WRONG_KIND
    message = "a list holds no lists"
    help = "give each list a name or a parameter of its own"


class WrongElement(Problem):
    code = codes.WRONG_KIND
    message = "a list holds numbers, sizes, words, layers or tensors, not {found}"
    found: str


class MixedList(Problem):
    code = codes.WRONG_KIND
    message = "a list of tensors holds nothing else, and this is {found}"
    found: str


class NoValue(Problem):
    code = codes.NO_ELEMENT
    message = "`{function}` needs at least one value, and the list is empty"
    help = "a loop over 0 has no rounds; choose with `if length(list) > 0 then ... else ...`"
    function: str


class NoElement(Problem):
    code = codes.NO_ELEMENT
    message = "there is no value {index} in a list of {count}"
    index: int
    count: int

    @property
    def range(self) -> str:
        if not self.count:
            return "the list has no values yet: in the first round of a loop there are none before"
        return f"values are counted from 0, so the last of them is {self.count - 1}"

    help = "{range}"


class BadIndex(Problem):
    code = codes.WRONG_KIND
    message = "a value of a list is chosen by a whole number, not {found}"
    found: str


class ElementOfOther(Problem):
    code = codes.WRONG_KIND
    message = "`[ ]` behind a value chooses from a list, and this is {found}"
    help = "{advice}"
    found: str
    is_tensor: bool

    @property
    def advice(self) -> str:
        return "`split(x, 4)[0]` and `x -> slice(0, 16)` are some of the channels of `x`" if self.is_tensor else ""


class LengthOfOther(Problem):
    code = codes.WRONG_KIND
    message = "`length` takes a list, not {found}"
    found: str


class ForOverOther(Problem):
    code = codes.WRONG_KIND
    message = "a loop goes over a list, or over the numbers below a whole number, not {found}"
    help = "for example `for kernel in [3, 5]: ...`, or `for i in 4: ...`, where i is 0, 1, 2, 3"
    found: str


class ListInPipeline(Problem):
    code = codes.WRONG_KIND
    message = "a pipeline is of a tensor and layers, and this is {found}"
    help = "choose one of its values, as in `list[0]`; tensors are joined by `concat(list)`, or added by `sum(list)`"
    found: str


_WHOLE = "bind the list as a whole, and read its values by their numbers: `values = ...`, then `values[0]`"


class UnpackedOther(Problem):
    code = codes.WRONG_KIND
    message = "{count} names are bound to the values of a list here, and this is {found}"
    help = "give it one name; a block puts out several tensors with `out = a, b`"
    count: int
    found: str


class UnpackedCount(Problem):
    code = codes.WRONG_KIND
    message = "{count} names are bound here, and there {values}"
    help = "{advice}"
    count: int
    length: int
    names: list[str]

    @property
    def values(self) -> str:
        return "is one value" if self.length == 1 else f"are {self.length} values"

    @property
    def advice(self) -> str:
        if self.length < self.count:
            return "leave the last names out, or bind the list as a whole: `values = ...`, then `values[0]`"
        more = ", ".join([*self.names, *["_"] * (self.length - self.count)][:8])
        return f"`_` stands for a value that is not needed: `{more} = ...`" if self.length <= 8 else _WHOLE


class LoopInLoop(Problem):
    code = codes.WRONG_KIND
    message = "a loop that makes tensors stands inside another one"
    help = "make a block of the inner loop, and apply it in the outer one"


class MadeInLoop(Problem):
    code = codes.WRONG_KIND
    message = "a tensor that others read by name is made inside a loop"
    help = "bind it above the loop; where it is another in each round, put the round into a block"


class SplitOfOther(Problem):
    code = codes.WRONG_KIND
    message = "`split` takes a tensor apart, not {found}"
    help = "for example `split(in, 4)`, in 4 equal parts of the channels"
    found: str


class BadSplit(Problem):
    code = codes.WRONG_KIND
    message = "the parts of `split` are a whole number from 1, or a list of channels, not {found}"
    help = "`split(in, 4)` gives 4 equal parts, `split(in, [24, 40])` two of 24 and 40 channels"
    found: str


class BadPart(Problem):
    """Part `number` of a list of channels, from 1, is no number of channels."""

    code = codes.WRONG_KIND
    message = "part {number} of `split` must be a positive whole number of channels, not {found}"
    help = "{advice}"
    number: int
    found: str
    is_number: bool

    @property
    def advice(self) -> str:
        if self.is_number:
            return "what only some uses of a block take apart belongs in a block of its own, which they alone apply"
        return "`split(in, [24, 40])` gives two parts of 24 and 40 channels"


class SplitSizes(Problem):
    code = codes.CHANNEL_MISMATCH
    message = "the parts of `split` have {given} channels together, and the tensor has {channels}"
    given: int
    channels: int


class TooManyRounds(OverBound):
    message = "{needed:,} rounds of loops within one another are more than the bound of {most:,}"
    bound = "elements"
    needed: int


class NotLayers(Problem):
    code = codes.WRONG_KIND
    message = "`[ ]` holds layers, not {found}"
    found: str


class ArgumentsOfOther(Problem):
    code = codes.WRONG_KIND
    message = "only a block or a primitive takes arguments, not `{layer}`"
    layer: str


class TensorNeeded(Problem):
    code = codes.WRONG_KIND
    message = "`{argument}` needs a tensor, not {found}"
    argument: str
    found: str


class BadArgument(Problem):
    """`must` is what the argument must be, in words."""

    code = codes.BAD_VALUE
    message = "`{argument}` of `{primitive}` must be {must}, not {found}"
    argument: str
    primitive: str
    must: str
    found: str


class BadRepetition(Problem):
    code = codes.BAD_VALUE
    message = "the repetitions of a layer must be a whole number, not {found}"
    found: str


class TooManyRepetitions(OverBound):
    message = "{needed:,} repetitions are more than the bound of {most:,}"
    bound = "repetitions"
    needed: int


class TooManyParts(OverBound):
    message = "a layer made of {needed:,} layers is more than the bound of {most:,}"
    bound = "parts"
    is_enough = False
    instead = "make it a block, or repeat with `* n`"
    needed: int


class BadRate(Problem):
    code = codes.BAD_VALUE
    message = "the rate of `ramp` must be a number from 0 up to, not including, 1, not {found}"
    found: str


class BadReach(Problem):
    code = codes.BAD_VALUE
    message = "`reach` must be `true` or `false`, not {found}"
    found: str


# Settings ------------------------------------------------------------------------------------------------------------


class BadPadding(Problem):
    code = codes.BAD_VALUE
    message = "`padding` must be symmetric, same, valid or a number, not {found}"
    found: str


class NotSchedule(Problem):
    code = codes.WRONG_KIND
    message = "`drop_path` must be a schedule, not {found}"
    help = "write `ramp({rate})`"
    found: str
    rate: str


class BindingNotLayer(Problem):
    code = codes.WRONG_KIND
    message = "`{binding}` must be a layer, not {found}"
    binding: str
    found: str
