"""Labelled images, wherever they are: a list that decodes an image when it is asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from PIL import Image

Split = Literal["train", "test"]
# The names of the parts of a data set, as people call them.
NAMES: dict[Split, tuple[str, ...]] = {
    "train": ("train", "training"),
    "test": ("val", "valid", "validation", "test", "testing", "eval"),
}


class Source(ABC):
    """Images with labels, which are indices into `classes`. What reads it decides what a corrupt image means."""

    classes: tuple[str, ...]

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

    def missing(self) -> Sequence[str]:
        """The names of images that are not there, as far as that is known without reading any."""
        return ()


# The parts that a data set has; each is opened when it is called.
Parts = Mapping[Split, Callable[[], Source]]


class Part(Source):
    """Some of the images of a source."""

    def __init__(self, whole: Source, indices: Sequence[int]):
        self.whole, self.indices = whole, list(indices)
        self.classes = whole.classes

    def __len__(self) -> int:
        return len(self.indices)

    def label(self, index: int) -> int:
        return self.whole.label(self.indices[index])

    def name(self, index: int) -> str:
        return self.whole.name(self.indices[index])

    def image(self, index: int) -> Image.Image:
        return self.whole.image(self.indices[index])

    def missing(self) -> Sequence[str]:
        absent = set(self.whole.missing())
        return [name for index in self.indices if (name := self.whole.name(index)) in absent] if absent else ()
