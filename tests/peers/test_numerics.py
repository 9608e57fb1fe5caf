"""The same outputs and gradients as the peers', on their weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import archdsl
from tests.meta import on_meta
from tests.peers.zoo import copy_weights, peer, relative_error, settle
from tests.selection import one_in

SPECS = archdsl.specs_folder()

# Our spec and model, the peer's model, and a size that keeps the run short; odd sizes distinguish the paddings:
# 65 is odd at every stride to the last.
CASES = [
    ("efficientnet", "efficientnet_b0", "timm efficientnet_b0", 65),
    ("efficientnet", "efficientnet_b0", "torchvision efficientnet_b0", 64),
    ("efficientnet", "efficientnet_b3", "timm efficientnet_b3", 97),
    ("efficientnet", "efficientnet_b3", "torchvision efficientnet_b3", 64),
    ("tf_efficientnet", "tf_efficientnet_b0", "timm tf_efficientnet_b0", 65),
    ("tf_efficientnet", "tf_efficientnet_b3", "timm tf_efficientnet_b3", 64),
    ("tf_efficientnetv2", "tf_efficientnetv2_b0", "timm tf_efficientnetv2_b0", 65),
    ("tf_efficientnetv2", "tf_efficientnetv2_s", "timm tf_efficientnetv2_s", 64),
    ("tf_efficientnetv2", "tf_efficientnetv2_l", "timm tf_efficientnetv2_l", 64),
    ("v2_s", "efficientnetv2_s", "torchvision efficientnet_v2_s", 97),
    ("v2_s", "efficientnetv2_s", "timm efficientnetv2_s", 64),
    ("v2_l", "efficientnetv2_l", "torchvision efficientnet_v2_l", 65),
    ("v2_l", "efficientnetv2_l", "timm efficientnetv2_l", 64),
    ("mobilenetv2", "mobilenetv2_100", "timm mobilenetv2_100", 65),
    ("mobilenetv2", "mobilenetv2_100", "torchvision mobilenet_v2", 64),
    ("mobilenetv2", "mobilenetv2_140", "timm mobilenetv2_140", 64),
    ("mnasnet", "mnasnet_a1_100", "timm semnasnet_100", 97),
    ("mnasnet", "mnasnet_b1_100", "timm mnasnet_100", 97),
    ("mnasnet", "mnasnet_b1_100", "torchvision mnasnet1_0", 64),
    ("mnasnet", "mnasnet_small_100", "timm mnasnet_small", 64),
    ("resnet", "resnet_18", "timm resnet18", 65),
    ("resnet", "resnet_50", "torchvision resnet50", 65),
    ("resnet", "resnet_d_50", "timm resnet50d", 65),
    ("resnet", "resnext50_32x4d", "torchvision resnext50_32x4d", 64),
    ("resnet", "seresnext50_32x4d", "timm seresnext50_32x4d", 64),
]


def _network(spec: str, name: str, other: str) -> archdsl.Network:
    """Ours, with the peer's batch-norm constants where they are others: timm's plain V2 has PyTorch's own."""
    if other.startswith("timm efficientnetv2"):
        extended = f"model with_its_constants extends {name} {{ norm = batch_norm }}"
        return archdsl.loads(f'use "archdsl:{spec}.arch"\n{extended}\n')
    return archdsl.load(SPECS / f"{spec}.arch", name)


@pytest.mark.parametrize(("spec", "name", "other", "size"), one_in(6, CASES))
def test_outputs_and_gradients_equal_the_peer(spec: str, name: str, other: str, size: int) -> None:
    torch.manual_seed(0)
    options = {} if other.startswith("torchvision") else {"drop_rate": 0.0, "drop_path_rate": 0.0}
    theirs = peer(other, **options)
    with on_meta():  # every tensor is copied: to draw initial values took longer than all else
        ours = _network(spec, name, other).build(drop_path_rate=0.0).to_empty(device="cpu")
    images = torch.randn(2, 3, size, size)
    settle(theirs, images)
    copy_weights(theirs, ours)

    with torch.no_grad():
        assert relative_error(ours.eval()(images), theirs.eval()(images)) < 1e-4

    _without_chance(theirs)
    _without_chance(ours)
    labels = torch.tensor([1, 7])
    gradients = []
    for model in (ours.train(), theirs.train()):
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    assert gradients[0].shape == gradients[1].shape
    difference = (gradients[0] - gradients[1]).norm() / gradients[1].norm()
    assert float(difference) < 1e-3


def _without_chance(model: nn.Module) -> None:
    """Switches off dropout and stochastic depth, whatever the library calls them."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if type(module).__name__ == "StochasticDepth":
            module.p = 0.0
        if type(module).__name__ == "DropPath":
            for attribute in ("drop_prob", "rate"):
                if hasattr(module, attribute):
                    setattr(module, attribute, 0.0)


@pytest.mark.parametrize(
    ("spec", "name", "other"),
    [
        ("resnet", "resnet_18", "resnet18"),
        ("resnet", "resnet_d_18", "resnet18d"),
        ("mnasnet", "mnasnet_b1_100", "mnasnet_100"),
    ],
)
def test_feature_maps_equal_the_peer(spec: str, name: str, other: str) -> None:
    """All of them, in their order: that of the stem, before its pooling, is timm's first."""
    torch.manual_seed(0)
    images = torch.randn(2, 3, 65, 65)
    whole, theirs = peer(f"timm {other}"), peer(f"timm {other}", features_only=True).eval()
    network = archdsl.load(SPECS / f"{spec}.arch", name)
    ours, maps = network.build(), network.build(features_only=True).eval()
    settle(whole, images)
    copy_weights(whole, ours)
    theirs.load_state_dict(whole.state_dict(), strict=False)
    assert maps.load_state_dict(ours.state_dict(), strict=False).missing_keys == []

    info = theirs.feature_info
    assert [(each["num_chs"], each["reduction"]) for each in maps.feature_info] == [
        *zip(info.channels(), info.reduction(), strict=True)
    ]
    with torch.no_grad():
        for mine, its in zip(maps(images), theirs(images), strict=True):
            assert relative_error(mine, its) < 1e-4
