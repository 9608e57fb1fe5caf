"""Clipping against the published formulas and timm's."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import archdsl
from archdsl.backends.pytorch.class_layers import classifiers
from archdsl.ir.recipe.clipping import AdaptiveClipping, NormClipping
from archdsl.training.clipping import clip_gradients
from archdsl.weights.peers import declare_torchvision_operators
from tests.training.nets import HEADS, headed


class Layers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(6, 8, 3, groups=2)
        self.norm = nn.BatchNorm2d(8)
        self.hidden = nn.Linear(8, 5)
        self.still = nn.Linear(2, 2)  # without a gradient
        self.classifier = nn.Linear(5, 3)


def with_gradients(seed: int = 0, size: float = 0.02) -> Layers:
    torch.manual_seed(seed)
    model = Layers().double()
    for name, parameter in model.named_parameters():
        if not name.startswith("still"):
            spread = torch.rand(len(parameter), *[1] * (parameter.ndim - 1)).double()
            parameter.grad = torch.randn_like(parameter) * size * spread
    return model


def formula(weight: torch.Tensor, gradient: torch.Tensor, factor: float, eps: float) -> torch.Tensor:
    """Equation 3 of Brock et al. 2021, unit by unit, in plain Python."""
    if weight.ndim <= 1:
        weight, gradient = weight.reshape(1, -1), gradient.reshape(1, -1)
    clipped = gradient.clone()
    for unit in range(len(weight)):
        largest = max(float((weight[unit] ** 2).sum() ** 0.5), eps) * factor
        norm = float((gradient[unit] ** 2).sum() ** 0.5)
        if norm > largest:
            clipped[unit] = gradient[unit] * (largest / norm)
    return clipped


@pytest.mark.parametrize(("factor", "eps"), [(0.01, 1e-3), (0.08, 1e-3), (0.02, 0.6)])
def test_adaptive_clipping_is_the_published_formula(factor: float, eps: float):
    model = with_gradients(size=0.2)
    before = {
        name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None
    }
    clip_gradients(model, AdaptiveClipping(factor=factor, eps=eps), ["classifier"])
    changed = set()
    for name, parameter in model.named_parameters():
        if parameter.grad is None:
            continue
        expected = before[name]
        if not name.startswith("classifier"):
            expected = formula(parameter.detach(), expected, factor, eps).reshape(parameter.shape)
            changed |= {name} if not torch.equal(expected, before[name]) else set()
        torch.testing.assert_close(parameter.grad, expected)
    assert {"conv.weight", "hidden.weight"} <= changed


@pytest.mark.parametrize("seed", range(5))
def test_adaptive_clipping_is_timms(seed: int):
    declare_torchvision_operators()
    from timm.utils.agc import adaptive_clip_grad

    ours, theirs = with_gradients(seed), with_gradients(seed)
    clip_gradients(ours, AdaptiveClipping(factor=0.02), ["classifier"])
    adaptive_clip_grad([p for name, p in theirs.named_parameters() if not name.startswith("classifier")], 0.02)
    for own, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        if own.grad is not None:
            torch.testing.assert_close(own.grad, other.grad)


@pytest.mark.parametrize("head", HEADS)
def test_layers_of_the_classes_are_left_out_whatever_they_are_called(head: str):
    torch.manual_seed(0)
    model = headed(head).build(num_classes=5)
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter) * 10
    before = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    clip_gradients(model, AdaptiveClipping(factor=0.01), classifiers(headed(head).architecture))
    kept = {name for name, parameter in model.named_parameters() if torch.equal(parameter.grad, before[name])}
    assert kept == {name for name in before if name.rpartition(".")[0] in HEADS[head].layers}


def test_gains_of_filters_are_one_unit():
    """As in the published code, which takes them for a vector; their four axes are ours."""
    torch.manual_seed(0)
    model = archdsl.create_model("nfnet_f0", num_classes=2)
    conv = model.stem[0]
    conv.gain.grad = torch.randn_like(conv.gain)
    before = conv.gain.grad.clone()
    clip_gradients(model, AdaptiveClipping(factor=0.01))
    expected = before * float(0.01 * conv.gain.detach().norm() / before.norm())
    torch.testing.assert_close(conv.gain.grad, expected)


def test_weights_of_nothing_can_still_be_reached():
    """A unit whose weights are 0, as SkipInit begins, has gradients up to `factor * eps`."""
    model = Layers()
    nn.init.zeros_(model.hidden.weight)
    model.hidden.weight.grad = torch.ones_like(model.hidden.weight)
    clip_gradients(model, AdaptiveClipping(factor=0.01, eps=1e-3))
    torch.testing.assert_close(model.hidden.weight.grad.norm(dim=1), torch.full((5,), 1e-5))


def test_norm_clipping_is_torchs():
    ours, theirs = with_gradients(size=3.0), with_gradients(size=3.0)
    norm = clip_gradients(ours, NormClipping(largest=0.5))
    expected = nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
    torch.testing.assert_close(norm, expected)
    for own, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        if own.grad is not None:
            torch.testing.assert_close(own.grad, other.grad)


@pytest.mark.parametrize("clip", [None, AdaptiveClipping(), NormClipping(largest=1e-3)])
def test_the_norm_is_that_before(clip: AdaptiveClipping | NormClipping | None):
    model = with_gradients()
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    expected = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    torch.testing.assert_close(clip_gradients(model, clip), expected)


def test_without_a_clip_gradients_stay():
    model, other = with_gradients(), with_gradients()
    clip_gradients(model, None)
    assert all(
        torch.equal(one.grad, two.grad)
        for one, two in zip(model.parameters(), other.parameters(), strict=True)
        if one.grad is not None
    )


def _sharded(rank: int, folder: str) -> None:
    from torch import distributed
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    whole, sharded = with_gradients(3), with_gradients(3)
    gradients = {name: parameter.grad for name, parameter in sharded.named_parameters()}
    sharded.zero_grad()
    fully_shard(sharded, mesh=init_device_mesh("cpu", (2,)))
    for name, parameter in sharded.named_parameters():
        if gradients[name] is not None:
            parameter.grad = torch.distributed.tensor.distribute_tensor(
                gradients[name], parameter.device_mesh, parameter.placements
            )
    for clip in (AdaptiveClipping(factor=0.02), NormClipping(largest=0.01)):
        torch.testing.assert_close(clip_gradients(sharded, clip), clip_gradients(whole, clip))
        for one, two in zip(sharded.parameters(), whole.parameters(), strict=True):
            if two.grad is not None:
                torch.testing.assert_close(one.grad.full_tensor(), two.grad)
    distributed.destroy_process_group()


def test_sharded_gradients_are_clipped_as_whole_ones(tmp_path):
    """Five units over two processes: one has three of them, and a tensor of three classes is cut unevenly, too."""
    torch.multiprocessing.start_processes(_sharded, (str(tmp_path),), nprocs=2, start_method="fork")
