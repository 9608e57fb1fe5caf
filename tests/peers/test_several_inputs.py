"""The example of several inputs equals networks that are written by hand: exact counts, equal outputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

import archdsl
from tests.meta import on_meta
from tests.peers.by_hand import FuseNet, MaskedResNet, TwoViews
from tests.peers.counting import counts
from tests.peers.zoo import peer, relative_error

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
FUSION = "fusion"


def _masked_resnet() -> nn.Module:
    """timm's ResNet-18 without what pools and classifies."""
    return MaskedResNet(nn.Sequential(*list(peer("timm resnet18").children())[:-2]))


PEERS_OF_FUSION: dict[str, Callable[[], nn.Module]] = {
    "fusenet": FuseNet,
    "two_views": TwoViews,
    "masked_resnet": _masked_resnet,
}


@pytest.mark.parametrize("name", PEERS_OF_FUSION)
def test_counts_equal_the_peer(name: str) -> None:
    network = archdsl.load(EXAMPLES / f"{FUSION}.arch", name)
    with on_meta():
        theirs = PEERS_OF_FUSION[name]().eval()
    channels = (shape.channels for shape in network.architecture.inputs.values())
    assert (network.params, network.macs) == counts(theirs, network.architecture.input.height, *channels)


@pytest.mark.parametrize("name", PEERS_OF_FUSION)
def test_outputs_equal_the_peer(name: str) -> None:
    """At an odd size: the emitted network takes others than that of its text."""
    network = archdsl.load(EXAMPLES / f"{FUSION}.arch", name)
    theirs, ours = PEERS_OF_FUSION[name]().eval(), network.build().eval()
    generator = torch.Generator().manual_seed(0)
    given, own = theirs.state_dict(), ours.state_dict()
    assert len(given) == len(own)
    with torch.no_grad():
        for (key, target), tensor in zip(own.items(), given.values(), strict=True):
            if tensor.is_floating_point() and tensor.ndim == 1:
                tensor.uniform_(0.5, 1.5, generator=generator)
            assert target.numel() == tensor.numel(), key
            target.copy_(tensor.reshape(target.shape))
        images = [
            torch.randn(2, one.channels, 67, 67, generator=generator) for one in network.architecture.inputs.values()
        ]
        assert relative_error(ours(*images), theirs(*images)) < 1e-4
        named = dict(zip(network.architecture.inputs, images, strict=True))
        assert torch.equal(ours(**named), ours(*images))
