"""IDX files, in which MNIST and Fashion-MNIST come."""

from __future__ import annotations

import gzip
from functools import partial
from pathlib import Path

import numpy
from PIL import Image

from archdsl.diagnostics import DiagnosticError
from archdsl.training.data.errors import NoData
from archdsl.training.data.source import Parts, Source, Split

_PREFIXES: dict[Split, tuple[str, ...]] = {"train": ("train",), "test": ("t10k", "test", "val")}


class Grey(Source):
    """Grey images of one size, in memory."""

    def __init__(self, path: str, pixels: numpy.ndarray, labels: numpy.ndarray, classes: tuple[str, ...]):
        self.path, self.pixels, self.labels, self.classes = path, pixels, labels, classes

    def __len__(self) -> int:
        return len(self.pixels)

    def label(self, index: int) -> int:
        return int(self.labels[index])

    def name(self, index: int) -> str:
        return f"{self.path}[{index}]"

    def image(self, index: int) -> Image.Image:
        return Image.fromarray(self.pixels[index]).convert("RGB")


def read_idx(place: Path) -> Parts:
    """The images of each part, and the labels in the file beside them."""
    files = {part: (_file(place, part, "idx3-ubyte"), _file(place, part, "idx1-ubyte")) for part in _PREFIXES}
    labels = {part: _read(path) for part, (_, path) in files.items() if path is not None}
    # Of all parts: one for testing may be without the last.
    count = max((int(numbers.max()) for numbers in labels.values() if numbers.size), default=-1) + 1
    classes = tuple(str(number) for number in range(count))
    return {
        part: partial(_grey, images, labels[part], classes)
        for part, (images, _) in files.items()
        if images is not None and part in labels
    }


def _grey(images: Path, numbers: numpy.ndarray, classes: tuple[str, ...]) -> Grey:
    pixels = _read(images)
    if pixels.ndim != 3 or numbers.ndim != 1 or len(pixels) != len(numbers):
        raise DiagnosticError([NoData(str(images), "its images and labels do not belong together").at(None)])
    return Grey(str(images), pixels, numbers, classes)


def _file(place: Path, split: Split, kind: str) -> Path | None:
    found = [path for path in sorted(place.iterdir()) if kind in path.name and path.name.startswith(_PREFIXES[split])]
    return found[0] if found else None


def _read(path: Path) -> numpy.ndarray:
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        dimensions = data[3]
        shape = tuple(int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(dimensions))
        return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (OSError, EOFError, IndexError, ValueError) as error:
        raise DiagnosticError([NoData(str(path), str(error) or "it is not an IDX file").at(None)]) from None
