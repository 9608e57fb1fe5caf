"""Labelled images, wherever they are: a list that decodes an image when it is asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

from PIL import Image

Split = Literal["train", "test"]
Corrupt = Literal["refuse", "skip"]
# The names of the parts of a data set, as people call them.
NAMES: dict[Split, tuple[str, ...]] = {
    "train": ("train", "training"),
    "test": ("val", "valid", "validation", "test", "testing", "eval"),
}


class Source(ABC):
    """Images with labels, which are indices into `classes`. What reads it decides what a corrupt image means."""

    classes: tuple[str, ...]
    corrupt: Corrupt = "refuse"

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def label(self, index: int) -> int: ...

    @abstractmethod
    def name(self, index: int) -> str:
        """What a message calls an image: its path."""

    @abstractmethod
    def image(self, index: int) -> Image.Image:
        """An image in RGB. Raises UnreadableImageError."""


class Part(Source):
    """Some of the images of a source."""

    def __init__(self, whole: Source, indices: Sequence[int]):
        self.whole, self.indices = whole, list(indices)
        self.classes, self.corrupt = whole.classes, whole.corrupt

    def __len__(self) -> int:
        return len(self.indices)

    def label(self, index: int) -> int:
        return self.whole.label(self.indices[index])

    def name(self, index: int) -> str:
        return self.whole.name(self.indices[index])

    def image(self, index: int) -> Image.Image:
        return self.whole.image(self.indices[index])
