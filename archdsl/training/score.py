"""How good a network is on images that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from archdsl.training.devices import Precision
from archdsl.training.distributed import Processes
from archdsl.training.loss import logits
from archdsl.training.step import autocast


@dataclass(frozen=True)
class Score:
    """The mean loss, and the percentages of images whose class is the first, or among the first five."""

    loss: float
    top1: float
    top5: float
    images: int


@torch.no_grad()
def score(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    device: torch.device,
    precision: Precision,
    processes: Processes,
) -> Score:
    """Scores a network in evaluation mode, which it is left as it was.

    Args:
        batches: images and labels of this process.
    """
    was_training = model.training
    model.eval()
    sums = torch.zeros(4, dtype=torch.float64, device=device)  # loss, first, first five, images
    for images, labels in batches:
        images = images.to(device, non_blocking=True, memory_format=torch.channels_last)
        labels = labels.to(device, non_blocking=True)
        with autocast(device, precision):
            made = model(images)
        found = logits(made).float()
        first = found.topk(min(5, found.shape[1]), dim=1).indices == labels[:, None]
        loss = F.cross_entropy(found, labels, reduction="sum")
        sums += torch.stack([loss, first[:, 0].sum(), first.sum(), torch.tensor(len(labels), device=device)])
    model.train(was_training)
    loss, one, five, count = processes.summed(sums).tolist()
    count = max(count, 1.0)
    return Score(loss / count, 100 * one / count, 100 * five / count, int(count))
