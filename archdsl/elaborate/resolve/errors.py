"""Problems with definitions and their names: what a file defines, extends and calls."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import OverBound, Problem, codes
from archdsl.diagnostics.wording import quoted

# Names ---------------------------------------------------------------------------------------------------------------


class UnknownName(Problem):
    code = codes.UNKNOWN_NAME
    message = "unknown name `{name}`"
    label = "not defined here"
    name: str


class NoOutputs(Problem):
    code = codes.MISSING_BINDING
    message = "`outputs` names nothing that the network puts out"
    help = "for example `outputs {{ boxes = c5 -> conv(64) }}`, where `c5` is the name of a stage"


class RefersToItself(Problem):
    code = codes.USE_CYCLE
    message = "`{name}` refers to itself"
    name: str


class UnknownBlock(Problem):
    """`what` was expected: a block or, in a call, a block or function."""

    code = codes.UNKNOWN_BLOCK
    message = "unknown {what} `{name}`"
    label = "not defined here"
    what: str
    name: str


# Definitions ---------------------------------------------------------------------------------------------------------


class ReservedName(Problem):
    code = codes.DUPLICATE_NAME
    message = "`{name}` is reserved: it has a meaning in the language"
    help = "choose another name"
    name: str


class DefinedTwice(Problem):
    """`what` is the kind of name, with a space behind it, or nothing."""

    code = codes.DUPLICATE_NAME
    message = "{what}`{name}` is {verb} twice"
    what: str
    name: str
    verb: str


class GivenTwice(Problem):
    code = codes.DUPLICATE_NAME
    message = "`{argument}` of `{function}` is given twice"
    argument: str
    function: str


class VariantsOfAnotherFile(Problem):
    code = codes.UNKNOWN_MODEL
    message = "`{model}` is a model of another file"
    label = "variants must be in the file of their model"
    help = "define a model in this file: `model my_{model} extends {model} {{ }}`"
    model: str


class NoNameColumn(Problem):
    code = codes.MISSING_BINDING
    message = "a table of variants needs a `name` column"
    help = "its cells are labels such as `b0` or `050`"


class UnknownModel(Problem):
    code = codes.UNKNOWN_MODEL
    message = "unknown model `{name}`"
    label = "not defined here"
    help = 'define it, or bring its file in with `use "file.arch"`'
    name: str


class VariantWithoutDot(UnknownModel):
    help = "a variant is named with a dot: `{dotted}`"
    dotted: str


class BlockAsModel(Problem):
    code = codes.UNKNOWN_MODEL
    message = "`{name}` is a block; a model is needed here"
    name: str


class UnknownVariant(Problem):
    code = codes.UNKNOWN_MODEL
    message = "`{model}` has no variant `{variant}`"
    model: str
    variant: str


class SecondPart(Problem):
    code = codes.DUPLICATE_NAME
    message = "`{model}` has two models as parts; a network has the stem and the stages of one"
    help = "write the layers of the other one as a block, or as a network of its own"
    model: str


class PartShared(Problem):
    code = codes.WRONG_KIND
    message = "`shared` says nothing of a part: however often its maps are read, it is there once"
    help = "remove `shared`"
    name: str


class PartOfPart(Problem):
    """`why` is what the model has that no part can have: itself, a part of its own."""

    code = codes.WRONG_KIND
    message = "`{model}` cannot be a part: it has {why}"
    help = "name the model whose stem and stages these are"
    model: str
    why: str


class PartOfItself(Problem):
    code = codes.USE_CYCLE
    message = "`{model}` is a part of itself"
    help = "a part is another model, which does not extend this one"
    model: str


class FamilyAsPart(Problem):
    code = codes.UNKNOWN_MODEL
    message = "`{model}` is a family; a part is one network of it"
    help = "such as `{first}`; its variants are {known}"
    model: str
    first: str
    known: str


class PartBesideStages(Problem):
    """`what` is the stem or the stages of the model itself."""

    code = codes.DUPLICATE_NAME
    message = "the {what} of this model and those of `{part}` cannot both be there"
    help = "with a part, further layers are bindings: `neck = {part} -> conv(64)`; to change the part, extend its model"
    part: str
    what: str


class UnknownMapOfPart(Problem):
    code = codes.UNKNOWN_FACT
    message = "`{part}` has no map `{name}`"
    help = "its maps are {known}"
    part: str
    name: str
    known: str


class PartIsSpace(Problem):
    """`model` leaves choices open, in itself or by what it is given."""

    code = codes.WRONG_KIND
    message = "`{model}` leaves a choice open, so it is no part of a network"
    help = "extend it with a decision for each of its choices, and name that model"
    model: str


class ExtendsItself(Problem):
    code = codes.USE_CYCLE
    message = "`{model}` extends itself"
    help = "remove one `extends`, and give that model an `input` and `stages` of its own"
    model: str


class TooManyAncestors(OverBound):
    message = "models extend each other more than {most} deep"
    bound = "ancestors"


# Parameters and arguments --------------------------------------------------------------------------------------------


class UnknownParameter(Problem):
    code = codes.UNKNOWN_PARAMETER
    message = "`{model}` has no parameter `{parameter}`"
    help = "{advice}"
    model: str
    parameter: str
    known: Sequence[str]

    @property
    def advice(self) -> str:
        if self.known:
            return f"its parameters are {', '.join(self.known)}"
        return f"declare it: `model {self.model}({self.parameter} = ...)`"


class ParameterWithoutName(Problem):
    code = codes.UNKNOWN_PARAMETER
    message = "parameters of a model are given by name: `{model}(width = 2)`"
    model: str


class FunctionWithoutArguments(Problem):
    code = codes.WRONG_KIND
    message = "`{function}` is a function, and needs arguments"
    help = "write `{function}(...)`"
    function: str


class NoValues(Problem):
    code = codes.MISSING_ARGUMENT
    message = "`{function}` needs at least one value"
    function: str


class MissingArguments(Problem):
    code = codes.MISSING_ARGUMENT
    message = "`{function}` needs {listed}"
    label = "not given here"
    help = "write `{function}({example})`"
    function: str
    parameters: Sequence[str]

    @property
    def listed(self) -> str:
        return quoted(self.parameters)

    @property
    def example(self) -> str:
        return ", ".join(f"{parameter} = ..." for parameter in self.parameters)


class UnknownArgument(Problem):
    code = codes.UNKNOWN_ARGUMENT
    message = "`{function}` has no argument `{argument}`"
    function: str
    argument: str


class TakesNoArguments(Problem):
    code = codes.UNKNOWN_ARGUMENT
    message = "`{function}` takes no arguments"
    function: str


class TooManyArguments(Problem):
    code = codes.UNKNOWN_ARGUMENT
    message = "`{function}` takes at most {count}"
    label = "one too many"
    function: str
    most: int

    @property
    def count(self) -> str:
        return f"{self.most} argument{'s' if self.most > 1 else ''}"


# Rows of a table of stages -------------------------------------------------------------------------------------------


class TooManyStages(OverBound):
    message = "{needed:,} stages are more than the bound of {most:,}"
    bound = "stages"
    instead = "a stage repeats its block `layers` times"
    needed: int


class TooManyChangedCells(OverBound):
    message = "more cells are changed than the bound of {most:,}"
    bound = "effort"
    instead = "write a new table"


class ChangesRemovedStages(Problem):
    code = codes.BAD_VALUE
    message = "`stages {numbers}` changes stages that this model removes"
    help = "remove one of the two statements"
    numbers: str


class RemovedTwice(Problem):
    code = codes.BAD_VALUE
    message = "stage {number} is removed twice"
    number: int


class StagesOutOfRange(Problem):
    """`count` is how many stages there are; `adds` says whether the statement adds some."""

    code = codes.BAD_VALUE
    message = "`{statement}` is out of range: there {are}"
    help = "{advice}"
    statement: str
    count: int
    adds: bool

    @property
    def are(self) -> str:
        return {0: "are no stages", 1: "is one stage"}.get(self.count, f"are {self.count} stages")

    @property
    def advice(self) -> str:
        if not self.count:
            return "give the model a table, `stages { ... }`"
        if self.adds:
            return f"rows are added `before 1` to `after {self.count}`"
        return "stages are numbered from 1, and ranges include both ends: `stages 1..3 { ... }`"


class NoStagesLeft(Problem):
    code = codes.BAD_VALUE
    message = "`{statement}` {effect}"
    help = "keep a stage, or add others: `stages before 1 {{ ... }}`"
    statement: str
    count: int

    @property
    def effect(self) -> str:
        return f"leaves none of the table's {self.count} stages" if self.count > 1 else "removes the table's only stage"


# Claims --------------------------------------------------------------------------------------------------------------


class DimensionMismatch(Problem):
    """`found` is what the other side is: `is a time`."""

    code = codes.WRONG_KIND
    message = "`{subject}` is {dimension}, and `{other}` {found}"
    subject: str
    dimension: str
    other: str
    found: str


class NoDevice(Problem):
    code = codes.NO_PREDICTION
    message = "`{quantity}` needs a device"
    help = "write {examples}; devices are {known}"
    quantity: str
    examples: str
    known: str


class SettingOfTraining(Problem):
    code = codes.NO_PREDICTION
    message = "`{setting}` applies to training only"
    help = "add `training`: `{quantity}(training, {setting} = ...)`"
    setting: str
    quantity: str


class SettingWithoutName(Problem):
    code = codes.UNKNOWN_ARGUMENT
    message = "`{quantity}` takes this argument by name only"
    quantity: str


class WrongWord(Problem):
    code = codes.NO_PREDICTION
    message = "`{setting}` must be {known}"
    setting: str
    words: Sequence[str]

    @property
    def known(self) -> str:
        return f"{', '.join(self.words[:-1])} or {self.words[-1]}"


class UnknownDevice(Problem):
    code = codes.UNKNOWN_NAME
    message = "unknown device `{device}`"
    device: str


class DeviceIsFile(Problem):
    code = codes.NO_PREDICTION
    message = "a claim can name a device that ships with archdsl, but not a file"
    help = "devices are {known}; a profile of your own goes with `archdsl estimate --device FILE`"
    known: str


# Objectives ----------------------------------------------------------------------------------------------------------


class BadFront(Problem):
    code = codes.NO_GOAL
    message = "`front` takes two goals or more"
    help = "for example `front(accuracy, latency(phone))`"


class NamedGoal(Problem):
    code = codes.NO_GOAL
    message = "the goals of `{front}` have no names"
    help = "leave out `{name} =`; `maximize(...)` and `minimize(...)` say which way a goal is to go"
    front: str
    name: str


class BadGoal(Problem):
    code = codes.NO_GOAL
    message = "`{way}` takes one expression"
    help = "for example `{way}(accuracy / params)`; several goals are a front: `front(accuracy, params)`"
    way: str
