"""timm, torchvision and pytorchcv as peers."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor, nn

from archdsl.torchvision_operators import declare_torchvision_operators


def peer(name: str, **options: Any) -> nn.Module:
    """A peer's model with random weights: `timm efficientnet_b0`, `torchvision resnet50`, `pytorchcv resattnet56`."""
    library, model = name.split()
    declare_torchvision_operators()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if library == "timm":
            import timm

            made: nn.Module = timm.create_model(model, pretrained=False, **options)
            return made
        if library == "pytorchcv":
            from pytorchcv.model_provider import get_model as get_pytorchcv_model

            return get_pytorchcv_model(model, pretrained=False, **options)  # type: ignore[no-any-return]
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


def settle(model: nn.Module, images: Tensor, seed: int = 0) -> None:
    """Gives random weights the statistics of random images, and every batch norm an affine part that can be seen.

    With the statistics of a fresh model, which are those of nothing, deep networks are chaotic: logits reach 1e9, and a
    change of 1e-6 in the image changes all of the output.
    """
    generator = torch.Generator().manual_seed(seed)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for module in norms:
        for tensor, low, high in ((module.weight.data, 0.8, 1.2), (module.bias.data, -0.1, 0.1)):
            tensor.copy_(torch.rand(tensor.shape, generator=generator) * (high - low) + low)
    momenta = [module.momentum for module in norms]
    for module in norms:
        module.momentum = None  # the average of all batches, and so the statistics of this one
    with torch.no_grad():
        model.train()(images)
    for module, momentum in zip(norms, momenta, strict=True):
        module.momentum = momentum


def relative_error(one: Tensor, other: Tensor) -> float:
    """The largest difference, relative to the largest value."""
    return float((one - other).abs().max() / other.abs().max())
