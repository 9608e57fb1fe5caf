"""Data that comes with a library: the digits of scikit-learn."""

from __future__ import annotations

import importlib.util
from functools import partial
from pathlib import Path

import numpy
from numpy.typing import NDArray

from archdsl.diagnostics import DiagnosticError
from archdsl.training.data.errors import MissingLibrary, NoData
from archdsl.training.data.idx import Grey
from archdsl.training.data.source import Parts

# Every fifth digit is for testing.
_TEST = 5


def bundled(path: str) -> Parts:
    """The parts of a bundled set. Raises DiagnosticError for one that there is not."""
    if path != "sklearn:digits":
        raise DiagnosticError([NoData(path, "of scikit-learn there is `sklearn:digits`").at(None)])
    images, labels = digit_images(path)
    pixels = numpy.round(images * (255 / 16)).astype(numpy.uint8)
    is_test = numpy.arange(len(pixels)) % _TEST == 0
    classes = tuple(map(str, range(10)))
    return {
        "train": partial(Grey, path, pixels[~is_test], labels[~is_test], classes),
        "test": partial(Grey, path, pixels[is_test], labels[is_test], classes),
    }


def digit_images(path: str) -> tuple[NDArray[numpy.float64], NDArray[numpy.int64]]:
    """Images of 8 x 8 and their classes: `sklearn.datasets.load_digits`, without the seconds that its import takes."""
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise DiagnosticError([MissingLibrary(path, "scikit-learn", "scikit-learn").at(None)])
    file = Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz"
    if not file.is_file():  # a release that keeps them elsewhere
        from sklearn.datasets import load_digits

        digits = load_digits()
        return digits.images, digits.target
    table = numpy.loadtxt(file, delimiter=",")
    return table[:, :-1].reshape(-1, 8, 8), table[:, -1].astype(numpy.int64)
