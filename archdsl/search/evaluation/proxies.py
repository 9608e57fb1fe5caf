"""Scores of an untrained network, known as zero-cost proxies: what they rank high tends to learn well."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

_NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm)


def synflow(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The logarithm of how much flows through the weights: of the sum over |weight x its gradient| where all weights
    are made positive and the input is ones.

    Of the images the shape alone counts. Norms pass on what they get, as their statistics would hide the flow.

    H. Tanaka et al.: Pruning neural networks without any data by iteratively conserving synaptic flow, NeurIPS 2020.
    """
    model = model.double().eval()
    handles = [
        module.register_forward_hook(lambda _, given, out: given[0])
        for module in model.modules()
        if isinstance(module, _NORMS)
    ]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.abs_()
    try:
        model.zero_grad()
        model(torch.ones(1, *images.shape[1:], dtype=torch.float64)).sum().backward()
    finally:
        for handle in handles:
            handle.remove()
    flow = sum(float((one.detach() * one.grad).abs().sum()) for one in model.parameters() if one.grad is not None)
    return math.log(flow) if 0 < flow < math.inf else -math.inf


def naswot(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The logarithm of the determinant of how alike images look to the activations: whose inputs are above zero.

    J. Mellor et al.: Neural Architecture Search without Training, ICML 2021.
    """
    alike = torch.zeros(len(images), len(images), dtype=torch.float64)

    def note(module: nn.Module, given: tuple[Tensor, ...], out: Tensor) -> None:
        code = (given[0].flatten(1) > 0).double()
        alike.add_(code @ code.T + (1 - code) @ (1 - code).T)

    activations = [module for module in model.modules() if type(module).__module__ == "torch.nn.modules.activation"]
    handles = [module.register_forward_hook(note) for module in activations]
    try:
        with torch.no_grad():
            model.train()(images)  # norms by the statistics of these images, as an untrained network has no others
    finally:
        for handle in handles:
            handle.remove()
    return float(torch.linalg.slogdet(alike).logabsdet)


def grad_norm(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The sum of the norms of the gradients of one batch.

    M. S. Abdelfattah et al.: Zero-Cost Proxies for Lightweight NAS, ICLR 2021.
    """
    model.train().zero_grad()
    F.cross_entropy(model(images), labels).backward()  # type: ignore[no-untyped-call]
    return sum(float(one.grad.norm()) for one in model.parameters() if one.grad is not None)


# By the names that objectives use, each with whether it needs real images.
SCORES: dict[str, tuple[Callable[[nn.Module, Tensor, Tensor], float], bool]] = {
    "synflow": (synflow, False),
    "naswot": (naswot, True),
    "grad_norm": (grad_norm, True),
}
