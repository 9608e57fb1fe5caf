"""Problems that are found by names alone: unused and missing ones, columns, claims.

A name that means nothing, the most frequent of them, is told where names are resolved: `resolve/errors.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import OverBound, Problem, codes
from archdsl.diagnostics.wording import enumerated, quoted
from archdsl.elaborate.resolve.errors import UnknownName

# Names in expressions ------------------------------------------------------------------------------------------------


class ForeignTruth(UnknownName):
    """`True`, `yes` and the like."""

    help = "write `{meant}`, or the number that it stands for, such as `0.25` for a ratio"
    meant: str


class UnboundName(UnknownName):
    """A name that models bind, such as `classes`, where nothing binds it."""

    help = "a model binds it, `{name} = ...`, and a block takes it as a parameter"


class VariableTaken(Problem):
    code = codes.DUPLICATE_NAME
    message = "`{name}` means something already, and a loop's variable has a name of its own"
    name: str


class UsedBeforeBound(Problem):
    code = codes.UNKNOWN_NAME
    message = "`{name}` is used before it is bound"
    help = "move it in front of this"
    name: str


class ModelAsValue(Problem):
    code = codes.UNKNOWN_NAME
    message = "`{name}` is a model; a value is needed here"
    help = "a model stands alone, another one `extends` it, or binds it by itself, as a part: `part = {name}`"
    name: str


class ModelAsBlock(Problem):
    code = codes.UNKNOWN_BLOCK
    message = "`{name}` is a model; a block is needed here"
    help = "a model stands alone, another one `extends` it, or binds it by itself, as a part: `part = {name}`"
    name: str


class InputOfModel(Problem):
    code = codes.UNKNOWN_NAME
    message = "`in` is the input of a block; a model has none"
    help = "leave it out: `stem = conv(32, 3) -> norm -> act`"


class SettingWithoutValue(Problem):
    code = codes.UNKNOWN_NAME
    message = "`{setting}` is a setting of a model; it has no value here"
    help = "write the layer itself"
    setting: str


class UnknownFact(Problem):
    code = codes.UNKNOWN_FACT
    message = "no tensor has a fact `{fact}`"
    help = "every tensor has {known}; others are set first: `x.{fact} = ...`"
    fact: str
    known: str


class ForeignLayer(Problem):
    """`ours` is the layer here that is meant, if that is known."""

    code = codes.UNKNOWN_NAME
    message = "`{written}` is a name of another library"
    help = "{advice}"
    written: str
    ours: str | None

    @property
    def advice(self) -> str:
        if self.ours is None:
            return "layers are named without a module before them; docs/primitives.md lists them"
        return f"write `{self.ours}`; the channels that come in are not said, as in `conv(16, kernel = 3)`"


# Blocks and models ---------------------------------------------------------------------------------------------------


class TooManyNetworks(OverBound):
    message = "{needed:,} models and variants in a file are more than the bound of {most:,}"
    bound = "networks"
    instead = "split it"
    needed: int


class ParameterCalledOut(Problem):
    code = codes.DUPLICATE_NAME
    message = "`out` is the output of the block; a parameter cannot be called that"


class NameOfInput(Problem):
    code = codes.DUPLICATE_NAME
    message = "`in` is the input of the block; nothing else can be called that"


class NoOut(Problem):
    code = codes.MISSING_BINDING
    message = "block `{block}` has no `out`"
    help = "bind it to the output of the block, for example `out = in -> conv(channels)`"
    block: str


class NotDeclared(Problem):
    code = codes.MISSING_BINDING
    message = "extern block `{block}` does not declare `{name}`"
    help = "its module is not known here, so the text says what it costs and puts out: `{name} = {example}`"
    block: str
    name: str

    @property
    def example(self) -> str:
        return {"out": "channels x in.height x in.width", "macs": "params * out.height * out.width"}.get(self.name, "0")


class ExternComputes(Problem):
    code = codes.WRONG_KIND
    message = "an extern block declares numbers and a shape; it has no layers and facts of its own"
    help = "write a `block` around it, `out = in -> {block}(...) -> norm`"
    block: str


class NoInput(Problem):
    code = codes.MISSING_BINDING
    message = "model `{model}` has no `input`"
    help = "write the shape of its images: `input = 3 x 224 x 224`"
    model: str


class InputAndInputs(Problem):
    code = codes.DUPLICATE_NAME
    message = "model `{model}` has `input` and `inputs`"
    help = "one input is `input = 3 x 224 x 224`; several stand in `inputs`, and are read by their names alone"
    model: str


class FewInputs(Problem):
    code = codes.MISSING_BINDING
    message = "`inputs` is for several inputs, and model `{model}` has {count}"
    help = "write `input = 3 x 224 x 224`, or add a line to `inputs`: `depth = 1 x 224 x 224`"
    model: str
    count: int


class InputWithMeaning(Problem):
    code = codes.DUPLICATE_NAME
    message = "no input is called `{name}`, which has a meaning in a model"
    help = "choose another name"
    name: str


class FactOfOther(Problem):
    code = codes.UNKNOWN_NAME
    message = "a model sets facts of its {known}, not of `{name}`"
    help = "for example `stem.variance = 1`"
    name: str
    known: str


class SecondStatement(Problem):
    code = codes.DUPLICATE_NAME
    message = "a model has one `{statement}`; this is another"
    statement: str


class IsParameterOfParent(Problem):
    code = codes.DUPLICATE_NAME
    message = "`{name}` is already a parameter of `{model}`"
    help = "give it a value where the model is named: `extends {model}({name} = ...)`"
    name: str
    model: str


class GivenAndDeclared(Problem):
    code = codes.DUPLICATE_NAME
    message = "`{name}` is given a value here, and is a parameter of the model itself"
    help = "remove one of the two: a parameter of the model replaces the inherited one"
    name: str


class SameVariant(Problem):
    code = codes.DUPLICATE_NAME
    message = "`{model}` has two variants `{variant}`"
    model: str
    variant: str


class SameNetwork(Problem):
    code = codes.DUPLICATE_NAME
    message = "two networks of this file are called `{network}`"
    network: str


class BadLabel(Problem):
    """`what` the label is of: a variant, or a stage."""

    code = codes.BAD_VALUE
    message = "the name of a {what} must be a plain word or number"
    help = "such as `b0`, `050` or `small`"
    what: str


class ChannelsOfSeries(Problem):
    code = codes.CHANNELS_LAST
    message = "`{shape}` is a series of {channels} channels and a length of {length}"
    help = "{meant}; if {channels} channels are meant, {otherwise}"
    shape: str
    channels: str
    length: str
    meant: str
    otherwise: str


class ChannelsLast(Problem):
    code = codes.CHANNELS_LAST
    message = "`{shape}` is {height} channels, {width} high and {channels} wide"
    help = (
        "the order is channels x height x width: write `{channels} x {height} x {width}`; if {height} channels are "
        "meant, {otherwise}"
    )
    shape: str
    height: str
    width: str
    channels: str
    otherwise: str


# Tables of stages ----------------------------------------------------------------------------------------------------


class EmptyRow(Problem):
    code = codes.MISSING_BINDING
    message = "this row is empty"
    help = "remove the line: a table has no line of dashes below its header"


class NoOp(Problem):
    code = codes.MISSING_BINDING
    message = "a stage needs an `op`"
    help = "name the block of the stage"


class NoOpColumn(Problem):
    code = codes.MISSING_BINDING
    message = "a table of stages needs an `op` column"
    help = "its cells name the block of each stage: `| op | channels | layers |`"


class UnknownColumn(Problem):
    code = codes.UNKNOWN_COLUMN
    message = "a table of stages has no column `{column}`"
    column: str


class ColumnOfPapers(Problem):
    code = codes.UNKNOWN_COLUMN
    message = "the column that papers call `{column}` is `{meant}` here"
    label = "unknown column"
    help = "write `{meant}`"
    column: str
    meant: str


class ColumnOfNoBlock(Problem):
    code = codes.UNKNOWN_COLUMN
    message = "no block of this table has a parameter `{column}`"
    label = "unknown column"
    column: str


class ColumnsNotOfBlock(Problem):
    code = codes.UNKNOWN_COLUMN
    message = "`{block}` has no {parameters}"
    block: str
    columns: Sequence[str]

    @property
    def parameters(self) -> str:
        return f"parameter{'s' if len(self.columns) > 1 else ''} {quoted(self.columns)}"


class OpWithoutColumns(ColumnsNotOfBlock):
    """A block that was put into rows of an inherited table, which give it what it does not take."""

    message = "`{block}` has no {parameters}, but {stages} {give}"
    help = "choose a block that has {them}, or take {them} out of these rows: {unset}"
    stages: str
    are_many_stages: bool

    @property
    def give(self) -> str:
        return f"give{'' if self.are_many_stages else 's'} {'them' if len(self.columns) > 1 else 'one'}"

    @property
    def them(self) -> str:
        return "them" if len(self.columns) > 1 else quoted(self.columns)

    @property
    def unset(self) -> str:
        return enumerated([f"`{column} = -`" for column in self.columns])


class MissingCell(Problem):
    code = codes.MISSING_ARGUMENT
    message = "`{block}` needs `{parameter}`, which has no default"
    help = "{advice}"
    block: str
    parameter: str
    has_column: bool

    @property
    def advice(self) -> str:
        return "write a value in this cell" if self.has_column else f"give the table a column `{self.parameter}`"


class SameStage(Problem):
    code = codes.DUPLICATE_NAME
    message = "two stages are called `{name}`"
    name: str


class UnknownColumnToScale(Problem):
    code = codes.UNKNOWN_COLUMN
    message = "the table of stages has no column `{column}` to scale"
    help = "its columns are {known}"
    column: str
    known: str


# Claims --------------------------------------------------------------------------------------------------------------


class ConstantClaim(Problem):
    code = codes.NO_CLAIM
    message = "the result of `{claim}` does not depend on the network"
    help = "compare a property of the network: `require {example}`"
    claim: str
    example: str


class ConstantGoal(Problem):
    code = codes.NO_GOAL
    message = "`{goal}` is the same for every network"
    help = "speak of a property of the network: `{example}`"
    goal: str
    example: str


class PartAlike(Problem):
    code = codes.NO_GOAL
    message = "`{part}` is {value} for every network, and has no say in the goal"
    help = "leave it out, or have it differ between networks"
    part: str
    value: str


class GoalIsCondition(Problem):
    code = codes.NO_GOAL
    message = "`{goal}` is true or false, and a goal is a number"
    help = (
        "what has to hold for every network is a line of the space, `require {goal}`; "
        "to weigh it, write `accuracy * (if {goal} then 1 else 0.5)`"
    )
    goal: str


class PartNotNumber(Problem):
    code = codes.NO_GOAL
    message = "`{part}` is not a number, and a goal is one for every network"
    help = "write the number that such a network is worth, for example 0"
    part: str


class GoalDividesByZero(Problem):
    code = codes.NO_GOAL
    message = "`{part}` has no value for any network: it divides by zero"
    help = "divide by an amount that is not zero: `latency(phone) / 75ms`"
    part: str


class GoalPowerOfZero(Problem):
    code = codes.NO_GOAL
    message = "`{part}` has no value for any network: zero has no negative power"
    help = "take a power of what differs between networks: `(latency(phone) / 75ms) ** -0.07`"
    part: str


class GoalOfNegative(Problem):
    code = codes.NO_GOAL
    message = "`{part}` has no value for any network: a negative number has no {root}"
    help = "take it of a number that is above 0; which way a goal is to go, `maximize(...)` and `minimize(...)` say"
    part: str
    root: str


class GoalTooLarge(OverBound):
    code = codes.NO_GOAL
    message = "`{part}` is too large a number for any network"
    label = "beyond 2 ** {most}"
    bound = "bits"
    instead = "weigh it by a smaller one"
    part: str


class SameGoal(Problem):
    code = codes.NO_GOAL
    message = "`{goal}` and `{other}` are one goal: of two networks, the better in one is the better in the other"
    help = "leave one out; a front is of goals that pull in different ways: `front(accuracy, latency(phone))`"
    goal: str
    other: str


class OppositeGoal(Problem):
    code = codes.NO_GOAL
    message = "`{goal}` is the opposite of `{other}`: what makes a network better in one makes it worse in the other"
    help = "leave one out: as it is, every network is on the front"
    goal: str
    other: str


class NotComparison(Problem):
    code = codes.NO_CLAIM
    message = "`{claim}` is not a comparison"
    claim: str


# Unused names --------------------------------------------------------------------------------------------------------


class UnusedName(Problem):
    code = codes.UNUSED_NAME
    message = "unused name `{name}`"
    help = "use it, or remove it; a name that begins with `_` is unused on purpose"
    name: str


class UsedAgain(Problem):
    """`count` is the number of its uses."""

    code = codes.USED_AGAIN
    message = "`{name}` is used {count} times, each with weights of its own"
    help = "write `shared {name} = ...` for one set of weights, or the layer itself at each use; `_{name}` is meant so"
    name: str
    count: int


class UnusedParameter(Problem):
    code = codes.UNUSED_NAME
    message = "unused parameter `{parameter}` of block `{block}`"
    help = "use it, or remove it; `_{parameter} = {parameter}` in the block marks it as unused on purpose"
    parameter: str
    block: str


class SettingInBlock(UnusedName):
    help = "`{name}` is a setting of the model; in a block, write the layer or argument where it is used"


class UnusedBlock(Problem):
    code = codes.UNUSED_NAME
    message = "unused block `{block}`"
    help = "use it, or remove it; one for other files has a name that begins with `_`, or a file without models"
    block: str


class ReplacesNothing(UnusedBlock):
    """`whose` block `meant` is, which it was to replace."""

    help = "did you mean to replace `{meant}` of {whose}? A block that replaces it must have the same name"
    meant: str
    whose: str


class UnusedFact(Problem):
    code = codes.UNUSED_NAME
    message = "unused fact `{tensor}.{fact}`: no block of the network reads it"
    help = "use it, or remove it; a name that begins with `_` is unused on purpose"
    tensor: str
    fact: str


class UnusedSetting(Problem):
    code = codes.UNUSED_NAME
    message = "unused setting `{setting}`: no layer of the network uses it"
    help = "apply it in the stem, the head or a block, `-> {setting}`, or remove the setting"
    setting: str


class UnusedInheritedParameter(Problem):
    code = codes.UNUSED_NAME
    message = "unused parameter `{parameter}`: nothing in `{model}` reads it"
    help = "this model replaces what read it; read it again, or do not give it a value"
    parameter: str
    model: str


class NoClassifier(Problem):
    code = codes.NO_CLASSIFIER
    message = "no layer reads `classes`: the network has no classifier"
    help = "{advice}"
    has_head: bool

    @property
    def advice(self) -> str:
        if self.has_head:
            return "end the head in `linear(classes)`, or remove `classes`"
        return "write a head that ends in one: `head = global_avg_pool -> linear(classes)`"
