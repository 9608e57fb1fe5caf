"""Maps to the models of other libraries are found without a table, and both modules put out the same on one set of
weights, in either direction."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import archdsl
from archdsl.weights import as_safetensors, read_checkpoint
from archdsl.weights.from_module import map_module
from archdsl.weights.peers import build_peer
from tests.peers.zoo import relative_error, settle
from tests.selection import one_in

# Our spec, the network in it, the peer, and a size of images that keeps the run short.
PEERS = [
    ("efficientnet", "efficientnet_b0", "timm:efficientnet_b0", 64),
    ("efficientnet", "efficientnet_b0", "torchvision:efficientnet_b0", 64),
    ("tf_efficientnet", "tf_efficientnet_b0", "timm:tf_efficientnet_b0", 64),
    ("tf_efficientnetv2", "tf_efficientnetv2_b0", "timm:tf_efficientnetv2_b0", 64),
    ("v2_s", "efficientnetv2_s", "torchvision:efficientnet_v2_s", 64),
    ("mobilenetv2", "mobilenetv2_100", "timm:mobilenetv2_100", 64),
    ("mobilenetv2", "mobilenetv2_100", "torchvision:mobilenet_v2", 64),
    ("mobilenet", "mobilenet_100", "pytorchcv:mobilenet_w1", 224),
    ("mnasnet", "mnasnet_b1_100", "timm:mnasnet_100", 64),
    ("mnasnet", "mnasnet_a1_100", "timm:semnasnet_100", 64),
    ("dm_nfnet", "dm_nfnet_f0", "timm:dm_nfnet_f0", 64),
    ("resnet", "resnet_50", "torchvision:resnet50", 64),
    ("resnet", "resnext50_32x4d", "torchvision:resnext50_32x4d", 64),
    ("resnet", "seresnext50_32x4d", "timm:seresnext50_32x4d", 64),
    ("shufflenet", "shufflenet_g3", "pytorchcv:shufflenet_g3_w1", 224),
    ("resattnet", "resattnet_56", "pytorchcv:resattnet56", 224),
]


def network(spec: str, name: str, size: int) -> archdsl.Network:
    return archdsl.load(archdsl.specs_folder() / f"{spec}.arch", name, resolution=size)


@pytest.mark.parametrize(
    ("spec", "name", "origin", "size"), one_in(4, PEERS, 1), ids=[origin for *_, origin, _ in one_in(4, PEERS, 1)]
)
def test_outputs_are_equal_in_both_directions(spec: str, name: str, origin: str, size: int, tmp_path: Path) -> None:
    ours = network(spec, name, size)
    theirs, twin = build_peer(origin, ours.architecture), ours.build()
    key_map = map_module(ours, theirs, origin)
    assert {pair.ours for pair in key_map.pairs} == set(twin.state_dict())
    assert sorted(pair.theirs or "" for pair in key_map.pairs) == sorted(theirs.state_dict())
    assert key_map.left_out == ()
    assert key_map.error is not None
    assert key_map.error < 1e-8

    torch.manual_seed(1)
    images = torch.randn(2, 3, size, size)
    settle(theirs, images)
    _open_branches(theirs)
    expected = _output(theirs, images)

    path = tmp_path / "ours.safetensors"
    path.write_bytes(as_safetensors(key_map.to_ours(theirs.state_dict())))
    twin.load_state_dict(read_checkpoint(path).tensors)
    assert relative_error(_output(twin, images), expected) < 1e-4

    path.write_bytes(as_safetensors(key_map.to_theirs(twin.state_dict())))
    for tensor in theirs.state_dict().values():
        tensor.zero_()
    theirs.load_state_dict(read_checkpoint(path).tensors)
    assert torch.equal(_output(theirs, images), expected)


SEGMENTATION = Path(archdsl.__file__).parents[1] / "examples" / "segmentation.arch"


def test_a_backbone_of_a_peer_is_fresh_too() -> None:
    """torchvision would download trained weights for it, unasked."""
    ours = archdsl.load(SEGMENTATION, "lraspp_mobilenet_v3_large", resolution=64)
    key_map = map_module(ours, build_peer("torchvision:lraspp_mobilenet_v3_large", ours.architecture), "torchvision")
    assert {pair.ours for pair in key_map.pairs} == set(ours.build().state_dict())
    assert key_map.is_proven


def test_a_peer_has_its_auxiliary_classifier_for_a_network_of_several_outputs() -> None:
    ours = archdsl.load(SEGMENTATION, "fcn_resnet50", resolution=64)
    assert len(ours.architecture.outputs) == 2
    one = ours.architecture.model_copy(update={"outputs": {}})
    found = [build_peer("torchvision:fcn_resnet50", each) for each in (ours.architecture, one)]
    assert [any(key.startswith("aux_classifier.") for key in module.state_dict()) for module in found] == [True, False]
    assert sum(parameter.numel() for parameter in found[0].parameters()) == ours.params


def _output(module: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        output: Tensor = module.eval()(images)
    return output


def _open_branches(module: nn.Module) -> None:
    """SkipInit's gains are zero at first, under which whole branches would not be seen."""
    for block in module.modules():
        if isinstance(gain := getattr(block, "skipinit_gain", None), nn.Parameter):
            gain.data.fill_(0.7)
