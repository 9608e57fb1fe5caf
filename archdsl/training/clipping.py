"""Gradients clipped before a step."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, Replicate, Shard

from archdsl.ir.recipe.clipping import AdaptiveClipping, Clipping
from archdsl.training.parameters import is_below, is_weight

# As the published code has it: gradients smaller than this are not clipped any further.
_SMALLEST_GRADIENT = 1e-6


@torch.no_grad()
def clip_gradients(model: nn.Module, clip: Clipping | None, classifiers: Sequence[str] = ()) -> Tensor:
    """Clips the gradients of a network in place.

    Args:
        classifiers: the paths of the layers that put out the classes, which adaptive clipping leaves out.

    Returns:
        The norm of all gradients before, a scalar on their device.

    Raises:
        ValueError: for adaptive clipping of parameters that are sharded within their output units.
    """
    found = [(name, parameter) for name, parameter in model.named_parameters() if parameter.grad is not None]
    gradients = [parameter.grad for _, parameter in found if parameter.grad is not None]
    norm = nn.utils.get_total_norm(gradients)
    if isinstance(norm, DTensor):
        norm = norm.full_tensor()
    if isinstance(clip, AdaptiveClipping):
        for name, parameter in found:
            if not is_below(classifiers, name):
                _clip_by_unit(name, parameter, clip)
    elif clip is not None:
        nn.utils.clip_grads_with_norm_([parameter for _, parameter in found], clip.largest, norm)
    return norm


def _clip_by_unit(name: str, parameter: nn.Parameter, clip: AdaptiveClipping) -> None:
    """Adaptive gradient clipping (Brock et al., ICML 2021, equation 3), of each output unit by itself.

    A bias or a scale is one unit, those of filters too, as in the published code.
    """
    weight, gradient = parameter.detach(), parameter.grad
    assert gradient is not None
    by_unit = is_weight(name, parameter)
    largest = _norm(weight, by_unit=by_unit).clamp(min=clip.eps) * clip.factor
    scale = largest / _norm(gradient, by_unit=by_unit).clamp(min=_SMALLEST_GRADIENT)
    local = gradient.to_local() if isinstance(gradient, DTensor) else gradient
    local.mul_(scale.clamp(max=1.0))


def _norm(tensor: Tensor, *, by_unit: bool) -> Tensor:
    """The norm of each output unit, with axes of one; of a tensor that is sharded, of the units of this process.

    Units are what FSDP shards by, so that each is whole in one process.
    """
    if isinstance(tensor, DTensor):
        if not all(isinstance(placement, Replicate) or placement == Shard(0) for placement in tensor.placements):
            raise ValueError(f"adaptive clipping takes parameters sharded by output units, not {tensor.placements}")
        if by_unit:
            tensor = tensor.to_local()
    axes = tuple(range(1, tensor.ndim)) if by_unit else None
    norm: Tensor = torch.linalg.vector_norm(tensor, dim=axes, keepdim=by_unit)
    return norm.full_tensor() if isinstance(norm, DTensor) else norm
