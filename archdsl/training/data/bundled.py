"""Data that comes with a library: the digits of scikit-learn."""

from __future__ import annotations

from functools import partial

import numpy

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
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise DiagnosticError([MissingLibrary(path, "scikit-learn", "scikit-learn").at(None)]) from None
    digits = load_digits()
    pixels = numpy.round(digits.images * (255 / 16)).astype(numpy.uint8)
    is_test = numpy.arange(len(pixels)) % _TEST == 0
    classes = tuple(map(str, range(10)))
    return {
        "train": partial(Grey, path, pixels[~is_test], digits.target[~is_test], classes),
        "test": partial(Grey, path, pixels[is_test], digits.target[is_test], classes),
    }
