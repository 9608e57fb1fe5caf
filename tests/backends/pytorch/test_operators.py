"""Each operator as it is emitted: weights, counts and outputs are those of the IR, at odd sizes, exported as well."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import archdsl
from tests.operators import TEXTS, loads
from tests.properties.checks import check_file
from tests.samples import of_positive


def network(layers: str, source: str = "3 x 17 x 20") -> archdsl.Network:
    return loads(f"model m {{\n input = {source}\n stem = {layers}\n}}")


@pytest.mark.parametrize("operator", TEXTS)
def test_is_what_the_ir_says(operator: str) -> None:
    check_file((network(f"conv(24, 3) -> {of_positive(operator)} -> conv(5)").architecture,))


@pytest.mark.parametrize("operator", TEXTS)
def test_is_exported(operator: str) -> None:
    module = network(f"conv(24, 3) -> {of_positive(operator)}").build().eval()
    images = torch.randn(2, 3, 17, 20)
    exported = torch.export.export(module, (images,)).module()
    with torch.no_grad():
        torch.testing.assert_close(exported(images), module(images))


# Layers with what PyTorch calls them, on maps that are neither square nor of even sizes.
LAYERS: list[tuple[str, nn.Module]] = [
    ("adaptive_avg_pool(7)", nn.AdaptiveAvgPool2d(7)),
    ("adaptive_avg_pool(4 x 30)", nn.AdaptiveAvgPool2d((4, 30))),
    ("pixel_shuffle(2)", nn.PixelShuffle(2)),
    ("pixel_unshuffle(1)", nn.PixelUnshuffle(1)),
    ("crop(1) -> pixel_unshuffle(3)", nn.Sequential(nn.ZeroPad2d(-1), nn.PixelUnshuffle(3))),
    ("crop(top = 2, right = 3)", nn.ZeroPad2d((0, -3, -2, 0))),
    ("pad(top = 1, bottom = 2, left = 3, right = 4)", nn.ZeroPad2d((3, 4, 1, 2))),
    ("pad(top = 1, left = 3, mode = reflect)", nn.ReflectionPad2d((3, 0, 1, 0))),
    ("pad(2, mode = replicate)", nn.ReplicationPad2d(2)),
    ("softmax(over = channels)", nn.Softmax2d()),
    ("softmax(channels)", nn.Softmax2d()),
    ("softmax(over = width)", nn.Softmax(dim=3)),
    ("reduce_mean(over = positions)", nn.AdaptiveAvgPool2d(1)),
    ("reduce_max(over = positions)", nn.AdaptiveMaxPool2d(1)),
    ("reduce_sum(over = channels)", nn.Conv2d(24, 1, 1, bias=False)),
    ("prelu(shared = true)", nn.PReLU()),
    ("prelu", nn.PReLU(24)),
]


@pytest.mark.parametrize(("text", "module"), LAYERS, ids=[text for text, _ in LAYERS])
def test_is_pytorchs(text: str, module: nn.Module) -> None:
    ours = network(text, "24 x 17 x 23").build().double().eval()
    module = module.double()
    if isinstance(module, nn.Conv2d):
        nn.init.ones_(module.weight)
    x = torch.randn(2, 24, 17, 23, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), module(x))


TRANSPOSED: list[tuple[str, nn.ConvTranspose2d]] = [
    ("12, 2, stride = 2", nn.ConvTranspose2d(24, 12, 2, stride=2, bias=False)),
    ("12, 4, stride = 2, bias = true", nn.ConvTranspose2d(24, 12, 4, stride=2, padding=1)),
    (
        "6, 3, stride = 2, output_padding = 1, groups = 3",
        nn.ConvTranspose2d(24, 6, 3, stride=2, padding=1, output_padding=1, groups=3, bias=False),
    ),
    ("5, 3 x 4, padding = valid, dilation = 2", nn.ConvTranspose2d(24, 5, (3, 4), dilation=2, bias=False)),
    ("5, 1 x 5, stride = 3", nn.ConvTranspose2d(24, 5, (1, 5), stride=3, padding=(0, 2), bias=False)),
    ("5, 5, padding = 3", nn.ConvTranspose2d(24, 5, 5, padding=3, bias=False)),
]


@pytest.mark.parametrize(("arguments", "module"), TRANSPOSED, ids=[text for text, _ in TRANSPOSED])
def test_transposed_convolutions(arguments: str, module: nn.ConvTranspose2d) -> None:
    ours = network(f"conv_transpose({arguments})", "24 x 17 x 23")
    built = ours.build()
    assert ours.params == sum(weight.numel() for weight in module.parameters())
    built.stem.load_state_dict(module.state_dict())
    x = torch.randn(2, 24, 17, 23)
    with torch.no_grad():
        torch.testing.assert_close(built(x), module(x))


def test_same_makes_a_map_as_many_times_as_large_as_the_stride_says() -> None:
    """The gradient of TensorFlow's convolution, as which it defines its transposed one."""
    for kernel, stride in ((5, 2), (4, 2), (3, 1), (4, 3), (2, 3), (1, 2)):
        ours = network(f"conv_transpose(4, {kernel}, stride = {stride}, padding = same)", "3 x 5 x 7").build().double()
        large = torch.zeros(1, 4, 5 * stride, 7 * stride, dtype=torch.float64, requires_grad=True)
        forth = network(f"conv(3, {kernel}, stride = {stride}, padding = same)", f"4 x {5 * stride} x {7 * stride}")
        there = forth.build().double()
        with torch.no_grad():
            there.stem.weight.copy_(ours.stem.weight)
        x = torch.randn(1, 3, 5, 7, dtype=torch.float64)
        (expected,) = torch.autograd.grad((there(large) * x).sum(), large)
        torch.testing.assert_close(ours(x), expected)
