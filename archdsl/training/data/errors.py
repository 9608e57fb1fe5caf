"""Problems with the images of a training."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import OverBound, Problem, codes

# Names of images that a message has.
_FEW = 3


class NoData(Problem):
    code = codes.CANNOT_READ
    message = "there are no images in {path}: {reason}"
    help = (
        "give a folder with a folder for each class, a .csv of `path,label`, a folder of Hugging Face `datasets`, "
        "WebDataset shards, or `sklearn:digits`; docs/training.md shows each"
    )
    path: str
    reason: str


class EmptyClass(Problem):
    code = codes.BAD_DATA
    message = "class `{name}` has no images in {path}"
    help = "remove its folder, or put images into it"
    name: str
    path: str


class CorruptImage(Problem):
    code = codes.BAD_DATA
    message = "{name} cannot be read as an image: {reason}"
    help = "repair or remove it, or leave out such images with `--skip-corrupt`"
    name: str
    reason: str


class MissingImages(Problem):
    code = codes.BAD_DATA
    message = "{path} lists images that do not exist, {count:,} of {whole:,}: {shown}"
    help = "correct their paths, which count from the folder of the file, or leave them out with `--skip-corrupt`"
    path: str
    names: Sequence[str]
    whole: int

    @property
    def count(self) -> int:
        return len(self.names)

    @property
    def shown(self) -> str:
        more = self.count - _FEW
        return ", ".join(self.names[:_FEW]) + (f" and {more:,} more" if more > 0 else "")


class AllCorrupt(Problem):
    code = codes.BAD_DATA
    message = "none of {count} images after {name} can be read"
    name: str
    count: int


class OtherClasses(Problem):
    code = codes.BAD_DATA
    message = "the {split} images are of other classes than those to learn: {classes}"
    help = "both need the same set of classes"
    split: str
    classes: str


class NothingToTestOn(Problem):
    code = codes.WRONG_USAGE
    message = "there is nothing to test on in {path}"
    help = "put them into a folder `val` beside `train`, or keep some of the others for it: `--holdout 0.1`"
    path: str


class UnusedHoldout(Problem):
    code = codes.WRONG_USAGE
    message = "`--holdout` takes a part of the images to test on, and {path} has images for that"
    help = "leave it out, or name the images to learn from alone"
    path: str


class TooManyShards(OverBound):
    message = "the pattern {pattern} stands for more than {most:,} files"
    bound = "shards"
    pattern: str


class OneClass(Problem):
    code = codes.BAD_DATA
    message = "all images in {path} are of one class, `{name}`"
    help = "a classifier needs two classes or more, each with a folder of its own"
    path: str
    name: str


class NoSuchColumn(Problem):
    code = codes.BAD_DATA
    message = "{path} has no column `{column}`"
    help = "the columns are {known}; `path` and `label` are needed, `split` (train or test) is understood"
    path: str
    column: str
    known: str


class BadRow(Problem):
    code = codes.BAD_DATA
    message = "line {line} of {path}: {reason}"
    path: str
    line: int
    reason: str


class UnknownLabel(Problem):
    code = codes.BAD_DATA
    message = "{name} has the label {written}, which is none of the {count} classes"
    name: str
    written: str
    count: int


class BadSample(Problem):
    code = codes.BAD_DATA
    message = "sample {name} {reason}"
    help = "a sample is an image and its label, members of one name but for the extension"
    name: str
    reason: str


class NoImageColumn(Problem):
    code = codes.BAD_DATA
    message = "{path} has no column of {what}"
    help = "its columns are {known}"
    path: str
    what: str
    known: str


class MissingLibrary(Problem):
    code = codes.MISSING_TOOL
    message = "reading {path} needs {library}"
    help = "python -m pip install {package}"
    path: str
    library: str
    package: str
