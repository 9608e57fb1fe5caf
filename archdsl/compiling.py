"""`torch.compile` by regions: the layers of a network that are alike are compiled once."""

from __future__ import annotations

import torch
from torch import nn


def compile_regions(model: nn.Module, mode: str | None = None, dtype: torch.dtype | None = None) -> nn.Module:
    """Compiles each layer of the stages apart, in place, and the stem and the head; those that are alike once.

    Nothing is fused from one layer into the next, and each is called by itself, so that what comes of it is slower than
    by the `compile_model` of an emitted file; docs/performance.md has figures. PyTorch calls this regional compilation.

    Args:
        model: of an emitted file or of `Network.build`; with `features_only`, or with another model as its part, too.
        mode: of `torch.compile`; `max-autotune` for inference on a GPU, else `default`, unless given.
        dtype: of weights, for inference; they stay as they are unless given.

    Returns:
        The model, with channels-last weights.
    """
    model.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    on_gpu = any(parameter.is_cuda for parameter in model.parameters())
    mode = mode or ("max-autotune" if on_gpu and not model.training else "default")
    parts = regions_of(model)
    # Of one class there are as many results as there are shapes of its layers, twice if resolutions change.
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, 2 * len(parts))
    for part in parts:
        part.compile(mode=mode, fullgraph=True)
    return model


def regions_of(model: nn.Module) -> list[nn.Module]:
    """What is compiled apart: the layers of the stages, and what stands beside these; nothing that is torch's own."""
    found: list[nn.Module] = []
    for name, part in model.named_children():
        if name == "stages":
            found += [layer for stage in part.children() for layer in stage.children()]
        else:
            found += regions_of(part) if hasattr(part, "stages") else [part]
    return [part for part in found if not type(part).__module__.startswith("torch.")]
