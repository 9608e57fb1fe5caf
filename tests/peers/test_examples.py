"""The examples, written as any user would write them, equal the peers: exact counts, and outputs on copied weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import archdsl
from tests.meta import on_meta
from tests.peers.counting import counts
from tests.peers.test_maps import PEERS as PEERS_OF_MAPS
from tests.peers.test_several_inputs import FUSION, PEERS_OF_FUSION
from tests.peers.test_sound import SOUND
from tests.peers.zoo import peer, relative_error, settle
from tests.selection import one_in

EXAMPLES = Path(__file__).parent.parent.parent / "examples"

# Our networks by example, each with the peer's model.
REGNETS = ("002", "004", "006", "008", "016", "032", "080")
PEERS = {
    "mobilenetv3": {
        f"mobilenetv3_{size}_{width}": f"timm mobilenetv3_{size}_{width}"
        for size in ("large", "small")
        for width in ("075", "100")
    },
    "convnext": {f"convnext_{size}": f"timm convnext_{size}" for size in ("tiny", "small", "base")},
    "regnet": {f"regnet{family}_{flops}": f"timm regnet{family}_{flops}" for family in "xy" for flops in REGNETS},
    "densenet": {f"densenet_{depth}": f"torchvision densenet{depth}" for depth in (121, 169, 201, 161)},
    "ghostnet": {f"ghostnet_{width}": f"timm ghostnet_{width}" for width in ("050", "100", "130")},
    "inception": {"googlenet_narrow": "torchvision googlenet", "inception_v3": "torchvision inception_v3"},
    "eca_resnet": {"eca_resnet26t": "timm ecaresnet26t"},
    "blur_resnet": {"resnet_blur50": "timm resnetblur50"},
    "repvgg": {f"repvgg_{size}": f"timm repvgg_{size}" for size in ("a0", "a1", "a2", "b0", "b1")},
    "mobileone": {f"mobileone_s{size}": f"timm mobileone_s{size}" for size in range(4)},
    "dla": {f"dla_{depth}": f"timm dla{depth}" for depth in (34, 60)},
    "repvit": {f"repvit_{size}": f"timm repvit_{size}" for size in ("m0_9", "m1_0", "m1_1", "m1_5", "m2_3")},
    "mobilevit": {f"mobilevit_{size}": f"timm mobilevit_{size}" for size in ("xxs", "xs", "s")},
}
# What no peer has: GoogLeNet with the 5 x 5 convolutions of the paper.
WITHOUT_PEER = {"inception": {"googlenet"}, "yolov8": {f"yolov8_{size}" for size in "nsmlx"}}
_PLAIN = {"aux_logits": False, "init_weights": False}
OPTIONS: dict[str, dict[str, Any]] = {"torchvision googlenet": _PLAIN, "torchvision inception_v3": _PLAIN}


def test_every_network_of_the_examples_is_compared() -> None:
    files = EXAMPLES.glob("*.arch")
    # Search spaces hold no network.
    found = {path.stem: set(archdsl.load_all(path)) for path in files if not path.stem.endswith("_space")}
    compared = {spec: {*peers} for spec, peers in {**PEERS, **PEERS_OF_MAPS}.items()}
    compared |= {SOUND: {SOUND}, FUSION: {*PEERS_OF_FUSION}}
    assert found == {spec: compared.get(spec, set()) | WITHOUT_PEER.get(spec, set()) for spec in found}


@pytest.mark.parametrize(
    ("spec", "name", "other"),
    one_in(4, [(spec, name, other) for spec, peers in PEERS.items() for name, other in peers.items()]),
)
def test_counts_equal_the_peer(spec: str, name: str, other: str) -> None:
    network = archdsl.load(EXAMPLES / f"{spec}.arch", name)
    with on_meta():
        theirs = peer(other, **OPTIONS.get(other, {})).eval()
        ours = network.build()
    assert (network.params, network.macs) == counts(theirs, network.architecture.input.height)
    assert sum(p.numel() for p in ours.parameters()) == network.params


# A size that keeps the run short; an odd one distinguishes the paddings.
@pytest.mark.parametrize(
    ("spec", "name", "size"),
    [
        ("mobilenetv3", "mobilenetv3_large_100", 97),
        ("mobilenetv3", "mobilenetv3_small_075", 97),
        ("convnext", "convnext_tiny", 65),
        ("regnet", "regnetx_004", 65),
        ("regnet", "regnety_008", 65),
        ("densenet", "densenet_121", 65),
        ("ghostnet", "ghostnet_100", 65),
        ("inception", "googlenet_narrow", 75),
        ("inception", "inception_v3", 139),
        ("eca_resnet", "eca_resnet26t", 97),
        ("blur_resnet", "resnet_blur50", 97),
        ("repvgg", "repvgg_a0", 65),
        ("mobileone", "mobileone_s0", 65),
        ("dla", "dla_34", 64),
        ("dla", "dla_60", 64),
        ("repvit", "repvit_m0_9", 65),
        ("mobilevit", "mobilevit_xxs", 64),
    ],
)
def test_outputs_equal_the_peer(spec: str, name: str, size: int) -> None:
    torch.manual_seed(0)
    other = PEERS[spec][name]
    theirs = peer(other, **OPTIONS.get(other, {}))
    ours = archdsl.load(EXAMPLES / f"{spec}.arch", name).build()
    images = torch.randn(2, 3, size, size)
    _make_visible(theirs)
    settle(theirs, images)
    _copy(theirs, ours)
    with torch.no_grad():
        assert relative_error(ours.eval()(images), theirs.eval()(images)) < 1e-4


def test_drop_path_rates_equal_the_peer() -> None:
    rates = [
        [
            next((float(m.drop_prob if hasattr(m, "drop_prob") else m.rate) for m in block.modules() if _drops(m)), 0.0)
            for stage in model.stages
            for block in getattr(stage, "blocks", stage)
        ]
        for model in (
            peer("timm convnext_tiny", drop_path_rate=0.1),
            archdsl.load(EXAMPLES / "convnext.arch", "tiny").build(),
        )
    ]
    assert rates[0] == pytest.approx(rates[1])
    assert max(rates[1]) == pytest.approx(0.1)


def _drops(module: nn.Module) -> bool:
    return type(module).__name__ == "DropPath"


def _make_visible(model: nn.Module) -> None:
    """Vectors that start as one number (0 for a bias, 1e-6 for a layer's scale) at random, so that each counts."""
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        if parameter.ndim == 1 and bool((parameter == parameter[0]).all()):
            parameter.data.copy_(torch.rand(parameter.shape, generator=generator) * 0.8 + 0.2)


def _copy(theirs: nn.Module, ours: nn.Module) -> None:
    """Copies weights in the order in which they are used. A linear layer's may become those of a 1 x 1 convolution."""
    own = ours.state_dict()
    tensors = list(_in_order_of_use(theirs.state_dict()))
    assert len(tensors) == len(own)
    for (name, target), tensor in zip(own.items(), tensors, strict=True):
        squeezed = [size for size in target.shape if size != 1]
        assert squeezed == [size for size in tensor.shape if size != 1], f"{name}: {target.shape}, {tensor.shape}"
        target.copy_(tensor.reshape(target.shape))


def _in_order_of_use(state: dict[str, Tensor]) -> Iterator[Tensor]:
    """The tensors of a peer. ConvNeXt in timm defines the scale of a branch, `gamma`, before the branch's layers."""
    held: list[tuple[str, Tensor]] = []
    for name, tensor in state.items():
        while held and not name.startswith(held[-1][0]):
            yield held.pop()[1]
        if name.endswith(".gamma"):
            held.append((name.removesuffix("gamma"), tensor))
        else:
            yield tensor
    yield from (tensor for _, tensor in held)
