"""A few of scikit-learn's digits as a folder of IDX files, which trains in a fraction of the time of all of them."""

from __future__ import annotations

from pathlib import Path

import numpy

from archdsl.training.data.bundled import digit_images


def write_digits(folder: Path, train: int = 192, test: int = 48) -> str:
    """The first digits to learn from and the next ones to test on, of all ten classes.

    Returns:
        The folder, as `--data` takes it.
    """
    folder.mkdir()
    images, classes = digit_images("sklearn:digits")
    pixels = numpy.round(images * (255 / 16)).astype(numpy.uint8)
    for part, chosen in {"train": slice(train), "t10k": slice(train, train + test)}.items():
        for kind, values in {"images-idx3": pixels[chosen], "labels-idx1": classes[chosen]}.items():
            head = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
            (folder / f"{part}-{kind}-ubyte").write_bytes(head + values.astype(numpy.uint8).tobytes())
    return str(folder)
