"""How good a network is on images, class by class, and how fast."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from archdsl.training.devices import Precision
from archdsl.training.loss import logits
from archdsl.training.step import autocast

_FEW = 5


class ClassRow(NamedTuple):
    """One class: how many images it has, the part of them that is found (recall), the part of what is called so that is
    (precision), and what it is taken for most often. In percent; None where there is nothing to divide by."""

    name: str
    images: int
    recall: float | None
    precision: float | None
    taken_for: str | None
    times: int


@dataclass(frozen=True)
class Evaluation:
    """What came out.

    `confusion[true, called]` counts images. `loss` is the mean cross entropy, `top1` and `top5` are in percent, and
    `seconds` those that the network took, of `total_seconds` with reading the images.
    """

    classes: tuple[str, ...]
    confusion: Tensor
    loss: float
    top1: float
    top5: float
    seconds: float
    total_seconds: float

    @property
    def images(self) -> int:
        return int(self.confusion.sum())

    @property
    def images_per_second(self) -> float:
        """Of the network alone."""
        return self.images / max(self.seconds, 1e-9)

    def by_class(self) -> list[ClassRow]:
        """A row each, in the order of the classes."""
        rows = []
        for index, name in enumerate(self.classes):
            images, called = int(self.confusion[index].sum()), int(self.confusion[:, index].sum())
            right = int(self.confusion[index, index])
            wrong = self.confusion[index].clone()
            wrong[index] = 0
            times = int(wrong.max())
            rows.append(
                ClassRow(
                    name,
                    images,
                    100 * right / images if images else None,
                    100 * right / called if called else None,
                    self.classes[int(wrong.argmax())] if times else None,
                    times,
                )
            )
        return rows

    def as_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            "images": self.images,
            "loss": self.loss,
            "top1": self.top1,
            "top5": self.top5,
            "images_per_second": self.images_per_second,
            "images_per_second_with_loading": self.images / max(self.total_seconds, 1e-9),
            "classes": [row._asdict() for row in self.by_class()],
            "confusion": self.confusion.tolist(),
        }


@torch.no_grad()
def evaluate(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    classes: Sequence[str],
    device: torch.device,
    precision: Precision = "float32",
) -> Evaluation:
    """Evaluates a network, which is left in evaluation mode.

    Args:
        batches: images, B x C x H x W, and labels.
    """
    model.eval()
    count = len(classes)
    confusion = torch.zeros(count * count, dtype=torch.int64, device=device)
    loss, few = torch.zeros(2, dtype=torch.float64, device=device)
    seconds, began = 0.0, perf_counter()
    for images, labels in batches:
        start = perf_counter()
        images = images.to(device, non_blocking=True, memory_format=torch.channels_last)
        labels = labels.to(device, non_blocking=True)
        with autocast(device, precision):
            made = model(images)
        found = logits(made).float()
        confusion += torch.bincount(labels * count + found.argmax(1), minlength=count * count)
        loss += functional.cross_entropy(found, labels, reduction="sum")
        few += (found.topk(min(_FEW, count), dim=1).indices == labels[:, None]).sum()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds += perf_counter() - start
    table = confusion.reshape(count, count).cpu()
    images_seen = max(int(table.sum()), 1)
    return Evaluation(
        tuple(classes),
        table,
        float(loss) / images_seen,
        100 * int(table.diag().sum()) / images_seen,
        100 * float(few) / images_seen,
        seconds,
        perf_counter() - began,
    )
