"""A part of a data set of grey images of one size, as IDX files, which hold it in memory while it is trained on."""

from __future__ import annotations

from pathlib import Path

import numpy

from archdsl.training.data.opening import open_data
from archdsl.training.data.source import Source

_NAMES = {"train": "train", "test": "t10k"}


def spread(length: int, count: int | None) -> list[int]:
    """So many of the indices below `length`, evenly spaced: of each class about the same share; None for all."""
    if count is None or count >= length:
        return list(range(length))
    return [index * length // count for index in range(count)]


def write_part(source: Source, count: int | None, folder: Path, split: str) -> int:
    """Writes `count` images of a source, or all, and returns how many they are."""
    indices = spread(len(source), count)
    pixels = numpy.stack([numpy.array(source.image(index).convert("L")) for index in indices])
    labels = numpy.array([source.label(index) for index in indices], numpy.uint8)
    for kind, values in (("images-idx3", pixels), ("labels-idx1", labels)):
        sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
        data = bytes([0, 0, 8, values.ndim]) + sizes + values.tobytes()
        (folder / f"{_NAMES[split]}-{kind}-ubyte").write_bytes(data)
    return len(indices)


def write_subset(data: str, folder: Path, *, train: int | None, test: int | None) -> dict[str, int]:
    """Writes a part of what `archdsl train --data` takes into a new folder; returns how many images and classes."""
    folder.mkdir(parents=True)
    sources = {"train": open_data(data, "train"), "test": open_data(data, "test")}
    counts = {"train": train, "test": test}
    written = {split: write_part(source, counts[split], folder, split) for split, source in sources.items()}
    return {**written, "classes": len(sources["train"].classes)}
