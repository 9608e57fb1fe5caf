"""`output_stride` gives the maps that timm's gives, and at their old positions the values that they had."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import archdsl
from archdsl.dilation import dilate
from tests.peers.zoo import copy_weights, peer

IMAGES = torch.randn(1, 3, 96, 96, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def features(name: str, **options: object) -> nn.Module:
    return archdsl.create_model(name, features_only=True, **options).double().eval()  # type: ignore[arg-type]


@pytest.mark.parametrize("output_stride", [8, 16])
@pytest.mark.parametrize("name", ["mobilenetv2_100", "resnet_18", "resnet_50"])
def test_old_positions_keep_their_values(name: str, output_stride: int) -> None:
    plain, dense = features(name), features(name, output_stride=output_stride)
    dense.load_state_dict(plain.state_dict())
    reductions = [info["reduction"] for info in plain.feature_info]
    assert [info["reduction"] for info in dense.feature_info] == [min(each, output_stride) for each in reductions]
    with torch.no_grad():
        pairs = list(zip(plain(IMAGES), dense(IMAGES), dense.feature_info, strict=True))
    for old, new, info in pairs:
        assert new.shape[2] * info["reduction"] == 96
        step = new.shape[2] // old.shape[2]
        torch.testing.assert_close(new[..., ::step, ::step], old, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("name", "theirs"), [("mobilenetv2_100", "mobilenetv2_100"), ("resnet_18", "resnet18")])
@pytest.mark.parametrize("output_stride", [8, 16])
def test_as_timm(name: str, theirs: str, output_stride: int) -> None:
    expected = peer(f"timm {theirs}", output_stride=output_stride).double().eval()
    ours = archdsl.create_model(name, output_stride=output_stride).double().eval()
    copy_weights(expected, ours)
    with torch.no_grad():
        torch.testing.assert_close(ours(IMAGES), expected(IMAGES), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "output_stride", "message"),
    [
        ("resnet_d_50", 8, r"stages\.2\.0\.\S*avg_pool, avg_pool, cannot be dilated"),
        ("mobilenetv2_100", 0, "a whole number from 1, not 0"),
        ("resattnet_56", 8, r"down\.max_pool, max_pool, would have zeros wider than half its kernel"),
        ("mobilenetv2_100", 12, "no map is 12 times smaller than the image, only 1, 2, 4, 8"),
    ],
)
def test_what_cannot_be_dilated(name: str, output_stride: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        archdsl.create_model(name, output_stride=output_stride)


def test_branches_of_different_strides() -> None:
    """At most one of 4 on one branch and two of 2 on the other: the first is taken out, of the others only one."""
    text = """
block two(channels) {
  a = in -> conv(channels, 3, stride = 4)
  b = in -> conv(channels, 3, stride = 2) -> conv(channels, 3, stride = 2)
  out = a + b
}

model net {
  input = 3 x 32 x 32
  stages {
    | op  | channels | layers |
    | two | 8        | 1      |
  }
}
"""
    network = archdsl.loads(text)
    with pytest.raises(ValueError, match="combines maps of different strides"):
        dilate(network.build(), network.architecture, 2)


def of_pixels(*layers: str) -> archdsl.Network:
    """A network whose stem makes channels of pixels, with a stage for each layer."""
    rows = "\n".join(f"| {layer} | 1 |" for layer in layers)
    stages = f"stages {{\n| op | layers |\n{rows}\n}}"
    return archdsl.loads(f"model net {{\ninput = 3 x 32 x 48\nstem = pixel_unshuffle(4) -> conv(8, 3)\n{stages}\n}}")


def test_pixels_that_become_channels_count_as_a_stride() -> None:
    network = of_pixels("conv(8, 3, stride = 2)", "conv_transpose(8, 3, stride = 2)", "conv(8, 3)")
    before, dense = network.build().eval(), network.build().eval()
    dense.load_state_dict(before.state_dict())
    dilate(dense, network.architecture, 8)
    images = torch.randn(1, 3, 32, 48)
    with torch.no_grad():
        torch.testing.assert_close(dense(images), before(images))  # 4, 8, 4: there is nothing to take out


@pytest.mark.parametrize(
    ("layer", "output_stride", "message"),
    [
        ("blur(stride = 2)", 4, "stages.0.0, blur, has a stride that cannot be taken out"),
        ("conv(8, 3)", 2, "stem.pixel_unshuffle, pixel_unshuffle, has a stride that cannot be taken out"),
    ],
)
def test_strides_that_cannot_be_taken_out(layer: str, output_stride: int, message: str) -> None:
    network = of_pixels(layer)
    with pytest.raises(ValueError, match=message):
        dilate(network.build(), network.architecture, output_stride)
