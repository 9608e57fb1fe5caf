"""Each operator as it is emitted: weights, counts and outputs are those of the IR, at odd sizes, exported as well."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import nn

import archdsl
from tests.operators import TEXTS, loads
from tests.properties.checks import check_file
from tests.samples import of_positive


@cache
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


@pytest.mark.parametrize(("heads", "groups", "width"), [(4, 4, 6), (4, 1, 6), (4, 2, 5), (1, 1, 24), (24, 12, 1)])
def test_attention_is_pytorchs(heads: int, groups: int, width: int) -> None:
    """Of keys for all heads, for one and for some, of as many positions or fewer, on values of any width."""
    size = 24 // heads
    text = f"""
block attended() {{
  queries = in -> slice(0, 24)
  pooled = in -> avg_pool(2, padding = valid)
  keys = pooled -> slice(24, {groups * size})
  out = queries -> dot_product_attention(keys, pooled -> slice(40, {groups * width}), heads = {heads})
}}
"""
    ours = archdsl.loads(f"{text}model m {{\n input = 96 x 6 x 8\n stem = attended\n}}").build().double()
    x = torch.randn(2, 96, 6, 8, dtype=torch.float64)
    pooled = nn.functional.avg_pool2d(x, 2)
    maps = x[:, :24], pooled[:, 24 : 24 + groups * size], pooled[:, 40 : 40 + groups * width]
    q, k, v = (
        one.flatten(2).unflatten(1, (parts, -1)).mT for one, parts in zip(maps, (heads, groups, groups), strict=True)
    )
    read = nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=True)
    torch.testing.assert_close(ours(x), read.mT.flatten(1, 2).unflatten(2, (6, 8)))


@pytest.mark.parametrize("shape", ["1 x 1 x 1", "24 x 1 x 1", "1 x 17 x 1", "1 x 1 x 23", "24 x 17 x 23"])
def test_parameters_broadcast_and_belong_to_all_images(shape: str) -> None:
    text = (
        f"block shifted() {{ out = concat(in + parameter({shape}, initial = 2), parameter(3 x 17 x 23, std = 0.5)) }}\n"
    )
    ours = archdsl.loads(f"{text}model m {{\n input = 24 x 17 x 23\n stem = shifted\n}}").build()
    x = torch.randn(2, 24, 17, 23)
    own = dict(ours.named_parameters())
    assert [*own] == ["stem.parameter.value", "stem.parameter_2.value"]
    assert set(own["stem.parameter.value"].flatten().tolist()) == {2.0}
    assert 0.4 < own["stem.parameter_2.value"].std() < 0.6
    y = ours(x)
    torch.testing.assert_close(y[:, :24], x + 2)
    assert torch.equal(y[0, 24:], y[1, 24:])


def test_windows_of_sizes_are_pytorchs() -> None:
    ours = network(
        "conv(8, 3 x 5, stride = 2 x 1, padding = 0 x 2, dilation = 1 x 3)"
        " -> max_pool(3, stride = 1 x 2, padding = 1 x 0) -> avg_pool(2 x 3, padding = valid, stride = 2 x 1)",
        "24 x 17 x 29",
    ).build()
    theirs = nn.Sequential(
        nn.Conv2d(24, 8, (3, 5), (2, 1), (0, 2), (1, 3), bias=False),
        nn.MaxPool2d(3, (1, 2), (1, 0)),
        nn.AvgPool2d((2, 3), (2, 1)),
    )
    theirs.load_state_dict({"0.weight": ours.state_dict()["stem.conv.weight"]})
    x = torch.randn(2, 24, 17, 29)
    torch.testing.assert_close(ours(x), theirs(x))


def test_a_table_may_stride_along_one_axis() -> None:
    """All rows are one class, whose later layers have no stride."""
    table = "| op | channels | stride | layers |\n | conv_norm_act | 8 | 2 | 2 |\n | conv_norm_act | 16 | 2 x 1 | 2 |"
    found = archdsl.loads(f"model m {{\n input = 3 x 32 x 64\n stages {{\n {table}\n }}\n}}")
    assert found.architecture.output == (16, 8, 32)
    assert found.build()(torch.randn(1, 3, 32, 64)).shape == (1, 16, 8, 32)
    assert found.source.count("class ConvNormAct") == 1
