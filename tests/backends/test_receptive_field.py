"""Receptive fields by hand, and against what the gradient of one position reaches."""

from fractions import Fraction

import pytest
import torch

import archdsl
from archdsl.api import Network
from archdsl.backends.receptive_field import receptive_fields


def network(stem: str, size: int = 64, blocks: str = "") -> Network:
    return archdsl.loads(f"{blocks}\nmodel m {{\n input = 3 x {size} x {size}\n act = identity\n stem = {stem}\n}}")


# Every operator that has a window, with positive weights and no ReLU in between, so that no gradient is cancelled.
STEMS = [
    "conv(4, 3)",
    "conv(4, 3, stride = 2) -> conv(4, 3)",
    "conv(4, 1 x 7) -> conv(4, 5 x 1, stride = 2)",
    "conv(4, 3, dilation = 3)",
    "conv(4, 3, stride = 2, padding = same) -> depthwise(5, stride = 2, padding = same)",
    "conv(4, 2, stride = 2, padding = valid) -> avg_pool(3, stride = 2)",
    "avg_pool(2) -> pad(1) -> conv(4, 3, padding = valid)",
    "conv(4, 3) -> resize(2, mode = nearest) -> conv(4, 3)",
    "avg_pool(4, padding = 1) -> resize(2) -> conv(4, 3)",
    "both",
    "long",
]
BLOCKS = """
block both() {
  out = (in -> conv(4, 3) -> conv(4, 3)) + (in -> conv(4, 1))
}
block long() {
  down = in -> conv(4, 3, stride = 2) -> conv(4, 3)
  out = concat(down -> resize(like = in, mode = nearest), in -> conv(4, 3))
}
"""


@pytest.mark.parametrize("stem", STEMS)
def test_gradient_reaches_the_field_and_no_further(stem: str) -> None:
    found = network(stem, blocks=BLOCKS)
    model = found.build().eval()
    for weight in model.parameters():
        torch.nn.init.constant_(weight, 1.0)
    images = torch.ones(1, 3, 64, 64, requires_grad=True)
    output = model(images)
    field = receptive_fields(found.architecture)["stem"]
    reached = []
    # Positions next to each other may see windows of different size where a map was stretched: the largest counts.
    for position in range(output.shape[2] // 2, output.shape[2] // 2 + 4):
        (gradient,) = torch.autograd.grad(output[0, :, position, position].sum(), images, retain_graph=True)
        rows, columns = gradient[0].abs().sum(0).nonzero().T
        reached.append((int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1))
    largest = tuple(map(max, zip(*reached, strict=True)))
    assert field.field is not None
    if "resize" in stem or stem == "long":  # an upper bound
        assert all(0 <= mine - real <= 2 for mine, real in zip(field.field, largest, strict=True))
    else:
        assert tuple(field.field) == largest
    assert field.reduction_height == Fraction(64, output.shape[2])


@pytest.mark.parametrize(
    ("name", "fields"), [("resnet_50", [11, 35, 91, 267, 427]), ("mobilenetv2_100", [3, 7, 19, 59])]
)
def test_published_networks(name: str, fields: list[int]) -> None:
    found = receptive_fields(archdsl.find(name).architecture)
    assert [field.height for field in found.values()][: len(fields)] == fields
    assert not any(field.sees_all for path, field in found.items() if path != "head")


def test_the_whole_image_is_told_apart() -> None:
    found = receptive_fields(archdsl.find("efficientnet_b0").architecture)
    assert not found["stem"].sees_all
    assert found["stages.0"].sees_all
    assert found["stages.0"].field == (7, 7)
    head = found["head"]
    assert (head.field, head.reduction_height, head.sees_all) == (None, None, True)


def test_height_and_width() -> None:
    field = receptive_fields(network("conv(4, 1 x 7, stride = 2)").architecture)["stem"]
    assert field.field == (1, 7)


@pytest.mark.parametrize("norm", ["group_norm(4)", "group_norm(1)"])
def test_a_group_norm_sees_the_whole_map(norm: str) -> None:
    field = receptive_fields(network(f"conv(4, 3) -> {norm} -> conv(4, 3)").architecture)
    assert all(found.sees_all for found in field.values()), field


@pytest.mark.parametrize(
    "head",
    ["c1 + (other -> conv(8, 5, stride = 2) -> conv(8, 3, stride = 2))", "c1 + (other -> global_avg_pool -> conv(8))"],
    ids=["local", "whole"],
)
def test_of_several_inputs_the_first_one_is_seen(head: str) -> None:
    """What a head reads of another input is no part of the image: neither its pixels nor the whole of it."""
    text = f"""
model m {{
  inputs {{
    image = 3 x 32 x 32
    other = 3 x 32 x 32
  }}
  act  = identity
  stem = image -> conv(8, 3)
  stages {{
    | name | op   | channels | kernel | stride |
    | c1   | conv | 8        | 3      | 4      |
  }}
  head = {head}
}}
"""
    found = receptive_fields(archdsl.loads(text).architecture)["head"]
    assert (found.height, found.width, found.sees_all) == (5, 5, False)
    assert (found.reduction_height, found.reduction_width) == (4, 4)
