"""A moving average of the weights, which is evaluated in their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

import torch
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule
from torch.distributed.tensor import DTensor
from torch.nn.modules.batchnorm import _BatchNorm


class Average:
    """The exponential moving average of all that a network's state dict has; what is counted is copied.

    It holds tensors, sharded as the network's are, and no second network.

    Args:
        decay: what is left of the average at an update, at most; the rest is of the weights of then. The first updates
            take more of these, `1 - (1 + n) / (10 + n)` at the `n`-th, so that what the network was before it learnt
            anything is soon forgotten (TensorFlow's moving average, with which EfficientNet was trained).
    """

    def __init__(self, model: nn.Module, decay: float):
        self.model, self.decay = model, decay
        own = model.state_dict()
        self._averages = {name: tensor.detach().clone() for name, tensor in own.items()}
        # Averages with the tensors that they are of, which share memory with the network's; of sharded ones the parts
        # of this process. Looking them up again at each step would take longer than to average them.
        pairs = [(_local(self._averages[name]), _local(tensor)) for name, tensor in own.items()]
        self._learned = _columns([pair for pair in pairs if pair[0].is_floating_point()])
        self._counted = _columns([pair for pair in pairs if not pair[0].is_floating_point()])

    def state_dict(self) -> dict[str, Tensor]:
        """The averages themselves, under the keys of the network."""
        return dict(self._averages)

    @torch.no_grad()
    def update(self, number: int) -> None:
        """Takes in the weights as they are after a step; `number` counts the steps, from 1."""
        decay = min(self.decay, (1 + number) / (10 + number))
        averages, own = self._learned
        torch._foreach_lerp_(averages, own, 1 - decay)
        counts, own = self._counted
        if counts:
            torch._foreach_copy_(counts, own)

    @contextmanager
    def applied(self) -> Iterator[nn.Module]:
        """In here the network has the averaged weights; changes to its buffers stay in the average."""
        self._swap()
        try:
            yield self.model
        finally:
            self._swap()

    def recount(self, images: Iterable[Tensor], batches: int) -> None:
        """Counts the statistics of batch norms anew, with the averaged weights.

        Averaged statistics are those of no network: they were counted with other weights, and lag behind. All else is
        as in evaluation, without dropout.

        Args:
            images: batches as in training, B x C x H x W, of equal size.
            batches: how many of them are taken at most; where there are none, nothing changes.
        """
        with self.applied() as model:
            recount(model, islice(images, batches))

    @torch.no_grad()
    def _swap(self) -> None:
        for averages, own in (self._learned, self._counted):
            for one, other in zip(averages, own, strict=True):
                kept = other.clone()
                other.copy_(one)
                one.copy_(kept)
        for module in self.model.modules():
            if isinstance(module, FSDPModule):
                module.reshard()  # what it gathered of the other weights


def _columns(pairs: list[tuple[Tensor, Tensor]]) -> tuple[list[Tensor], list[Tensor]]:
    return [average for average, _ in pairs], [own for _, own in pairs]


def _local(tensor: Tensor) -> Tensor:
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor.detach()


@torch.no_grad()
def recount(model: nn.Module, images: Iterable[Tensor]) -> None:
    """Counts the statistics of a network's batch norms anew, each as the mean over all batches. Its mode stays."""
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
    if not norms:
        return
    modes = {module: module.training for module in model.modules()}
    momenta = [norm.momentum for norm in norms]
    model.eval()
    for number, batch in enumerate(images):
        for norm in norms:
            norm.train()
            if number == 0:
                norm.reset_running_stats()
            norm.momentum = None  # the mean over all batches so far
        model(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    for module, mode in modes.items():
        module.training = mode
