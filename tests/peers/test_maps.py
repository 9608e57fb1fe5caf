"""Networks that put out maps, attend to them or are made of lists, as examples, equal torchvision's or timm's modules,
or what one would write by hand: exact counts, and outputs on equal weights.

What comes after the modules there, decoding boxes and removing overlapping ones, has no weights and is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import archdsl
from archdsl.torchvision_operators import declare_torchvision_operators
from archdsl.weights.from_module import map_module
from archdsl.weights.proof import TOLERANCE
from tests.meta import on_meta
from tests.peers.by_hand import (
    C2psa,
    EfficientDet,
    NonLocal,
    Poses,
    Pyramid,
    SelfAttention,
    Siamese,
    SrResNet,
    UNet,
    espcn,
)
from tests.peers.counting import counts
from tests.peers.zoo import peer
from tests.selection import one_in

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


class DetectorMaps(nn.Module):
    """The scores and boxes of a RetinaNet, before they are laid out in a row."""

    def __init__(self, detector: nn.Module):
        super().__init__()
        self.backbone, self.head = detector.backbone, detector.head

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = list(self.backbone(x).values())
        scores, boxes = self.head.classification_head, self.head.regression_head
        return [
            *(scores.cls_logits(scores.conv(one)) for one in maps),
            *(boxes.bbox_reg(boxes.conv(one)) for one in maps),
        ]


class SingleShotMaps(nn.Module):
    """The scores and boxes of an SSD, before they are laid out in a row."""

    def __init__(self, detector: nn.Module):
        super().__init__()
        self.backbone, self.head = detector.backbone, detector.head

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = list(self.backbone(x).values())
        scores, boxes = self.head.classification_head.module_list, self.head.regression_head.module_list
        return [layers(one) for head in (scores, boxes) for layers, one in zip(head, maps, strict=True)]


def _segmentation(name: str, **options: bool) -> nn.Module:
    from torchvision.models import segmentation

    model: nn.Module = getattr(segmentation, name)(weights=None, weights_backbone=None, **options)
    return model


def _pyramid() -> nn.Module:
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

    model: nn.Module = resnet_fpn_backbone(backbone_name="resnet50", weights=None, norm_layer=nn.BatchNorm2d)
    return model


def _retinanet() -> nn.Module:
    from torchvision.models.detection import retinanet_resnet50_fpn

    return DetectorMaps(retinanet_resnet50_fpn(weights=None, weights_backbone=None))


def _ssdlite() -> nn.Module:
    from torchvision.models.detection import ssdlite320_mobilenet_v3_large

    return SingleShotMaps(ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None))


def _split(radix: int) -> nn.Module:
    """timm's ResNeSt-14d of another radix."""
    return peer("timm resnest14d", block_args={"radix": radix, "avd": True, "avd_first": False})


def _pyramid_on_efficientnet() -> nn.Module:
    """timm's EfficientNet-B0 as a backbone: the maps of strides 4 to 32."""
    backbone = peer("timm efficientnet_b0", features_only=True, out_indices=(1, 2, 3, 4))
    return Pyramid(backbone, [24, 40, 112, 320])


def _efficientdet() -> nn.Module:
    backbone = peer("timm efficientnet_b0", features_only=True, out_indices=(2, 3, 4))
    return EfficientDet(backbone, [40, 112, 320])


def _poses() -> nn.Module:
    """torchvision's ResNet-50 without what pools and classifies."""
    return Poses(nn.Sequential(*list(peer("torchvision resnet50").children())[:-2]))


def _timm(name: str) -> nn.Module:
    return peer(f"timm {name}")


PEERS: dict[str, dict[str, Callable[[], nn.Module]]] = {
    "fpn": {"fpn_resnet50": _pyramid, "retinanet_resnet50": _retinanet},
    "ssdlite": {"ssdlite320_mobilenet_v3_large": _ssdlite},
    "hrnet": {name: partial(_timm, name) for name in ("hrnet_w18_small", "hrnet_w18")},
    "efficientdet": {"efficientdet_d0": _efficientdet},
    "pnasnet": {"pnasnet5large": lambda: _timm("pnasnet5large")},
    "segmentation": {
        "fcn_resnet50": lambda: _segmentation("fcn_resnet50", aux_loss=True),
        "deeplabv3_resnet50": lambda: _segmentation("deeplabv3_resnet50", aux_loss=True),
        "lraspp_mobilenet_v3_large": lambda: _segmentation("lraspp_mobilenet_v3_large"),
    },
    "attend": {"c2psa_of_maps": C2psa, "non_local_of_maps": NonLocal, "self_attention_of_maps": SelfAttention},
    "condconv": {"tf_efficientnet_cc_b0_4e": lambda: _timm("tf_efficientnet_cc_b0_4e")},
    "convnextv2": {f"convnextv2_{size}": partial(_timm, f"convnextv2_{size}") for size in ("atto", "femto")},
    "mobilenetv4": {"mobilenetv4_hybrid_medium": lambda: _timm("mobilenetv4_hybrid_medium")},
    "unet": {"unet": lambda: UNet(is_bilinear=False), "unet_bilinear": lambda: UNet(is_bilinear=True)},
    "res2net": {
        "res2net50_s4": lambda: peer("timm res2net50_26w_4s"),
        "res2net50_s8": lambda: peer("timm res2net50_26w_8s"),
        "res2net50_wide": lambda: peer("timm res2net50_48w_2s"),
    },
    "split_attention": {
        "resnest14d_1s": lambda: _split(1),
        "resnest14d_2s": lambda: peer("timm resnest14d"),
        "resnest14d_4s": lambda: _split(4),
        "skresnet18": lambda: peer("timm skresnet18"),
    },
    "mixnet": {"mixnet_s": lambda: peer("timm mixnet_s")},
    "dual_path": {"dpn92": lambda: peer("timm dpn92")},
    "siamese": {"siamese": Siamese},
    "backbones": {"pyramid_efficientnet_b0": _pyramid_on_efficientnet, "poses_resnet50": _poses},
    "super_resolution": {"espcn": espcn, "srresnet": SrResNet},
}
ALL = [(spec, name) for spec, peers in PEERS.items() for name in peers]
# Of each file one network at least; what else there is in it differs in a number or a branch, and is counted above all.
# The map of keys finds no shared weights of a list, nor parameters by themselves, in a foreign module: EfficientDet has
# a test of its own.
FIRST = [(spec, next(iter(peers))) for spec, peers in PEERS.items() if spec != "efficientdet"]
OTHERS = [each for each in ALL if each not in FIRST and each[0] != "efficientdet"]
OUTPUTS = [*FIRST, *one_in(8, OTHERS)]


@pytest.fixture(autouse=True, scope="module")
def _torchvision() -> object:
    return declare_torchvision_operators()


@pytest.mark.parametrize(("spec", "name"), ALL)
def test_counts_equal_the_peer(spec: str, name: str) -> None:
    network = archdsl.load(EXAMPLES / f"{spec}.arch", name)
    with on_meta():
        theirs = PEERS[spec][name]().eval()
    channels, size, _ = network.architecture.input
    assert (network.params, network.macs) == counts(theirs, size, channels)


@pytest.mark.parametrize("size", [224, 299])
def test_pnasnet_counts_equal_the_peer_at_other_sizes(size: int) -> None:
    """Cells of sides that are odd, and of ones that are even, are made as large as one another."""
    network = archdsl.load(EXAMPLES / "pnasnet.arch", resolution=size)
    with on_meta():
        theirs = _timm("pnasnet5large").eval()
    assert (network.params, network.macs) == counts(theirs, size)


@pytest.mark.parametrize(("spec", "name"), OUTPUTS)
def test_outputs_equal_the_peer(spec: str, name: str) -> None:
    """At a size that keeps the run short; an odd one distinguishes the paddings, and what is resized to what."""
    sizes = {"unet": 48, "self_attention_of_maps": 14, "hrnet_w18_small": 64, "hrnet_w18": 64, "siamese": 105}
    sizes["srresnet"] = 17  # which gives more pixels than it gets
    network = archdsl.load(EXAMPLES / f"{spec}.arch", name, resolution=sizes.get(name, 67))
    found = map_module(network, PEERS[spec][name](), name)
    assert found.error is not None
    assert found.error < TOLERANCE


class Taps(nn.Module):
    """Some of the maps of a module that gives a list."""

    def __init__(self, module: nn.Module, *numbers: int):
        super().__init__()
        self.module, self.numbers = module, numbers

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = self.module(x)
        return [maps[number] for number in self.numbers]


def test_efficientdet_computes_what_is_written_by_hand() -> None:
    """Its lists of maps, on the same backbone, with weights by chance."""
    ours = archdsl.load(EXAMPLES / "efficientdet.arch").build().eval().double()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, tensor in ours.state_dict().items():
            if tensor.is_floating_point() and name.startswith("head"):
                tensor.uniform_(0.1, 0.9, generator=generator).sub_(
                    0.4 if tensor.ndim == 4 and tensor[0].numel() > 1 else 0
                )
    theirs = EfficientDet(Taps(ours.backbone, 3, 5, 7), [40, 112, 320]).eval().double()
    head = ours.head
    copy(theirs.sixth, head.c6.lateral)
    for round, other in zip(head.maps.bifpn, theirs.rounds, strict=True):
        for number, name in enumerate(("n3", "m4", "m5", "m6")):
            copy(other.down[number], getattr(round, name).lateral)
            copy(other.fused_down[number], getattr(round, name).fuse)
        for number, name in enumerate(("n4", "n5", "n6", "n7")):
            copy(other.up[number], getattr(round, f"{name}_lateral", nn.Identity()))
            copy(other.fused_up[number], getattr(round, name))
    for one, other in ((head.scores3_to_scores7, theirs.scores), (head.boxes3_to_boxes7, theirs.boxes)):
        for layer, name in zip(other.layers, ("first", "second", "third", "last"), strict=True):
            copy(layer, getattr(one, name))
        for number, norms in enumerate(other.norms):
            for norm, name in zip(norms, ("norm", "norm_2", "norm_3"), strict=True):
                copy(norm, getattr(one, name)[number])
    x = torch.randn(2, 3, 67, 99, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        made, expected = ours(x), theirs(x)
    assert len(made) == len(expected) == 10
    for one, other in zip(made, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def copy(module: nn.Module, source: nn.Module) -> None:
    """The weights of one module to another that has as many, in the same order."""
    given, taken = list(source.state_dict().values()), list(module.state_dict().values())
    for one, other in zip(taken, given, strict=True):
        one.copy_(other.reshape(one.shape))


def test_yolov8_has_the_published_sizes() -> None:
    """As its authors publish them, less the 16 of a fixed convolution that decodes boxes."""
    published = {"n": 3_157_200, "s": 11_166_560, "m": 25_902_640, "l": 43_691_520, "x": 68_229_648}
    networks = archdsl.load_all(EXAMPLES / "yolov8.arch")
    assert {name: network.params + 16 for name, network in networks.items()} == {
        f"yolov8_{size}": params for size, params in published.items()
    }
