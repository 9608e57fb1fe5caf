"""Batches of images as tensors, by this process or by workers, the same either way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

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


class _Samples(Dataset[Sample]):
    """Images by (epoch, index); what is random in one depends on these and on the seed, not on who loads it.

    In training the next image that can be read takes the place of a corrupt one (`replaces`); a test leaves it out.
    """

    def __init__(self, source: Source, transform: Transform, seed: int, *, skips: bool, replaces: bool):
        self.source, self.transform, self.seed, self.skips = source, transform, seed, skips
        self.tries = min(len(source), _MOST_CORRUPT) if replaces else 1

    def __getitem__(self, at: tuple[int, int]) -> Sample:
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


class Loader:
    """The batches of an epoch, or of a test: images, B x C x R x R, and labels, B.

    `skipped` takes the names of corrupt images that were passed over, each with the reason. Where they are not replaced
    a batch is smaller by them.
    """

    def __init__(
        self,
        loader: DataLoader[Any],
        samples: _Samples,
        on_skip: Callable[[str, str], None] | None = None,
        *,
        replaces: bool = True,
    ):
        self._loader, self._samples, self._on_skip, self._replaces = loader, samples, on_skip, replaces
        self.skipped: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[Batch]:
        """Raises DiagnosticError for an image that cannot be read."""
        missing = 0
        for images, labels, corrupt, count in self._loader:
            for name, reason in corrupt:
                if not self._samples.skips:
                    raise DiagnosticError([CorruptImage(name, reason).at(None)])
                if name not in self.skipped and self._on_skip is not None:
                    self._on_skip(name, reason)
                self.skipped[name] = reason
            missing += count
            if count and (self._replaces or missing == len(self._samples.source)):
                raise DiagnosticError([AllCorrupt(corrupt[0][0], len({name for name, _ in corrupt})).at(None)])
            if images is not None:
                yield images, labels


def _collate(samples: list[Sample]) -> tuple[Tensor | None, Tensor, list[tuple[str, str]], int]:
    """Images, labels, corrupt images with the reasons, and how many of the samples have none."""
    corrupt = [one for _, _, found in samples for one in found]
    read = [(image, label) for image, label, _ in samples if image is not None]
    labels = torch.tensor([label for _, label in read], dtype=torch.int64)
    return (torch.stack([image for image, _ in read]) if read else None), labels, corrupt, len(samples) - len(read)


def train_loader(
    source: Source,
    recipe: Recipe,
    phase: Phase,
    *,
    epoch: int,
    first_batch: int,
    batch: int,
    rank: int = 0,
    world: int = 1,
    workers: int = 0,
    seed: int = 0,
    channels: int = 3,
    skip_corrupt: bool = False,
    on_skip: Callable[[str, str], None] | None = None,
) -> Loader:
    """The batches of an epoch of a phase from `first_batch` on; `batch` counts the images of all processes."""
    samples = _Samples(source, train_transform(recipe, phase, channels), seed, skips=skip_corrupt, replaces=True)
    order = Batches(len(source), batch, seed, epoch, rank=rank, world=world, first_batch=first_batch)
    return Loader(_loader(samples, order, workers), samples, on_skip)


def evaluation_loader(
    source: Source,
    resolution: int,
    crop: float,
    normalization: str,
    batch: int,
    workers: int = 0,
    rank: int = 0,
    world: int = 1,
    channels: int = 3,
    *,
    skip_corrupt: bool = False,
    on_skip: Callable[[str, str], None] | None = None,
) -> Loader:
    """All images in their order, of which each process takes every `world`-th."""
    transform = evaluation_transform(resolution, crop, normalization, channels)
    samples = _Samples(source, transform, 0, skips=skip_corrupt, replaces=False)
    own = [(0, index) for index in range(rank, len(source), world)]
    batches = [own[at : at + batch] for at in range(0, len(own), batch)]
    return Loader(_loader(samples, batches, workers), samples, on_skip, replaces=False)


def _loader(samples: _Samples, order: Any, workers: int) -> DataLoader[Any]:
    return DataLoader(
        samples,
        batch_sampler=order,
        num_workers=workers,
        # One of its own, so that loading draws nothing from that of the training.
        generator=torch.Generator(),
        collate_fn=_collate,
        pin_memory=torch.cuda.is_available(),
        # A worker that computed on all cores would take them from the training.
        worker_init_fn=_one_thread,
    )


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)
