"""Pairs of images mixed into one, and labels as probabilities."""

from __future__ import annotations

from math import sqrt
from random import Random

import torch
from torch import Generator, Tensor
from torch.nn import functional

from archdsl.ir.recipe import Phase


def mix(images: Tensor, labels: Tensor, classes: int, phase: Phase, generator: Generator) -> tuple[Tensor, Tensor]:
    """Mixes each image with its neighbour in the batch, by mixup or CutMix as a phase says, in one ratio for all.

    Args:
        images: B x C x H x W.
        labels: B class indices.
        classes: how many there are.
        phase: `mixup` and `cutmix` are the alphas of Beta distributions, 0 for none; where both are given, a batch gets
            one of the two with equal odds. `label_smoothing` is the part of a label that is spread over all classes.
        generator: decides everything, on the CPU.

    Returns:
        Images, and the probabilities of classes, B x classes.
    """
    targets = smoothed(labels, classes, phase.label_smoothing)
    draw = Random(int(torch.randint(2**62, (), generator=generator)))
    kinds = [(kind, alpha) for kind, alpha in ((_mixup, phase.mixup), (_cutmix, phase.cutmix)) if alpha > 0]
    if not kinds or len(images) == 1:
        return images, targets
    kind, alpha = draw.choice(kinds)
    images, kept = kind(images, draw.betavariate(alpha, alpha), draw)
    return images, targets * kept + _neighbours(targets) * (1 - kept)


def smoothed(labels: Tensor, classes: int, smoothing: float) -> Tensor:
    """Class indices as probabilities, B x classes, with a part of each spread evenly over all classes."""
    return functional.one_hot(labels, classes).float() * (1 - smoothing) + smoothing / classes


def _mixup(images: Tensor, kept: float, draw: Random) -> tuple[Tensor, float]:
    """Weighted sums of two images (Zhang et al., ICLR 2018)."""
    return images * kept + _neighbours(images) * (1 - kept), kept


def _cutmix(images: Tensor, kept: float, draw: Random) -> tuple[Tensor, float]:
    """A rectangle of another image in each, which may reach over the edges (Yun et al., ICCV 2019).

    Returns:
        The images, and the part of the area that is kept in fact.
    """
    height, width = images.shape[-2:]
    side = sqrt(1 - kept)
    top, bottom = _span(height, side, draw)
    left, right = _span(width, side, draw)
    mixed = images.clone()
    mixed[..., top:bottom, left:right] = _neighbours(images[..., top:bottom, left:right])
    return mixed, 1 - (bottom - top) * (right - left) / (height * width)


def _span(size: int, part: float, draw: Random) -> tuple[int, int]:
    """A stretch of a `part` of so many pixels around any of them, cut off at the edges."""
    length, center = int(size * part), draw.randrange(size)
    return max(0, center - length // 2), min(size, center - length // 2 + length)


def _neighbours(batch: Tensor) -> Tensor:
    """The batch moved on by one, in the same memory format."""
    return torch.cat([batch[-1:], batch[:-1]])
