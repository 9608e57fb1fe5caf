"""A network written for a target: folded, written, opened again, run, compared, and only then put in its place."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from typing import Any, Literal

import torch

from archdsl.api import Network
from archdsl.diagnostics import DiagnosticError
from archdsl.exporting.comparison import Compared, Reference, compare, references, rounding
from archdsl.exporting.errors import (
    CalibrationAlone,
    CannotRunExported,
    CannotWriteExport,
    ExportDiffers,
    ExportFails,
    FiltersOfEachImage,
    FreeSizeFails,
    ImagesDoNotFit,
    MissingOfExport,
    NoCalibration,
    NotFinite,
    NotImportable,
    NotInType,
    NotQuantized,
    NotSuffix,
    NotWithFreeSizes,
    SeriesNotCalibrated,
    WindowsOfResolution,
)
from archdsl.exporting.job import Job, Tool, beside
from archdsl.exporting.placing import placed, refuse_existing
from archdsl.exporting.settings import DTYPES, TARGETS, TOLERANCES, Dtype, Settings, TargetFacts, facts_of
from archdsl.exporting.subject import Subject, plain, subject_of
from archdsl.ir.base import Shape
from archdsl.ir.errors import refuse_several_inputs
from archdsl.ir.operators.convolution import CondConv
from archdsl.ir.operators.pooling import AdaptiveAvgPool
from archdsl.ir.walk import walk
from archdsl.quiet import quiet

# Free axes are traced at two images, for a single one is a case of its own to torch.
_FREE_BATCH = 2
_LONGEST_REASON = 300
# Another order of additions rounds otherwise: how many times as far as float32 is from float64 an export may be.
_ROUNDINGS = 8
# Fewer bytes on a disk are none.
_FULL = 2**16
# Outputs in int8 that are further off have nothing of the network left.
_MOST_OF_INT8 = 1.0
_TAKE_SEVERAL = ", ".join(one.name for one in TARGETS if one.has_several_inputs)


@dataclass(frozen=True)
class Exported:
    """The files of an export, how it compares with the module, and what else there is to know, such as the opset."""

    files: tuple[Path, ...]
    target: str
    compared: tuple[Compared, ...]
    said: Mapping[str, str]
    facts: Mapping[str, Any]

    @property
    def path(self) -> Path:
        """The file that is opened."""
        return self.files[-1]

    @property
    def difference(self) -> float:
        """The largest difference from the module, relative to its output."""
        return max(one.difference for one in self.compared)

    def as_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            "format_version": "1.0",
            "target": self.target,
            "files": [{"path": str(file), "bytes": file.stat().st_size} for file in self.files],
            "compared": [
                {"images": list(one.shape), "output": one.output, "difference": one.difference}
                | ({} if one.agreement is None else {"agreement": one.agreement})
                for one in self.compared
            ],
            **self.said,
            "facts": dict(self.facts),
        }


def export(
    network: Network,
    path: str | Path | None = None,
    *,
    to: str,
    weights: str | Path | None = None,
    batch: int | Literal["dynamic"] = 1,
    resolution: int | tuple[int, int] | Literal["dynamic"] | None = None,
    dtype: Dtype = "float32",
    normalization: str | None = None,
    int8: bool = False,
    calibration: str | Path | None = None,
    force: bool = False,
) -> Exported:
    """Writes a network for inference elsewhere, once it was opened again and puts out the same as the module.

    Args:
        path: the file; `NAME.onnx` and the like in the current folder, if None.
        to: `onnx`, `torch`, `openvino`, `source`, `fused` or `aotinductor`.
        weights: a checkpoint, or the folder of a run, which has names of classes and the normalization of images as
            well; fresh weights, if None.
        batch: images at a time, or `"dynamic"`.
        resolution: height and width of images or the length of series, those of the network if None, or `"dynamic"`.
        dtype: `float32`, or `bf16`, in which images and outputs are float32 all the same.
        normalization: `imagenet`, `centered` or `unit`, for the file to say.
        int8: whether weights and activations become 8-bit numbers; what is returned says how far outputs are then.
        calibration: a folder of images, on which the ranges of activations are found.
        force: whether a file that is there is replaced.

    Raises:
        DiagnosticError: where that cannot be done, or what was written differs.
        ValueError: for an unknown target or type.
    """
    size: tuple[int, int] | tuple[()] | None
    if resolution == "dynamic":
        size = None
    elif resolution is None:
        size = ()
    else:
        size = (resolution, resolution) if isinstance(resolution, int) else resolution
    folder = None if calibration is None else str(calibration)
    settings = Settings(
        to, None if batch == "dynamic" else batch, size, dtype, normalization, is_int8=int8, calibration=folder
    )
    out = before_weights(network, settings, path, weights, force=force)
    return write(subject_of(network, weights, normalization), settings, out, force=force)


def before_weights(
    network: Network, settings: Settings, path: str | Path | None, weights: str | Path | None = None, *, force: bool
) -> Path:
    """Where an export goes; what is wrong with it is found here, before anything takes long. Raises DiagnosticError."""
    if settings.is_int8 and network.architecture.input.is_line:
        raise SeriesNotCalibrated(network.name).error()
    target = check(settings)
    if settings.is_int8 or settings.resolution != () or not target.has_several_inputs:
        what = "int8" if settings.is_int8 else "`--resolution`" if settings.resolution != () else f"`{target.name}`"
        instead = f"leave it out, or export for {_TAKE_SEVERAL}"
        refuse_several_inputs(network.architecture, what, instead)
    if settings.batch is None and not target.has_free_groups:
        _refuse_filters_of_images(network, target)
    if settings.resolution is None and not target.has_free_windows:
        _refuse_windows(network, target)
    out = out_file(network.name, target, path)
    files = beside(out, target)
    refuse_existing(files, force=force)
    if weights is not None and os.path.exists(weights):
        for file in files:
            if file.exists() and os.path.samefile(file, weights):
                raise CannotWriteExport(str(file), "it holds the weights that are exported").error()
    return out


def check(settings: Settings) -> TargetFacts:
    """The target of settings. Raises DiagnosticError where it does not do what is asked, or its tool is missing."""
    target = facts_of(settings.to)
    if settings.dtype not in DTYPES:
        raise ValueError(f"there is no type {settings.dtype!r}; there are {', '.join(DTYPES)}")
    if settings.dtype not in target.computes_in:
        raise NotInType(target.name, settings.dtype, ", ".join(target.computes_in)).error()
    if not target.has_free_sizes and (settings.batch is None or settings.resolution is None):
        raise NotWithFreeSizes(target.name, ", ".join(one.name for one in TARGETS if one.has_free_sizes)).error()
    if settings.is_int8:
        _check_int8(settings, target)
    elif settings.calibration is not None:
        raise CalibrationAlone().error()
    packages = (*target.packages, *((*target.quantizes, "PIL") if settings.is_int8 else ()))
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise MissingOfExport(target.name, missing).error()
    return target


def _check_int8(settings: Settings, target: TargetFacts) -> None:
    if not target.quantizes:
        raise NotQuantized(target.name, ", ".join(one.name for one in TARGETS if one.quantizes)).error()
    if settings.dtype != "float32":
        raise NotInType(target.name, f"int8 and {settings.dtype}", ", ".join(target.computes_in)).error()
    if settings.calibration is None:
        raise NoCalibration().error()


def out_file(name: str, target: TargetFacts, path: str | Path | None) -> Path:
    """Where an export goes. Raises DiagnosticError for a file whose suffix is that of something else."""
    if path is None:
        return Path(f"{name}{target.suffix}")
    out = Path(path)
    if out.suffix != target.suffix:
        better = str(out.with_suffix(target.suffix)) if out.name else f"{name}{target.suffix}"
        raise NotSuffix(target.name, target.suffix, str(path), better).error()
    if target.suffix == ".py" and (iskeyword(out.stem) or not out.stem.isidentifier()):
        named = re.sub(r"\W", "_", out.stem)
        better = f"_{named}" if named[0].isdigit() else f"{named}_" if iskeyword(named) else named
        raise NotImportable(str(path), str(out.with_name(f"{better}.py"))).error()
    return out


def _refuse_filters_of_images(network: Network, target: TargetFacts) -> None:
    if any(isinstance(visit.primitive, CondConv) for visit in walk(network.architecture)):
        raise FiltersOfEachImage(network.name, target.name).error()


def _refuse_windows(network: Network, target: TargetFacts) -> None:
    for visit in walk(network.architecture):
        pool = visit.primitive
        # One window is the mean of the map, of whatever size.
        if isinstance(pool, AdaptiveAvgPool) and pool.output(visit.output) != Shape(visit.output.channels, 1, 1):
            others = ", ".join(one.name for one in TARGETS if one.has_free_sizes and one.has_free_windows)
            raise WindowsOfResolution(network.name, target.name, pool.kind, others).error()


def write(subject: Subject, settings: Settings, out: Path, *, force: bool = False) -> Exported:
    """Writes a network with its weights. Raises DiagnosticError, and leaves nothing of what was written."""
    target = facts_of(settings.to)
    job = calibrated(job_of(subject, settings))
    held_to = _held_to(job)
    files = beside(out, target)
    with placed(files, force=force) as folder:
        with quiet(), _failing_as(lambda reason: _not_written(job, reason), folder):
            written = tool_of(target)(job, folder / out.name)
        with quiet(), _failing_as(lambda reason: CannotRunExported(subject.name, target.name, reason), folder):
            runner = written.runner()
            compared = tuple(compare(job, reference, runner) for reference in held_to)
        _refuse_differing(job, held_to, compared)
    return Exported(files, target.name, compared, written.said, job.facts())


def tool_of(target: TargetFacts) -> Tool:
    """What writes a target; it imports what that needs."""
    name, _, function = target.writer.partition(":")
    tool: Tool = getattr(import_module(name), function)
    return tool


def job_of(subject: Subject, settings: Settings) -> Job:
    """What a target is given."""
    image = subject.network.architecture.input
    size = image.each(*settings.resolution) if settings.resolution else image.sizes[1:]
    free = (
        *((0,) if settings.batch is None else ()),
        *(range(2, 2 + len(size)) if settings.resolution is None else ()),
    )
    count = _FREE_BATCH if settings.batch is None else settings.batch
    architecture, generator = subject.network.architecture, torch.Generator().manual_seed(1)
    shapes = [shape.sizes for shape in architecture.inputs.values()] or [(image.channels, *size)]
    images = tuple(torch.randn(count, *shape, generator=generator) for shape in shapes)
    dtype = torch.bfloat16 if settings.dtype == "bf16" else torch.float32
    return Job(subject, plain(subject.network, subject.folded, dtype).eval(), images, free, settings)


def _held_to(job: Job) -> list[Reference]:
    """What the module puts out. Raises DiagnosticError where it does not take the sizes that are asked for."""
    subject, size = job.subject, " x ".join(map(str, job.shape[1:]))
    try:
        found = list(references(job))
    except RuntimeError as error:
        own = str(subject.network.architecture.input)
        raise ImagesDoNotFit(subject.name, size, _reason(error), own).error() from None
    if not all(output.isfinite().all() for one in found for outputs in one.outputs for output in outputs):
        raise NotFinite(subject.name).error()
    sizes = {one.images[0][0].shape[2:] for one in found}
    if 2 in job.free and job.calibration is None and len(sizes) == 1:
        raise _not_written(job, f"of the sizes that were tried it takes {size} alone").error()
    return found


def calibrated(job: Job) -> Job:
    """With images for int8, where that is asked for. Raises DiagnosticError."""
    if job.settings.calibration is None:
        return job
    from archdsl.exporting.calibration import calibration_images

    height, width = job.shape[2:]
    return replace(job, calibration=calibration_images(job.subject, job.settings.calibration, height, width))


def _not_written(job: Job, reason: str) -> ExportFails:
    name, target = job.subject.name, job.settings.to
    if not job.free:
        return ExportFails(name, target, reason)
    axes = " and ".join(job.axes.values())
    options = f"--resolution {'x'.join(map(str, job.shape[2:]))}" if 2 in job.free else "--batch 1"
    return FreeSizeFails(name, target, reason, axes, options)


def _refuse_differing(job: Job, held_to: list[Reference], compared: tuple[Compared, ...]) -> None:
    least = _MOST_OF_INT8 if job.calibration is not None else TOLERANCES[job.settings.dtype]
    for one, reference in zip(compared, held_to, strict=True):
        if one.difference <= least:
            continue
        most = max(least, _ROUNDINGS * rounding(job, reference)) if job.settings.dtype == "float32" else least
        if not one.difference <= most:
            raise ExportDiffers(
                job.subject.name, job.settings.to, one.size, one.output, f"{one.difference:.2g}", f"{most:.2g}"
            ).error()


class _failing_as:  # noqa: N801 - used like a function
    """In here whatever a library raises is a diagnostic; a disk that is full, in whatever words, is an OSError."""

    def __init__(self, problem: Callable[[str], ExportFails | CannotRunExported], folder: Path):
        self.problem, self.folder = problem, folder

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, OSError | DiagnosticError):
            if shutil.disk_usage(self.folder).free < _FULL:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            raise self.problem(_reason(error)).error() from error


def _reason(error: Exception) -> str:
    """What a library says of an error, as the end of a sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join((lines[0] if lines else type(error).__name__).split())
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}..."
