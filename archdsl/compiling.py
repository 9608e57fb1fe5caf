"""`torch.compile` by regions: the layers of a network that are alike are compiled once."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from types import MethodType
from typing import Any

import torch
from torch import nn

# Layers of a network that are not alike.
_MOST_REGIONS = 10_000


def compile_regions(
    model: nn.Module,
    mode: str | None = None,
    dtype: torch.dtype | None = None,
    backend: str | Callable[..., Any] | None = None,
) -> nn.Module:
    """Compiles a model in place, as one graph in which layers of the stages that are alike are compiled once.

    Nothing is fused from such a layer into the next. On a CPU, kernels go to the C++ compiler together; in training
    that is all, as no layer is a region. docs/performance.md has figures. PyTorch calls this regional compilation.

    Args:
        model: of an emitted file or of `Network.build`; with `features_only`, or with another model as its part, too.
        mode: of `torch.compile`; `max-autotune` for inference on a GPU, else `default`, unless given.
        dtype: of weights, for inference; they stay as they are unless given.
        backend: of `torch.compile`; `archdsl.one_unit.together` on a CPU, else `inductor`, unless given.

    Returns:
        The model, with channels-last weights.
    """
    model.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    on_gpu = any(parameter.is_cuda for parameter in model.parameters())
    for layer in regions_of(model):
        layer.forward = MethodType(forward, layer)
    model.compile(
        mode=mode or ("max-autotune" if on_gpu and not model.training else "default"),
        fullgraph=True,
        backend=backend or ("inductor" if on_gpu else _together()),
    )
    return model


def _together() -> Callable[..., Any]:
    from archdsl.one_unit import together  # late: it imports torch's compiler, which takes seconds

    return together


def regions_of(model: nn.Module) -> list[nn.Module]:
    """The layers of the stages, those of a part of the model included."""
    found: list[nn.Module] = []
    for name, part in model.named_children():
        if name == "stages":
            found += [layer for stage in part.children() for layer in stage.children()]
        elif hasattr(part, "stages"):
            found += regions_of(part)
    return [layer for layer in found if not type(layer).__module__.startswith("torch.")]


def forward(layer: nn.Module, *inputs: Any) -> Any:
    """The `forward` of a layer that is a region. A method of it: copies of the layer have their own.

    Torch refuses regions whose buffers change while gradients are asked for, as batch norm's do in training. Rates of
    drop path differ then, too, so that few layers are alike.
    """
    return _run(layer, *inputs) if layer.training else _region(layer, *inputs)


def _run(layer: nn.Module, *inputs: Any) -> Any:
    return type(layer).forward(layer, *inputs)


# The layer is an argument: torch compares what a function is given, not what it holds. Where it has a bound, that is
# 8 regions that are not alike, unless it is told another.
# Versions of torch from before there were regions compile every layer by itself.
_mark: Callable[..., Any] = getattr(torch.compiler, "nested_compile_region", lambda run: run)
_bound = {"max_reuse_entries": _MOST_REGIONS} if "max_reuse_entries" in signature(_mark).parameters else {}
_region = _mark(_run, **_bound)
