"""timm and torchvision as peers.

torchvision's compiled extension does not load beside a CPU build of torch, and importing it then fails over operators
that nobody here calls; they are declared first, and only when the extension is missing.
"""

from __future__ import annotations

import importlib.util
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


@cache
def _torchvision_operators() -> Any:
    """The declarations, kept alive; None when the real extension is there."""
    spec = importlib.util.find_spec("torchvision")
    assert spec is not None
    assert spec.origin is not None
    try:
        for library in Path(spec.origin).parent.glob("_C*.so"):
            torch.ops.load_library(str(library))
        torch.ops.torchvision.nms  # noqa: B018 - raises when it is not registered
        return None
    except (OSError, AttributeError, RuntimeError):
        pass
    declared = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        declared.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return declared


def peer(name: str, **options: Any) -> nn.Module:
    """A peer's model with random weights: `timm efficientnet_b0` or `torchvision efficientnet_v2_s`."""
    library, model = name.split()
    _torchvision_operators()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if library == "timm":
            import timm

            made: nn.Module = timm.create_model(model, pretrained=False, **options)
            return made
        from torchvision.models import get_model

        return get_model(model, weights=None, **options)


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Copies every tensor in the order of definition; the two must agree in number and shape.

    That the order is right is shown by equal outputs, not by equal shapes.
    """
    theirs, ours = list(source.state_dict().items()), target.state_dict()
    assert len(theirs) == len(ours), f"{len(theirs)} tensors against {len(ours)}"
    copied = {}
    for (their_name, tensor), (name, own) in zip(theirs, ours.items(), strict=True):
        assert tensor.shape == own.shape, f"{their_name} {tuple(tensor.shape)} against {name} {tuple(own.shape)}"
        copied[name] = tensor
    target.load_state_dict(copied)


def shake(model: nn.Module, seed: int = 0) -> None:
    """Random statistics and affine parameters in every batch norm, so that none of them can be ignored unnoticed."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            for tensor, low, high in (
                (module.weight.data, 0.8, 1.2),
                (module.bias.data, -0.1, 0.1),
                (module.running_mean, -0.1, 0.1),
                (module.running_var, 0.8, 1.2),
            ):
                tensor.copy_(torch.rand(tensor.shape, generator=generator) * (high - low) + low)


def relative_error(one: Tensor, other: Tensor) -> float:
    """The largest difference, relative to the largest value."""
    return float((one - other).abs().max() / other.abs().max())
