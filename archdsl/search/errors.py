"""Problems with searches: with what they need, with studies and where they are kept."""

from __future__ import annotations

from archdsl.diagnostics import Problem, codes

# What is needed -------------------------------------------------------------------------------------------------------


class MissingOfSearch(Problem):
    code = codes.MISSING_TOOL
    message = "a search needs Optuna"
    help = "pip install 'archdsl[search]'"


class MissingDriver(Problem):
    code = codes.MISSING_TOOL
    message = "this storage needs the package {package}"
    help = "pip install 'archdsl[postgresql]'"
    package: str


class NeedsTraining(Problem):
    code = codes.WRONG_USAGE
    message = "the objective speaks of `accuracy`, which takes a recipe and images"
    help = "give `--recipe NAME --data DIR`, or an objective without training: `--objective 'front(naswot, macs)'`"


class NeedsImages(Problem):
    code = codes.WRONG_USAGE
    message = "`{score}` is of real images"
    help = "give `--data DIR`, or use `synflow`, which needs none"
    score: str


class UnusedTraining(Problem):
    code = codes.WRONG_USAGE
    message = "`--{option}` is for training, and the objective does not speak of `accuracy`"
    help = "leave it out, or speak of it: `--objective '{example}'`"
    option: str
    example: str


class NothingToMeasure(Problem):
    code = codes.WRONG_USAGE
    message = "`--measure` is of times without a device, and the objective speaks of none"
    help = "leave it out, or speak of one: `--objective 'front(accuracy, latency)'`"


class NothingOnDevice(Problem):
    code = codes.WRONG_USAGE
    message = "`--device` is of times without a device, and the objective speaks of none"
    help = "leave it out, or speak of one: `--objective 'front(accuracy, latency)'`"


class DeviceAndMeasure(Problem):
    code = codes.WRONG_USAGE
    message = "`--measure {where}` measures the times without a device here, and `--device {device}` predicts them"
    help = "leave one out"
    where: str
    device: str


class NothingRandom(Problem):
    code = codes.WRONG_USAGE
    message = "`--seed` is of what is random, and a grid tries the networks in order, without training any"
    help = "leave it out"


class RecipeOfOther(Problem):
    code = codes.WRONG_USAGE
    message = "recipe `{recipe}` is for `{model}`, not for `{space}`"
    help = "write one for the space, `recipe quick for {space} extends {recipe} {{ }}`"
    recipe: str
    model: str
    space: str


class OneGoalOnly(Problem):
    code = codes.WRONG_USAGE
    message = "{what} takes an objective with one goal, and this has {count}"
    help = "{instead}"
    what: str
    count: int
    instead: str


class NothingToStop(Problem):
    code = codes.WRONG_USAGE
    message = "`--stop-early` ends trainings, and the objective does not speak of `accuracy`"
    help = "leave it out"


class TooLargeGrid(Problem):
    code = codes.WRONG_USAGE
    message = "`{space}` has {networks:,} networks, too many to try them all"
    help = "use another algorithm, or leave less open; a grid has at most {most:,}"
    space: str
    networks: int
    most: int


# Studies --------------------------------------------------------------------------------------------------------------


class StudyExists(Problem):
    code = codes.WRONG_USAGE
    message = "there is a study in {place} already{with_trials}"
    help = "go on with it, or help it along: `archdsl search --join --out {folder}`; or use another `--out`"
    place: str
    trials: int | None
    folder: str

    @property
    def with_trials(self) -> str:
        return f", with {self.trials:,} trials" if self.trials is not None else ""


class NoNameOfStudy(Problem):
    code = codes.WRONG_USAGE
    message = "a study cannot be called `{name}`: {reason}"
    help = "give another name with `--study`"
    name: str
    reason: str


class OtherStudy(Problem):
    code = codes.WRONG_USAGE
    message = "{folder} is the folder of the study `{study}` in {place}"
    help = "give another `--out`, or leave out `--storage` and `--study`"
    folder: str
    study: str
    place: str


class NoStudy(Problem):
    code = codes.CANNOT_READ
    message = "there is no study in {place}: {reason}"
    help = "start one: `archdsl search SPEC --out DIR`"
    place: str
    reason: str


class FolderNotEmpty(Problem):
    code = codes.CANNOT_WRITE
    message = "{folder} is not empty, and is no study"
    help = "use another folder"
    folder: str


class StorageFails(Problem):
    code = codes.CANNOT_READ
    message = "the storage {place} cannot be used: {reason}"
    help = (
        "a storage is an address such as postgresql://user:password@host/database; without one it is a file in `--out`"
    )
    place: str
    reason: str


class OtherVersion(Problem):
    code = codes.CANNOT_READ
    message = "the study is of format {found}, and this version reads {known}"
    help = "use the version of archdsl that started it: {version}"
    found: object
    known: int
    version: str


class StudyDamaged(Problem):
    code = codes.CANNOT_READ
    message = "the study in {place} is damaged: {reason}"
    help = "take a copy of it, if there is one, or start another: `archdsl search SPEC --out DIR`"
    place: str
    reason: str


class EditedSpace(Problem):
    code = codes.EDITED
    message = "{path} has been edited since the search began, whose trials are of the networks as they were"
    help = (
        "search what it says now in another study, `archdsl search {path} --out DIR`; removed, it is written as it was"
    )
    path: str


class CannotSave(Problem):
    code = codes.CANNOT_WRITE
    message = "cannot write to {folder}: {reason}"
    folder: str
    reason: str


class OtherArchdsl(Problem):
    code = codes.WRONG_USAGE
    message = "the study was started by archdsl {theirs}, and this is {own}: its networks may be judged differently"
    help = "use one version for all workers of a study"
    theirs: str
    own: str


class NothingFound(Problem):
    code = codes.NONE_MEETS
    message = "no trial of the search found a network with a value"
    help = "`archdsl search status {folder} --output-format json` says what became of each"
    folder: str


class EditedNetwork(Problem):
    code = codes.EDITED
    message = "{path} has been edited since a search wrote it, and stays as it is"
    help = "move it away; `archdsl search page {folder}` then writes the new one"
    path: str
    folder: str


class NoFilesOfNetworks(Problem):
    code = codes.WRONG_USAGE
    message = (
        "the best networks will be in the study and its page, but not in .arch files: "
        "the choice of `{choice}` is in another file than the space, {place}"
    )
    help = "to have files, put what the choice is in into the file of the space"
    choice: str
    place: str
