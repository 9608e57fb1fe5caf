"""Batches of images as tensors, by this process or by workers, the same either way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from archdsl.diagnostics import DiagnosticError
from archdsl.ir.recipe import Phase, Recipe
from archdsl.training.data.errors import AllCorrupt, CorruptImage
from archdsl.training.data.images import UnreadableImageError
from archdsl.training.data.sampling import Batches
from archdsl.training.data.source import Source
from archdsl.training.data.transforms import Transform, evaluation_transform, train_transform
from archdsl.training.random import seeded

# Corrupt images that are passed over, one after the other, before that is an error.
_MOST_CORRUPT = 1000
# A sample: an image, its label, and the names of corrupt images that it stands for, with the reasons; or no image.
Sample = tuple[Tensor | None, int, tuple[tuple[str, str], ...]]
Batch = tuple[Tensor, Tensor]
# Where an image is: the epoch and its index.
At = tuple[int, int]


class Samples(Dataset[Sample]):
    """Images by (epoch, index); what is random in one depends on these and on the seed, not on who loads it.

    In training the next image that can be read takes the place of a corrupt one (`replaces`); a test leaves it out.
    """

    def __init__(self, source: Source, transform: Transform, seed: int, *, skips: bool, replaces: bool):
        self.source, self.transform, self.seed, self.skips, self.replaces = source, transform, seed, skips, replaces
        self.tries = min(len(source), _MOST_CORRUPT) if replaces else 1

    def __getitem__(self, at: At) -> Sample:
        epoch, index = at
        corrupt: list[tuple[str, str]] = []
        for more in range(self.tries):
            found = (index + more) % len(self.source)
            try:
                image = self.source.image(found)
            except UnreadableImageError as error:
                corrupt.append((self.source.name(found), str(error)))
                if not self.skips:
                    break
                continue
            with seeded(self.seed, "image", epoch, index):
                return self.transform(image), self.source.label(found), tuple(corrupt)
        return None, 0, tuple(corrupt)


class Readers:
    """Who reads images: this process or, with `workers`, so many others, which start once and stay for all passes.

    Args:
        parts: all that is ever read, each part with what is done to its images.
    """

    def __init__(self, parts: Sequence[Samples], workers: int = 0):
        self.parts = parts
        self._order = _Order()
        self._loader: DataLoader[Any] = DataLoader(
            _Parts(parts),
            batch_sampler=self._order,
            num_workers=workers,
            persistent_workers=workers > 0,
            # One of its own, so that loading draws nothing from that of the training.
            generator=torch.Generator(),
            collate_fn=_collate,
            pin_memory=torch.cuda.is_available(),
            # A worker that computed on all cores would take them from the training.
            worker_init_fn=_one_thread,
        )

    def read(self, part: int, order: Iterable[list[At]]) -> Iterator[Any]:
        """What a part has at some places, batch by batch. It ends the pass before it, were that at its end or not."""
        self._order.batches = ([(part, *at) for at in batch] for batch in order)
        return iter(self._loader)

    def close(self) -> None:
        """Ends the workers."""
        del self._loader


class _Parts(Dataset[Sample]):
    """Several parts as one, whose images are at (number of the part, epoch, index)."""

    def __init__(self, parts: Sequence[Samples]):
        self.parts = parts

    def __getitem__(self, at: tuple[int, int, int]) -> Sample:
        part, epoch, index = at
        return self.parts[part][epoch, index]


class _Order(Sampler[list[tuple[int, int, int]]]):
    """The batches of the pass that comes next."""

    batches: Iterable[list[tuple[int, int, int]]] = ()

    def __iter__(self) -> Iterator[list[tuple[int, int, int]]]:
        return iter(self.batches)


class Loader:
    """The batches of an epoch, or of a test: images, B x C x R x R, and labels, B.

    `skipped` takes the names of corrupt images that were passed over, each with the reason. Where they are not replaced
    a batch is smaller by them.

    Args:
        order: what each batch has of a part of the readers, as pairs of epoch and index.
    """

    def __init__(
        self,
        readers: Readers,
        part: int,
        order: Batches | Sequence[list[At]],
        on_skip: Callable[[str, str], None] | None = None,
    ):
        self._readers, self._part, self._order, self._on_skip = readers, part, order, on_skip
        self._samples = readers.parts[part]
        self.skipped: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Batch]:
        """Raises DiagnosticError for an image that cannot be read."""
        missing = 0
        for images, labels, corrupt, count in self._readers.read(self._part, self._order):
            for name, reason in corrupt:
                if not self._samples.skips:
                    raise DiagnosticError([CorruptImage(name, reason).at(None)])
                if name not in self.skipped and self._on_skip is not None:
                    self._on_skip(name, reason)
                self.skipped[name] = reason
            missing += count
            if count and (self._samples.replaces or missing == len(self._samples.source)):
                raise DiagnosticError([AllCorrupt(corrupt[0][0], len({name for name, _ in corrupt})).at(None)])
            if images is not None:
                yield images, labels


def _collate(samples: list[Sample]) -> tuple[Tensor | None, Tensor, list[tuple[str, str]], int]:
    """Images, labels, corrupt images with the reasons, and how many of the samples have none."""
    corrupt = [one for _, _, found in samples for one in found]
    read = [(image, label) for image, label, _ in samples if image is not None]
    labels = torch.tensor([label for _, label in read], dtype=torch.int64)
    return (torch.stack([image for image, _ in read]) if read else None), labels, corrupt, len(samples) - len(read)


def train_samples(
    source: Source,
    recipe: Recipe,
    phase: Phase,
    *,
    seed: int = 0,
    channels: int = 3,
    skip_corrupt: bool = False,
) -> Samples:
    """Images to learn from in a phase, for batches in the order of `Batches`."""
    return Samples(source, train_transform(recipe, phase, channels), seed, skips=skip_corrupt, replaces=True)


def evaluation_samples(
    source: Source,
    resolution: int,
    crop: float,
    normalization: str,
    *,
    channels: int = 3,
    skip_corrupt: bool = False,
) -> Samples:
    """Images to test on, for batches in the order of `evaluation_order`."""
    transform = evaluation_transform(resolution, crop, normalization, channels)
    return Samples(source, transform, 0, skips=skip_corrupt, replaces=False)


def evaluation_order(count: int, batch: int, rank: int = 0, world: int = 1) -> list[list[At]]:
    """All images in their order, of which each process takes every `world`-th."""
    own = [(0, index) for index in range(rank, count, world)]
    return [own[at : at + batch] for at in range(0, len(own), batch)]


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)
