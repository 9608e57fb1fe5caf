"""Exact parameters and MACs: the reference figures, the built module, the estimate and the peers all agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import archdsl
from tests.peers.zoo import peer

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
}

# Models of ours that the reference lacks, with the peer that has them.
PEERS = {
    ("efficientnet", "efficientnet_b5"): "timm efficientnet_b5",
    ("efficientnet", "efficientnet_b6"): "timm efficientnet_b6",
    ("v2_b", "efficientnetv2_b1"): "timm tf_efficientnetv2_b1",
    ("v2_b", "efficientnetv2_b2"): "timm tf_efficientnetv2_b2",
    ("mobilenetv2", "mobilenetv2_075"): "timm mobilenetv2_075",
}


def counts(model: nn.Module, size: int) -> tuple[int, int]:
    """Parameters, and multiply-accumulates of one image by torch's own counter."""
    with FlopCounterMode(display=False) as counter, torch.device("meta"):
        model(torch.empty(1, 3, size, size))
    return sum(p.numel() for p in model.parameters()), counter.get_total_flops() // 2


@pytest.mark.parametrize("entry", OURS)
def test_reference_counts(entry: str) -> None:
    expected = REFERENCE[entry]
    spec, name = OURS[entry]
    network = archdsl.load(archdsl.specs_folder() / f"{spec}.arch", name)
    assert network.architecture.input == (3, expected["resolution"], expected["resolution"])
    assert (network.params, network.macs) == (expected["params"], expected["macs"])
    with torch.device("meta"):
        model = network.build().eval()
    assert counts(model, expected["resolution"]) == (expected["params"], expected["macs"])


@pytest.mark.parametrize(("ours", "other"), PEERS.items())
def test_counts_of_the_others_equal_the_peer(ours: tuple[str, str], other: str) -> None:
    spec, name = ours
    network = archdsl.load(archdsl.specs_folder() / f"{spec}.arch", name)
    with torch.device("meta"):
        theirs = peer(other).eval()
    assert counts(theirs, network.architecture.input.height) == (network.params, network.macs)


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
