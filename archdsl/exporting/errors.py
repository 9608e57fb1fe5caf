"""Problems with networks as files for other programs."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import Problem, codes


class ExportFails(Problem):
    """`reason` is in the words of the target's tool."""

    code = codes.NOT_EXPORTED
    message = "{network} cannot be written as `{target}`: {reason}"
    network: str
    target: str
    reason: str


class FreeSizeFails(ExportFails):
    message = "{network} cannot be written as `{target}` with a free {axes}: {reason}"
    help = "give a number: {options}"
    axes: str
    options: str


class CannotRunExported(Problem):
    """What was written cannot be run here; `reason` is in the words of what would run it."""

    code = codes.NOT_EXPORTED
    message = "{network} as `{target}` cannot be run: {reason}; nothing is written"
    network: str
    target: str
    reason: str


class NotInType(Problem):
    code = codes.NOT_EXPORTED
    message = "`{target}` is not exported in {dtype}"
    help = "choose {known}"
    target: str
    dtype: str
    known: str


class SeriesNotCalibrated(Problem):
    code = codes.NOT_EXPORTED
    message = "int8 is fitted to images, and {network} takes series"
    help = "leave `--int8` out"
    network: str


class NotWithFreeSizes(Problem):
    code = codes.NOT_EXPORTED
    message = "`{target}` compiles for one batch and one resolution"
    help = "give numbers, or choose another target: {known}"
    target: str
    known: str


class WindowsOfResolution(Problem):
    """A pooling to a given size, whose windows depend on the size of its map."""

    code = codes.NOT_EXPORTED
    message = "{network} cannot be written as `{target}` with a free resolution: windows of `{operator}` depend on it"
    help = "give a number, as `--resolution 224`, or write it as one of {others}"
    network: str
    target: str
    operator: str
    others: str


class FiltersOfEachImage(Problem):
    """A `cond_conv` is one convolution whose groups are the images."""

    code = codes.NOT_EXPORTED
    message = "{network} cannot be written as `{target}` with a free batch: `cond_conv` has filters for each image"
    help = "give a number, as `--batch 1`, or write it as `torch`"
    network: str
    target: str


class NoCompiler(Problem):
    code = codes.MISSING_TOOL
    message = "`{target}` needs a C++ compiler, and there is no {compiler}"
    help = "install g++, or name another compiler in the environment variable CXX"
    target: str
    compiler: str


class MissingOfExport(Problem):
    code = codes.MISSING_TOOL
    message = "exporting to `{target}` needs {names}"
    help = "pip install 'archdsl[export]'"
    target: str
    packages: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(self.packages)


class ExportDiffers(Problem):
    """`size` is that of the images, `difference` relative to the output, and `most` what it may be."""

    code = codes.EXPORT_DIFFERS
    message = "{network} as `{target}` puts out something else: on images of {size} `{output}` differs by {difference}"
    help = "at most {most} is expected; nothing is written. Please report it with the network"
    network: str
    target: str
    size: str
    output: str
    difference: str
    most: str


class NotFinite(Problem):
    code = codes.EXPORT_DIFFERS
    message = "the weights of {network} make it put out what is not finite: nothing can be compared"
    help = "export weights of a training that has not diverged"
    network: str


class ImagesDoNotFit(Problem):
    """`reason` is in torch's words."""

    code = codes.WRONG_USAGE
    message = "{network} does not take images of {size}: {reason}"
    help = "its text is for {own}"
    network: str
    size: str
    reason: str
    own: str


class OutputExists(Problem):
    code = codes.OUTPUT_EXISTS
    message = "{path} is there already"
    help = "replace it with `--force`, or write to another file with `--out`"
    path: str


class NotSuffix(Problem):
    code = codes.WRONG_USAGE
    message = "`{target}` is written as `{suffix}`, not as {path}"
    help = "call it `{better}`"
    target: str
    suffix: str
    path: str
    better: str


class NotImportable(Problem):
    code = codes.WRONG_USAGE
    message = "Python cannot import a file of the name {path}"
    help = "call it `{better}`"
    path: str
    better: str


class CannotWriteExport(Problem):
    code = codes.CANNOT_WRITE
    message = "cannot write the export to {path}: {reason}"
    path: str
    reason: str


class NotQuantized(Problem):
    code = codes.NOT_EXPORTED
    message = "`{target}` is not quantized"
    help = "choose one of {known}"
    target: str
    known: str


class NoCalibration(Problem):
    code = codes.BAD_CALIBRATION
    message = "int8 needs images to calibrate with"
    help = "`--calibration FOLDER`, with some hundred images like those that the network is for"


class NoImagesToCalibrate(Problem):
    code = codes.BAD_CALIBRATION
    message = "{folder} has no images to calibrate with: {reason}"
    help = "a folder of .jpg and .png files, with or without a folder for each class"
    folder: str
    reason: str


class UnknownPreprocessing(Problem):
    code = codes.BAD_CALIBRATION
    message = "how images are normalized for {network} is not known, and calibrating depends on it"
    help = "say it: `--normalization imagenet|centered|unit`; a run of `archdsl train` as `--weights` knows it"
    network: str


class CalibrationAlone(Problem):
    code = codes.WRONG_USAGE
    message = "`--calibration` is for int8"
    help = "add `--int8`, or leave it out"
