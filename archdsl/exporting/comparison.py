"""What was written beside the module that it is of: outputs on the same images, at several sizes."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from archdsl.exporting.job import Job, Runner
from archdsl.exporting.subject import Plain, plain


@dataclass(frozen=True)
class Compared:
    """How far the output that differs most is from the module's, on images of a shape N x C x H x W.

    `difference` is the norm of the difference over the norm of the output; `agreement` the part of images whose largest
    entry is at the same place, where the output is a vector, else None.
    """

    shape: tuple[int, ...]
    output: str
    difference: float
    agreement: float | None = None

    @property
    def size(self) -> str:
        return " x ".join(map(str, self.shape))


def shapes(job: Job) -> Iterator[tuple[int, ...]]:
    """The sizes of images to compare at: that of the export, and others where a size is free."""
    batch, channels, *own = job.shape
    yield batch, channels, *own
    others = [1, 3] if 0 in job.free else [batch, batch]
    sizes = [own, own]
    if 2 in job.free and len(own) == 1:  # longer ones: those that are shorter leave nothing behind strides of sound
        sizes = [[own[0] + own[0] // 2 | 1], [2 * own[0]]]
    elif 2 in job.free:  # one that is odd, and one that networks take that halve maps again and again
        sizes = [
            [side // 2 + 2 * number | 1 for number, side in enumerate(own)],
            [max(side // 64, 1) * 32 + 32 * number for number, side in enumerate(own)],
        ]
    if job.free:
        for number, size in zip(others, sizes, strict=True):
            yield number, channels, *size


class Reference(NamedTuple):
    """Batches of images, a tensor for each input, and what the module puts out of them."""

    images: list[tuple[Tensor, ...]]
    outputs: list[tuple[Tensor, ...]]


def references(job: Job) -> Iterator[Reference]:
    """What an export is held to: the module on random images of each size that it takes, or on the calibration's.

    What int8 does to outputs depends on what is in images.

    Raises:
        RuntimeError: where it does not take images of the size of the export.
    """
    module = plain(job.subject.network, job.subject.module, torch.float32)
    if job.calibration is not None:
        yield _reference(module, [(batch,) for batch in job.batches])
        return
    generator = torch.Generator().manual_seed(0)
    for shape in shapes(job):
        try:
            # Of several inputs none but the batch is free.
            others = (torch.randn(shape[0], *one.shape[1:], generator=generator) for one in job.images[1:])
            yield _reference(module, [(torch.randn(shape, generator=generator), *others)])
        except RuntimeError:
            if shape == job.shape:
                raise
            # The network takes no such images, whoever runs it.


@torch.no_grad()
def _reference(module: Plain, images: list[tuple[Tensor, ...]]) -> Reference:
    return Reference(images, [module(*batch) for batch in images])


def compare(job: Job, held_to: Reference, runner: Runner) -> Compared:
    """How far an export is from the module."""
    found = [runner(*batch) for batch in held_to.images]
    wanted, others = (tuple(map(torch.cat, zip(*outputs, strict=True))) for outputs in (held_to.outputs, found))
    shape = sum(len(first) for first, *_ in held_to.images), *held_to.images[0][0].shape[1:]
    return compared(job.subject.outputs, shape, wanted, others)


def rounding(job: Job, held_to: Reference) -> float:
    """How far the module itself is off by computing in float32: its outputs against those in float64.

    Networks whose numbers grow from layer to layer amplify the last bit of each, whoever runs them.
    """
    module = plain(job.subject.network, deepcopy(job.subject.module), torch.float64)
    exact = _reference(module, held_to.images)
    shape = tuple(held_to.images[0][0].shape)
    return max(
        compared(job.subject.outputs, shape, wanted, found).difference
        for wanted, found in zip(exact.outputs, held_to.outputs, strict=True)
    )


def compared(
    names: tuple[str, ...], shape: tuple[int, ...], wanted: tuple[Tensor, ...], found: tuple[Tensor, ...]
) -> Compared:
    """The output that differs most."""
    differences = [relative_difference(one, other) for one, other in zip(wanted, found, strict=True)]
    worst = max(range(len(names)), key=lambda index: differences[index])
    agreement = None
    if len(names) == 1 and wanted[0].dim() == 2:
        agreement = (wanted[0].argmax(1) == found[0].argmax(1)).float().mean().item()
    return Compared(shape, names[worst], differences[worst], agreement)


def relative_difference(wanted: Tensor, found: Tensor) -> float:
    """The norm of the difference over the norm of what is wanted; infinite where shapes or numbers are none."""
    if wanted.shape != found.shape or not found.isfinite().all():
        return float("inf")
    size = float(wanted.double().norm())
    difference = float((wanted.double() - found.double()).norm())
    return difference / size if size else difference
