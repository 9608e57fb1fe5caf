"""One step of training: forward and backward over the parts of a batch, then the update.

What is random in it is drawn from the seed of the run, the step, the part and the process alone: a step is the same
whatever came before it in this process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from archdsl.ir.recipe import Recipe
from archdsl.training.clipping import clip_gradients
from archdsl.training.devices import Precision
from archdsl.training.distributed import Processes
from archdsl.training.loss import cross_entropy, logits
from archdsl.training.mixing import mix
from archdsl.training.random import key, seed_all
from archdsl.training.timetable import Position

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Stepper:
    """Takes steps.

    Args:
        model: the network as emitted, whose gradients are clipped.
        forward: the same for the forward pass: in DDP, compiled, or itself.
        classes: how many the network tells apart.
        classifiers: the paths of the layers that follow their number.
        scaler: of losses in float16; disabled otherwise.
    """

    model: nn.Module
    forward: nn.Module
    optimizer: torch.optim.Optimizer
    recipe: Recipe
    device: torch.device
    precision: Precision
    classes: int
    classifiers: Sequence[str]
    seed: int
    processes: Processes
    scaler: torch.amp.GradScaler

    def __call__(
        self, parts: Iterable[tuple[Tensor, Tensor]], accumulate: int, position: Position
    ) -> tuple[Tensor, Tensor | float]:
        """Takes a step.

        Args:
            parts: images and labels of this process, `accumulate` times.

        Returns:
            The mean loss over the images of this process, on its device, and the norm of the gradient.
        """
        loss = torch.zeros((), device=self.device)
        for part, (images, labels) in enumerate(parts):
            with self._synchronizing(part == accumulate - 1):
                found = self._loss(images, labels, part, position) / accumulate
                self.scaler.scale(found).backward()  # type: ignore[no-untyped-call]
            loss += found.detach()
        for group in self.optimizer.param_groups:
            group["lr"] = position.lr
        if self.scaler.is_enabled():
            self.scaler.unscale_(self.optimizer)
        norm = clip_gradients(self.model, self.recipe.clip, self.classifiers)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        return loss, norm

    def abandon(self) -> None:
        """Forgets the gradients of a step that failed."""
        self.optimizer.zero_grad(set_to_none=True)

    def _loss(self, images: Tensor, labels: Tensor, part: int, position: Position) -> Tensor:
        images = images.to(self.device, non_blocking=True, memory_format=torch.channels_last)
        labels = labels.to(self.device, non_blocking=True)
        drawn = key(self.seed, "step", position.step, part, self.processes.rank)
        images, targets = mix(images, labels, self.classes, position.phase, torch.Generator().manual_seed(drawn))
        seed_all(drawn)  # dropout and drop path
        with autocast(self.device, self.precision):
            made = self.forward(images)
        return cross_entropy(logits(made), targets)

    @contextmanager
    def _synchronizing(self, is_last: bool) -> Iterator[None]:
        """Only the last part of a step exchanges gradients."""
        if isinstance(self.forward, DistributedDataParallel) and not is_last:
            with self.forward.no_sync():
                yield
            return
        sharded: Any = self.model
        if hasattr(sharded, "set_requires_gradient_sync"):
            sharded.set_requires_gradient_sync(is_last)
        yield


def autocast(device: torch.device, precision: Precision) -> Any:
    """In here layers compute in a precision."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, _DTYPES[precision])


def grad_scaler(device: torch.device, precision: Precision) -> torch.amp.GradScaler:
    return torch.amp.GradScaler(device.type, enabled=precision == "float16")
