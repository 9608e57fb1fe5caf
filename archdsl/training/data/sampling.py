"""The order of the images: a permutation for each epoch, which a seed decides, cut into batches."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

from archdsl.training.random import key


class Batches(Sampler[list[tuple[int, int]]]):
    """The batches of an epoch from `first_batch` on, as lists of (epoch, index of the image).

    Batch `b` is the same `batch` images for any number of processes (`world`), which each take a part of it; each image
    is in one batch at most. What does not fill a batch is left out, other images in each epoch.
    """

    def __init__(
        self, count: int, batch: int, seed: int, epoch: int, *, rank: int = 0, world: int = 1, first_batch: int = 0
    ):
        if batch % world:
            raise ValueError(f"a batch of {batch} cannot be shared by {world} processes")
        self.count, self.batch, self.seed, self.epoch = count, batch, seed, epoch
        self.rank, self.world, self.first_batch = rank, world, first_batch

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        generator = torch.Generator().manual_seed(key(self.seed, "order", self.epoch))
        order = torch.randperm(self.count, generator=generator).tolist()
        share = self.batch // self.world
        for number in range(self.first_batch, self.count // self.batch):
            start = number * self.batch + self.rank * share
            yield [(self.epoch, index) for index in order[start : start + share]]

    def __len__(self) -> int:
        return max(0, self.count // self.batch - self.first_batch)
