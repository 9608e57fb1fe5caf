"""Problems that single commands report, in the order of the commands. Imported late by those that start often."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import Problem, codes

# build ---------------------------------------------------------------------------------------------------------------


class UnnamedOutputs(Problem):
    code = codes.WRONG_USAGE
    message = "a text from standard input with {count} models has no name for its outputs"
    help = "save it to a file first"
    count: int


# calibrate -----------------------------------------------------------------------------------------------------------


class NotProfileName(Problem):
    code = codes.WRONG_USAGE
    message = "a profile is a .json file, not {target}"
    help = "write `--out {stem}.json`"
    target: str
    stem: str


class RuntimeNotOnCuda(Problem):
    code = codes.WRONG_USAGE
    message = "ONNX Runtime is calibrated on the CPU"
    help = "leave out `--device cuda` or `--backend`"


class RoughProfile(Problem):
    """`scatter` says by how much the measurements scatter."""

    code = codes.BUSY_MACHINE
    message = "{path} is rough: {scatter}, and times predicted with it may be off by as much"
    help = "calibrate again when the machine is quiet"
    path: str
    scatter: str


# check and watch -----------------------------------------------------------------------------------------------------


class FixesStandardInput(Problem):
    code = codes.WRONG_USAGE
    message = "standard input is not a file that `--fix` could change"
    help = "save it to a file first"


class WatchesStandardInput(Problem):
    code = codes.WRONG_USAGE
    message = "standard input cannot be watched"
    help = "save it to a file"


# compare -------------------------------------------------------------------------------------------------------------


class SameColumn(Problem):
    code = codes.WRONG_USAGE
    message = "{path} has a column `{column}`, and so has this comparison"
    help = "call it by another name in the table"
    path: str
    column: str


class UnknownAxis(Problem):
    code = codes.WRONG_USAGE
    message = "no network has a number called `{column}`"
    help = "there are {names}"
    column: str
    known: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(self.known)


class NotPlot(Problem):
    code = codes.WRONG_USAGE
    message = "a plot is an .svg or a .png file, not {path}"
    path: str


class NotTable(Problem):
    code = codes.WRONG_USAGE
    message = "a table is a .csv or a .tsv file, not {path}"
    help = "save it as .csv, with commas between the cells"
    path: str


class TooLargeTable(Problem):
    code = codes.WRONG_USAGE
    message = "{path} has more than {megabytes} MB"
    help = "keep the rows of the networks that are compared"
    path: str
    megabytes: int


class BadTable(Problem):
    code = codes.WRONG_USAGE
    message = "{path}, line {line}: {reason}"
    path: str
    line: int
    reason: str


class UnmatchedRow(Problem):
    code = codes.WRONG_USAGE
    message = "{path} has a row for `{name}`, and the comparison has no such network"
    path: str
    name: str


class UnmatchedRows(Problem):
    code = codes.WRONG_USAGE
    message = "{path} has {count} more rows for networks that are not compared"
    path: str
    count: int


class UnmeasuredType(Problem):
    """Of number."""

    code = codes.WRONG_USAGE
    message = "networks are measured in {names}, not {type}"
    known: Sequence[str]
    type: str

    @property
    def names(self) -> str:
        return ", ".join(self.known)


class DoesNotRun(Problem):
    """`reason` is in torch's words."""

    code = codes.WRONG_USAGE
    message = "`{name}` does not run: {reason}"
    help = "{advice}"
    name: str
    reason: str

    @property
    def advice(self) -> str:
        return "a larger `--batch` may help" if "more than 1 value per channel" in self.reason else ""


# diagram -------------------------------------------------------------------------------------------------------------


class NoWidth(Problem):
    code = codes.WRONG_USAGE
    message = "`--width` is for {names}; whoever lays {format} out decides how wide it is"
    help = "leave `--width` out, or ask for another format"
    format: str
    sized: Sequence[str]

    @property
    def names(self) -> str:
        return f"{', '.join(self.sized[:-1])} and {self.sized[-1]}"


class BadWidth(Problem):
    code = codes.WRONG_USAGE
    message = "`--width {text}` is not a width from 1pt to {most}in"
    help = "a number with its unit, {names}, as in `3.3in`"
    text: str
    most: float
    units: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(f"`{unit}`" for unit in self.units)


class SmallText(Problem):
    """Letters of `size` points; they would be as high as is `readable` at the width `least`."""

    code = codes.SMALL_TEXT
    message = "at a width of {width} the smallest letters are {size:.1f} points high, which is hard to read"
    help = "they are {readable:g} points at {least}; one variant, or another `--layout` or `--level`, takes less"
    width: str
    size: float
    readable: float
    least: str


# estimate ------------------------------------------------------------------------------------------------------------


class MemoryAndLatency(Problem):
    code = codes.WRONG_USAGE
    message = "`archdsl estimate` reports memory or latency, one at a time"
    help = "leave out one; `archdsl compare {specs} --device {device} --memory` has both columns"
    specs: str
    device: str


class ReceptiveFieldAlone(Problem):
    code = codes.WRONG_USAGE
    message = "receptive fields stand in the table by stage"
    help = "{remedy}"
    remedy: str


class ExplainWithoutDevice(Problem):
    code = codes.WRONG_USAGE
    message = "`--explain` is about latency, which needs a device"
    help = "add `--device NAME`"


class MemoryByPart(Problem):
    code = codes.WRONG_USAGE
    message = "memory is estimated for models and stages"
    help = "use `--per model` or `--per stage`"


# explain -------------------------------------------------------------------------------------------------------------


class UnknownCode(Problem):
    code = codes.WRONG_USAGE
    message = "`{name}` is not a code"
    help = "`archdsl explain` lists all codes"
    name: str


# fit -----------------------------------------------------------------------------------------------------------------


class ConstraintWithoutGrid(Problem):
    code = codes.WRONG_USAGE
    message = "`--constraint` goes with `--grid`"
    help = "budgets are written `--macs 400M`"


class SetsNothing(Problem):
    code = codes.SYNTAX
    message = "this sets nothing"
    help = "write a parameter and its value: `phi=1`"


class SetTwice(Problem):
    code = codes.WRONG_USAGE
    message = "`{parameter}` is set twice"
    parameter: str


# space ---------------------------------------------------------------------------------------------------------------


class SeedWithoutSamples(Problem):
    code = codes.WRONG_USAGE
    message = "`--seed` chooses which networks are drawn, and none are"
    help = "add `--sample N`"


class AtAndSearch(Problem):
    code = codes.WRONG_USAGE
    message = "`--at` names one network, and `--where` and `--best` look for others"
    help = "leave out one or the other"


class FileWithPredictions(Problem):
    code = codes.WRONG_USAGE
    message = "a file holds a network, and not its memory or latency"
    help = "leave out `--memory` and `--device`"


class NotOneNetwork(Problem):
    code = codes.WRONG_USAGE
    message = "a file holds one network of the space"
    help = "name it by its number, `--at 123`, draw one, `--sample 1`, or look for the `--best`"


class MissingColumn(Problem):
    """A column that an option adds."""

    code = codes.WRONG_USAGE
    message = "`{column}` is not known here"
    help = "add {option}"
    column: str
    option: str


class NotColumn(Problem):
    """`column` is the name in the text."""

    code = codes.WRONG_USAGE
    message = "`{text}` is not a column"
    help = "write `{column}`, `min:{column}` or `max:{column}`"
    text: str
    column: str


class UnknownColumnOfSpace(Problem):
    code = codes.WRONG_USAGE
    message = "there is no column `{column}`"
    help = "there are {names}"
    column: str
    known: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(self.known)


class NoNetworkMeets(Problem):
    """`what` the networks should meet, in words."""

    code = codes.NONE_MEETS
    message = "none of the {size:,} networks of `{space}` meets {what}"
    help = "loosen it, or leave more open"
    size: int
    space: str
    what: str


# weights -------------------------------------------------------------------------------------------------------------


class NotPeer(Problem):
    code = codes.WRONG_USAGE
    message = "`{origin}` is not a model of another library"
    help = "write {models}"
    origin: str
    models: str


# search ---------------------------------------------------------------------------------------------------------------


class NothingToSearch(Problem):
    code = codes.WRONG_USAGE
    message = "there is no SPEC to search"
    help = "`archdsl search SPEC --out DIR`, or go on with a study: `archdsl search --join --out DIR`"


class JoinWithout(Problem):
    code = codes.WRONG_USAGE
    message = "{what}"
    help = "name it: `{option}`"
    what: str
    option: str


class NotOfJoin(Problem):
    code = codes.WRONG_USAGE
    message = "a study is joined as it was started: {options} cannot change it"
    help = "leave it out"
    options: str


class JoinWithSpec(Problem):
    code = codes.WRONG_USAGE
    message = "a study is joined by its folder, and `{spec}` stands where a SPEC does"
    help = "the folder is an option, `archdsl search --join --out DIR`; the study has its SPEC"
    spec: str


class UnusedOfSearch(Problem):
    code = codes.WRONG_USAGE
    message = "`{command}` has no use for {options}"
    help = "leave it out; this takes {taken}"
    command: str
    options: str
    taken: str


class TwoStudies(Problem):
    code = codes.WRONG_USAGE
    message = "`{use}` is of one study, and these are two folders: {one} and {other}"
    help = "leave out `--out`"
    use: str
    one: str
    other: str


class TwoPlaces(Problem):
    code = codes.WRONG_USAGE
    message = "a search is of one SPEC, and these are two: {spec} and {other}"
    help = "`archdsl search status DIR` shows a study"
    spec: str
    other: str


# plan and train ------------------------------------------------------------------------------------------------------


class UnsharedBatch(Problem):
    code = codes.WRONG_USAGE
    message = "a batch of {batch:,} cannot be shared by {devices} devices"
    help = "for example `--batch {near}`"
    batch: int
    devices: int

    @property
    def near(self) -> int:
        return max(1, self.batch // self.devices) * self.devices


class BatchOverData(Problem):
    code = codes.WRONG_USAGE
    message = "a batch of {batch:,} is larger than the data, which has {images:,} images"
    help = "take a smaller one: `--batch N`"
    batch: int
    images: int


class ResumeAndForce(Problem):
    code = codes.WRONG_USAGE
    message = "`--resume` goes on with a run, and `--force` replaces it"
    help = "give one of them"


class NothingToTrain(Problem):
    code = codes.WRONG_USAGE
    message = "there is no SPEC to train"
    help = "`archdsl train SPEC --recipe NAME --data DIR --out RUN`"


class NoImages(Problem):
    code = codes.WRONG_USAGE
    message = "there are no images to train on"
    help = "name their folder: `--data DIR`"


class ChangesResumed(Problem):
    code = codes.WRONG_USAGE
    message = "a run is resumed by its own recipe: {options} cannot change it"
    help = "leave it out"
    options: str
