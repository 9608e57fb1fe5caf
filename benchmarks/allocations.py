"""The most memory that a real forward pass, or a real step of training, holds: every allocation, at its real lifetime.

On a CPU the profiler reports each block that PyTorch's allocator hands out and takes back, those within operators too;
on a CUDA device the allocator keeps the maximum itself. What was there before (weights, images, the optimizer's state)
is counted by its storages.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import SGD, Adam, Optimizer, RMSprop
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.profiler import ProfilerActivity, profile
from torch.utils.checkpoint import checkpoint

OPTIMIZERS: dict[str, Callable[[Iterable[Tensor]], Optimizer]] = {
    "sgd": lambda weights: SGD(weights, lr=1e-4),
    "momentum": lambda weights: SGD(weights, lr=1e-4, momentum=0.9),
    "adam": lambda weights: Adam(weights, lr=1e-4),
    "rmsprop": lambda weights: RMSprop(weights, lr=1e-4),
    "rmsprop_momentum": lambda weights: RMSprop(weights, lr=1e-4, momentum=0.9),
}


def inference_peak(model: nn.Module, images: Tensor) -> int:
    """The most bytes held while a network in evaluation mode sees a batch."""
    model.eval()

    def run() -> None:
        with torch.inference_mode():
            model(images)

    run()
    return storages([*model.parameters(), *model.buffers(), images]) + peak_beyond(run, images.device)


def training_peak(model: nn.Module, images: Tensor, *, optimizer: str = "sgd", ema: bool = False) -> int:
    """The most bytes held in the second of two steps, when the optimizer's state is there and gradients are not yet."""
    model.train()
    labels = torch.zeros(len(images), dtype=torch.long, device=images.device)
    weights = OPTIMIZERS[optimizer](model.parameters())
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.999)) if ema else None

    def run() -> None:
        loss = functional.cross_entropy(model(images).flatten(1), labels)
        loss.backward()
        weights.step()
        if averaged is not None:
            averaged.update_parameters(model)

    run()
    weights.zero_grad(set_to_none=True)
    held = [*model.parameters(), *model.buffers(), images, labels, *_tensors(weights.state_dict())]
    if averaged is not None:
        held += [*averaged.parameters(), *averaged.buffers()]
    peak = storages(held) + peak_beyond(run, images.device)
    weights.zero_grad(set_to_none=True)
    return peak


def checkpoint_parts(model: nn.Module, parts: Literal["none", "block", "stage"]) -> None:
    """Let each block, or each stage, keep no more than what it reads."""
    for stage in model.stages:
        for part in {"none": [], "block": stage, "stage": [stage]}[parts]:
            part.forward = _checkpointed(part.forward)


def _checkpointed(forward: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    def run(x: Tensor) -> Tensor:
        result: Tensor = checkpoint(forward, x, use_reentrant=False, preserve_rng_state=False)
        return result

    return run


def peak_beyond(run: Callable[[], object], device: torch.device) -> int:
    """The most bytes held during a run beyond those held before it."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        return torch.cuda.max_memory_allocated() - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        run()
    now = highest = 0
    for _, size in sorted(_allocations(profiled.profiler.kineto_results.experimental_event_tree())):
        now += size
        highest = max(highest, now)
    return highest


def _allocations(events: Iterable[Any]) -> Iterator[tuple[int, int]]:
    """Every block that came (+) or went (-), with its time."""
    for event in events:
        fields = event.extra_fields
        if type(fields).__name__ == "_ExtraFields_Allocation":
            yield event.start_time_ns, fields.alloc_size
        yield from _allocations(event.children)


def storages(tensors: Iterable[Tensor]) -> int:
    """The bytes of the storages of tensors, each counted once."""
    return sum({tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors}.values())


def _tensors(state: Any) -> Iterator[Tensor]:
    """The tensors in a nest of lists and dictionaries."""
    if isinstance(state, Tensor):
        yield state
    elif isinstance(state, dict | list | tuple):
        for inner in state.values() if isinstance(state, dict) else state:
            yield from _tensors(inner)
