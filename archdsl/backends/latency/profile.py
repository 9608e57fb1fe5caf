"""Device profiles: what a device reaches, class by class of kernels, read from a file.

A profile that ships has a peak and a bandwidth from a data sheet, and the part of them that each class is assumed to
reach. One that `archdsl calibrate` writes has a table of measured kernels for each kind.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from archdsl.backends.latency.errors import NoSuchDevice, NotProfile
from archdsl.backends.latency.kernel import FAMILIES, Kernel
from archdsl.backends.latency.roofline import Roofline, Time
from archdsl.backends.latency.table import Table, features, table_name
from archdsl.diagnostics import DiagnosticError, did_you_mean
from archdsl.file_errors import CannotRead
from archdsl.folders import devices_folder
from archdsl.ir.base import Frozen, Shape, Size
from archdsl.reading import read_plain

FORMAT_VERSION: Literal["1.0", "1.1"] = "1.1"
Backend = Literal["eager", "onnxruntime"]
BYTES = {"float32": 4, "tensorfloat32": 4, "float16": 2, "bfloat16": 2, "float64": 8}
# Classes that run on tensor cores, or whatever a device has for products of matrices; the others have the vector peak.
_MATRIX = ("conv", "grouped_conv", "linear")

# Far beyond what any device has, and far within what can be divided and multiplied: a product that is zero or infinite
# would be not a time.
Positive = Annotated[float, Field(ge=1e-18, le=1e24)]
Part = Annotated[float, Field(ge=1e-9, le=1)]
Seconds = Annotated[float, Field(ge=0, le=1e6)]
Overhead = Annotated[float, Field(ge=-1e-3, le=1e6)]
Logarithm = Annotated[float, Field(ge=-1e6, le=1e6)]
# Of a kernel as measured, however much of that was the measuring.
_LEAST_PART = 0.1
# Of a file that is read: a calibrated profile has half a megabyte.
_MOST_BYTES = 64 * 10**6


# A key of TOML that nests tables deeper than any profile does.
_DEEP_KEY = re.compile(r"(?:[\w\"'-]+[ \t]*\.[ \t]*){16}")


class Number(Frozen):
    """A number of a profile and where it is from: a data sheet, a paper, a measurement, or that it is assumed."""

    value: Positive
    source: str


class Efficiency(Frozen):
    """The part of the peak and of the bandwidth that a class of kernels reaches."""

    compute: Part
    memory: Part
    source: str


Whole = Annotated[int, Field(ge=1, lt=2**40)]
# Input, output, batch, window, stride, groups, operands, further, layout: the fields of a kernel without its kind.
StoredKernel = tuple[
    tuple[Whole, Whole, Whole], tuple[Whole, Whole, Whole], Whole, tuple[Whole, Whole], Whole, Whole, Whole,
    Annotated[int, Field(ge=0, lt=2**40)], Literal["plain", "blocked"],
]  # fmt: skip


class Measured(Frozen):
    """The kernels of one kind that were measured, and what was fitted to them."""

    operations: Positive
    bytes: Positive
    launch: Seconds
    offset: Logarithm = 0.0
    scales: tuple[Positive, ...] = ()
    kernels: tuple[StoredKernel, ...] = ()
    seconds: tuple[Positive, ...] = ()
    weights: tuple[Logarithm, ...] = ()

    def table(self) -> Table:
        points = tuple(features(kernel_of(stored)) for stored in self.kernels)
        roofline = Roofline(self.operations, self.bytes, self.launch)
        return Table(roofline, self.scales, points, self.weights, self.offset)


def kernel_of(stored: StoredKernel, kind: str = "") -> Kernel:
    source, target, batch, window, stride, groups, operands, further, layout = stored
    ends = Shape(*source), Shape(*target)
    return Kernel(kind, *ends, batch, Size(*window), stride, groups, operands, further, layout)


def stored_kernel(kernel: Kernel) -> list[object]:
    """A kernel as a profile's file keeps it: without its kind, and without what is declared, which none has there."""
    return [list(part) if isinstance(part, tuple) else part for part in kernel[1:-1]]


class Profile(Frozen):
    """A device as the cost model sees it, for one backend; `on` says whose kernels and allocator it has.

    `peaks` are floating point operations a second by type of number, `matrix_peaks` those of products of matrices where
    they are others; `bandwidth` is in bytes a second, `launch` the seconds of one kernel's launch, `capacity` the bytes
    of its memory. `overhead` is what the framework adds to every kernel, less what timing it added; `backward_overhead`
    is the same for those that compute gradients. `measured` has the tables of a calibrated device, `facts` how they
    came to be.
    """

    format_version: Literal["1.0", "1.1"] = FORMAT_VERSION
    name: str
    title: str
    backend: Backend = "eager"
    on: Literal["cpu", "cuda"] = "cpu"
    dtype: str = "float32"
    peaks: dict[str, Number] = Field(default={})
    matrix_peaks: dict[str, Number] = Field(default={})
    bandwidth: Number | None = None
    launch: Number | None = None
    capacity: Number | None = None
    efficiency: dict[str, Efficiency] = Field(default={})
    overhead: Overhead = 0.0
    backward_overhead: Overhead = 0.0
    measured: dict[str, Measured] = Field(default={})
    facts: dict[str, Any] = Field(default={})

    @property
    def dtypes(self) -> list[str]:
        """The types of number that it can predict the time for."""
        return [self.dtype] if self.measured else sorted({*self.peaks, *self.matrix_peaks})

    @cached_property
    def _tables(self) -> dict[str, Table]:
        return {name: measured.table() for name, measured in self.measured.items()}

    @cached_property
    def _times(self) -> dict[tuple[Kernel, str], Time]:
        return {}

    def time(self, kernel: Kernel, dtype: str) -> Time:
        """The time of a kernel. Equal kernels are computed once."""
        found = self._times.get((kernel, dtype))
        if found is None:
            found = self._times[kernel, dtype] = self._time(kernel, dtype)
        return found

    def _time(self, kernel: Kernel, dtype: str) -> Time:
        operations, traffic = kernel.operations, kernel.traffic(BYTES[dtype])
        table = self._table(kernel)
        roofline = table.roofline if table else self._roofline(kernel.family, dtype)
        factor = table.factor(kernel) if table else 1.0
        overhead = self.backward_overhead if kernel.is_backward else self.overhead
        measured = roofline.seconds(operations, traffic) * factor
        seconds = max(measured + overhead, _LEAST_PART * measured)
        return Time.of(roofline.bound(operations, traffic), seconds, operations, traffic)

    def _table(self, kernel: Kernel) -> Table | None:
        """The table for a kernel: that of its kind, in its layout or the other one, or else what its class has."""
        tables = self._tables
        names = (table_name(kernel), kernel.kind, f"blocked_{kernel.kind}")
        return next((tables[name] for name in (*names, kernel.family, "other") if name in tables), None)

    def _roofline(self, family: str, dtype: str) -> Roofline:
        forward = family.removesuffix("_backward")
        peaks = {**self.peaks, **self.matrix_peaks} if forward in _MATRIX else self.peaks
        peak = (peaks.get(dtype) or peaks.get("float32") or next(iter(peaks.values()))).value
        efficiency = self.efficiency.get(family) or self.efficiency.get(forward) or self.efficiency["other"]
        assert self.bandwidth is not None
        assert self.launch is not None
        return Roofline(peak * efficiency.compute, self.bandwidth.value * efficiency.memory, self.launch.value)


# Reading -------------------------------------------------------------------------------------------------------------


def shipped_profiles() -> dict[str, Path]:
    return {path.stem: path for path in sorted(devices_folder().iterdir()) if path.suffix in (".toml", ".json")}


def profile(device: str) -> Profile:
    """The profile of a device, by the name of one that ships or by the path of a file. Raises DiagnosticError."""
    shipped = shipped_profiles()
    if device in shipped:
        return read_profile(shipped[device])
    if device.endswith((".toml", ".json")) or Path(device).exists():
        return read_profile(Path(device))
    raise NoSuchDevice(device, list(shipped)).error(help=did_you_mean(device, shipped))


def read_profile(path: Path) -> Profile:
    """The profile in a TOML or JSON file, read once as long as the file stays what it is. Raises DiagnosticError."""
    try:
        state = path.stat()
    except OSError as error:
        raise CannotRead.because(path, error).error() from None
    return _read(path, state.st_mtime_ns, state.st_size)


@cache
def _read(path: Path, modified: int, size: int) -> Profile:
    if path.suffix.lower() not in (".json", ".toml"):
        raise _no_profile(path, "its extension says how it is read, and is neither `.json` nor `.toml`")
    try:
        data = read_plain(path, _MOST_BYTES)
        if len(data) > _MOST_BYTES:
            raise _no_profile(path, f"it has more than {_MOST_BYTES // 10**6} MB")
        text = data.decode("utf-8")
        if path.suffix.lower() == ".toml" and _DEEP_KEY.search(text):  # tomllib would take gigabytes for it
            raise RecursionError
        document = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise CannotRead.because(path, error).error() from None
    except ValueError as error:
        raise _no_profile(path, str(error)) from None
    except RecursionError:
        raise _no_profile(path, "it is nested too deeply") from None
    return profile_from(document, path)


def profile_from(document: Mapping[str, object], path: Path) -> Profile:
    """The profile that a document is. Raises DiagnosticError, which names the field that is wrong."""
    try:
        # As JSON, in which a list stands for a tuple.
        made = Profile.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise _no_profile(path, f"`{field}`: {first['msg']}") from None
    problem = _missing(made)
    if problem:
        raise _no_profile(path, problem)
    return made


def _missing(made: Profile) -> str | None:
    if made.dtype not in BYTES:
        return f"`dtype`: there is no type `{made.dtype}`; there are {', '.join(BYTES)}"
    for name, measured in made.measured.items():
        counts = {len(measured.kernels), len(measured.seconds), len(measured.weights)}
        if len(counts) > 1:
            return f"`measured.{name}`: {len(measured.kernels)} kernels need as many `seconds` and `weights`"
        if measured.kernels and len(measured.scales) != len(features(kernel_of(measured.kernels[0]))):
            return f"`measured.{name}.scales`: there must be one for each feature"
    if "other" in made.measured:
        return None
    if not made.peaks or made.bandwidth is None or made.launch is None:
        return "a profile needs `peaks`, `bandwidth` and `launch`, or what was `measured`"
    if "other" not in made.efficiency:
        return "`efficiency` needs `other`, for classes that it does not list"
    known = {*FAMILIES, *(f"{family}_backward" for family in FAMILIES), "other"}
    unknown = [name for name in made.efficiency if name not in known]
    if unknown:
        return f"`efficiency.{unknown[0]}`: there is no such class; there are {', '.join(FAMILIES)} and other"
    unknown = [name for name in (*made.peaks, *made.matrix_peaks) if name not in BYTES]
    return f"`peaks.{unknown[0]}`: there is no such type; there are {', '.join(BYTES)}" if unknown else None


def _no_profile(path: Path, message: str) -> DiagnosticError:
    return NotProfile(str(path), " ".join(message.split())).error()
