"""Pictures of shapes, in every way in which data comes."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from PIL import Image


def picture(number: int, size: tuple[int, int] = (20, 16)) -> Image.Image:
    """A picture that a number decides."""
    pixels = numpy.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), dtype=numpy.uint8)
    return Image.fromarray(pixels)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of two classes of ten and six pictures."""
    for name, count in (("cat", 10), ("dog", 6)):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(count):
            picture(number + 100 * len(name)).save(tmp_path / "pictures" / name / f"{number:02}.png")
    return tmp_path / "pictures"
