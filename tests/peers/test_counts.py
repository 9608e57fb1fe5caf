"""Exact parameters and MACs: the reference figures, the built module, the estimate and the peers all agree."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

import archdsl
from tests.meta import on_meta
from tests.peers.counting import counts
from tests.peers.zoo import peer
from tests.selection import one_in

REFERENCE: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "data" / "reference_models.json").read_text(encoding="utf-8")
)["models"]

# Entries of the reference by the spec and the model of ours that they describe.
OURS = {
    **{f"efficientnet.{b}": ("efficientnet", f"efficientnet_{b}") for b in ("b0", "b1", "b2", "b3", "b4", "b7")},
    **{f"efficientnetv2.{b}": ("v2_b", f"efficientnetv2_{b}") for b in ("b0", "b3")},
    **{f"efficientnetv2.{s}": (f"v2_{s}", f"efficientnetv2_{s}") for s in ("s", "m", "l", "xl")},
    **{f"efficientnetv2.{s}.tv": (f"v2_{s}", f"efficientnetv2_{s}") for s in ("s", "m", "l")},
    **{f"mobilenetv2.{w}": ("mobilenetv2", f"mobilenetv2_{w}") for w in ("050", "100", "140")},
    "mobilenetv2.tv": ("mobilenetv2", "mobilenetv2_100"),
    **{f"mnasnet.b1.{w}": ("mnasnet", f"mnasnet_b1_{w}") for w in ("050", "100")},
    "mnasnet.b1.small": ("mnasnet", "mnasnet_small_100"),
    "mnasnet.a1.100": ("mnasnet", "mnasnet_a1_100"),
    **{f"nfnet.{f}": ("nfnet", f"nfnet_{f}") for f in ("f0", "f1", "f4")},
    **{f"pytorchcv.shufflenet_g{g}_w1": ("shufflenet", f"shufflenet_g{g}") for g in (1, 2, 3, 4, 8)},
    **{f"pytorchcv.resattnet{n}": ("resattnet", f"resattnet_{n}") for n in (56, 92, 452)},
    "resnet50": ("resnet", "resnet_50"),
}
# Entries of the same networks by timm, which leaves SkipInit's gains out: one for each block.
NO_SKIP_INIT = {f"nfnet.timm_{f}": ("nfnet", f"nfnet_{f}") for f in ("f0", "f1", "f4", "f7")}

_WIDTHS = {"w3d4": "_075", "wd2": "_050", "wd4": "_025"}
# Every model of ours that a peer has, and is not in the reference.
PEERS = [
    *(("efficientnet", f"efficientnet_{b}", f"timm efficientnet_{b}") for b in ("b5", "b6")),
    *(("efficientnet", f"efficientnet_b{n}", f"torchvision efficientnet_b{n}") for n in range(8)),
    *(("v2_b", f"efficientnetv2_{b}", f"timm tf_efficientnetv2_{b}") for b in ("b1", "b2")),
    ("mobilenetv2", "mobilenetv2_075", "timm mobilenetv2_075"),
    *(("mnasnet", f"mnasnet_b1_{w}", f"timm mnasnet_{w}") for w in ("075", "140")),
    *(("mnasnet", f"mnasnet_a1_{w}", f"timm semnasnet_{w}") for w in ("050", "075", "140")),
    *(
        ("mnasnet", f"mnasnet_b1_{w}", f"torchvision mnasnet{name}")
        for w, name in (("050", "0_5"), ("075", "0_75"), ("100", "1_0"), ("130", "1_3"))
    ),
    *(("mnasnet", f"mnasnet_{name}_100", f"pytorchcv mnasnet_{name}") for name in ("a1", "b1", "small")),
    *(
        ("shufflenet", f"shufflenet_g{g}{_WIDTHS[w]}", f"pytorchcv shufflenet_g{g}_{w}")
        for g in (1, 3)
        for w in _WIDTHS
    ),
    *(("nfnet", f"nfnet_{f}", f"timm dm_nfnet_{f}") for f in ("f2", "f3", "f5", "f6")),
    *(("dm_nfnet", f"dm_nfnet_f{n}", f"timm dm_nfnet_f{n}") for n in range(7)),
    *(("resattnet", f"resattnet_{n}", f"pytorchcv resattnet{n}") for n in (128, 164, 200, 236)),
    *(("resnet", f"resnet_{n}", f"timm resnet{n}") for n in (18, 34, 50, 101, 152)),
    *(("resnet", f"resnet_{n}", f"torchvision resnet{n}") for n in (18, 34, 101, 152)),
    *(("resnet", f"resnet_d_{n}", f"timm resnet{n}d") for n in (18, 34, 50, 101, 152)),
    ("resnet", "resnext50_32x4d", "timm resnext50_32x4d"),
    ("resnet", "resnext50_32x4d", "torchvision resnext50_32x4d"),
    ("resnet", "resnext50_32x4d", "pytorchcv resnext50_32x4d"),
    ("resnet", "seresnext50_32x4d", "timm seresnext50_32x4d"),
    ("resnet", "seresnext50_32x4d", "pytorchcv seresnext50_32x4d"),
    *(("resnet", f"resnet_{n}", f"pytorchcv resnet{n}") for n in (18, 34)),
    *(("resnet", f"resnet_{n}", f"pytorchcv resnet{n}b") for n in (50, 101, 152)),
    *(("efficientnet", f"efficientnet_b{n}", f"pytorchcv efficientnet_b{n}b") for n in range(8)),
    *(("tf_efficientnet", f"tf_efficientnet_b{n}", f"timm tf_efficientnet_b{n}") for n in range(8)),
    *((f"v2_{n}", f"efficientnetv2_{n}", f"timm efficientnetv2_{n}") for n in ("s", "m", "l", "xl")),
    *(("mobilenet", f"mobilenet{_WIDTHS[w]}", f"pytorchcv mobilenet_{w}") for w in _WIDTHS),
    ("mobilenet", "mobilenet_100", "timm mobilenetv1_100"),
    ("mobilenet", "mobilenet_100", "pytorchcv mobilenet_w1"),
]


class Counter(TorchDispatchMode):
    """Counts by the formulas of torch's own counter, which keeps account of every module as well, at the same price."""

    flops = 0

    def __torch_dispatch__(self, function, types, given=(), named=None):
        out = function(*given, **(named or {}))
        if (formula := flop_registry.get(function._overloadpacket)) is not None:
            self.flops += formula(*given, **(named or {}), out_val=out)
        return out


@torch.no_grad()
@cache
def counts_of_peer(name: str, size: int) -> tuple[int, int]:
    """What a peer costs: several of ours may have the same one."""
    with on_meta():
        model = peer(name).eval()
    return counts(model, size)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("timm resnet18", 97),
        ("timm efficientnet_b0", 97),
        ("timm dm_nfnet_f0", 96),
        ("timm regnety_002", 96),
        ("timm convnext_tiny", 64),
        ("torchvision densenet121", 65),
        ("pytorchcv shufflenet_g3_wd4", 224),
        ("pytorchcv resattnet56", 224),
    ],
)
def test_the_counter_is_that_of_torch(name: str, size: int) -> None:
    with on_meta():
        model = peer(name).eval()
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        model(torch.empty(1, 3, size, size))
    assert counts(model, size) == (sum(p.numel() for p in model.parameters()), counter.get_total_flops() // 2)


@pytest.mark.parametrize("entry", OURS)
def test_reference_counts(entry: str) -> None:
    expected = REFERENCE[entry]
    spec, name = OURS[entry]
    network = archdsl.load(archdsl.specs_folder() / f"{spec}.arch", name)
    assert network.architecture.input == (3, expected["resolution"], expected["resolution"])
    assert (network.params, network.macs) == (expected["params"], expected["macs"])
    with on_meta():
        model = network.build().eval()
    assert counts(model, expected["resolution"]) == (expected["params"], expected["macs"])


@pytest.mark.parametrize("entry", NO_SKIP_INIT)
def test_counts_without_skip_init(entry: str) -> None:
    spec, name = NO_SKIP_INIT[entry]
    network = archdsl.load(archdsl.specs_folder() / f"{spec}.arch", name)
    blocks = sum(len(stage.layers) for stage in network.architecture.stages)
    assert (network.params - blocks, network.macs) == (REFERENCE[entry]["params"], REFERENCE[entry]["macs"])


@pytest.mark.parametrize("n", [2, 3, 5, 6])
def test_counts_without_skip_init_equal_the_peer(n: int) -> None:
    network = archdsl.load(archdsl.specs_folder() / "nfnet.arch", f"nfnet_f{n}")
    blocks = sum(len(stage.layers) for stage in network.architecture.stages)
    theirs = counts_of_peer(f"timm nfnet_f{n}", network.architecture.input.height)
    assert (network.params - blocks, network.macs) == theirs


@pytest.mark.parametrize("other", one_in(4, dict.fromkeys(other for _, _, other in PEERS)))
def test_counts_of_the_others_equal_the_peer(other: str) -> None:
    with on_meta():
        theirs = peer(other).eval()
    found: dict[int, tuple[int, int]] = {}
    for spec, name, of in PEERS:
        if of == other:
            network = archdsl.load(archdsl.specs_folder() / f"{spec}.arch", name)
            size = network.architecture.input.height
            found[size] = found.get(size) or counts(theirs, size)
            assert found[size] == (network.params, network.macs), name


def test_tensorflow_models_cost_what_the_plain_ones_do() -> None:
    folder = archdsl.specs_folder()
    for spec, names in (
        ("efficientnet", [f"efficientnet_b{i}" for i in range(8)]),
        ("v2_b", [f"efficientnetv2_b{i}" for i in range(4)]),
        *((f"v2_{size}", [f"efficientnetv2_{size}"]) for size in ("s", "m", "l", "xl")),
    ):
        family = "tf_efficientnet" if spec == "efficientnet" else "tf_efficientnetv2"
        for name in names:
            plain = archdsl.load(folder / f"{spec}.arch", name)
            same = archdsl.load(folder / f"{family}.arch", f"tf_{name}")
            assert (plain.params, plain.macs) == (same.params, same.macs)
