"""Kernels that are not square: shapes and costs as torch's, and the same network again from JSON."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import archdsl
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape, Size
from archdsl.ir.operators.convolution import Conv, Depthwise, WeightStandardizedConv
from archdsl.ir.operators.pooling import AvgPool, MaxPool
from archdsl.ir.operators.window import sides

IMAGE = Shape(6, 17, 23)


def test_sides() -> None:
    assert sides(3) == Size(3, 3)
    assert sides(Size(1, 7)) == Size(1, 7)
    assert str(Size(1, 7)) == "1 x 7"


@pytest.mark.parametrize("operator", [Conv, WeightStandardizedConv])
def test_convolution_costs(operator: type[Conv | WeightStandardizedConv]) -> None:
    conv = operator(channels=8, kernel=Size(1, 7), bias=False)
    assert conv.output(IMAGE) == Shape(8, 17, 23)
    gains = 8 if operator is WeightStandardizedConv else 0
    assert conv.parameters(IMAGE) == 6 * 8 * 7 + gains
    assert conv.macs(IMAGE) == 6 * 8 * 7 * 17 * 23


def test_valid_padding_shrinks_each_axis_by_its_own_kernel() -> None:
    assert Depthwise(kernel=Size(3, 1), padding="valid").output(IMAGE) == Shape(6, 15, 23)
    assert Depthwise(kernel=Size(1, 5), stride=2, padding="valid").output(IMAGE) == Shape(6, 9, 10)
    assert Conv(channels=2, kernel=Size(1, 3), padding="same", stride=2).output(IMAGE) == Shape(2, 9, 12)


def test_a_pooling_steps_by_its_kernel_unless_told() -> None:
    assert MaxPool(kernel=Size(1, 2)).output(IMAGE) == Shape(6, 17, 11)
    assert AvgPool(kernel=Size(3, 1), stride=1).output(IMAGE) == IMAGE


TEXT = """
block unit(channels, kernel = 3, stride = 1) {
  out = in -> conv(channels, kernel, stride = stride) -> norm -> act
}

block factored(channels, n = 3, stride = 1) {
  along = in -> unit(channels, 1 x n, stride) -> unit(channels, n x 1) -> unit(channels)
  pooled = in -> max_pool(n x 3, stride = stride) -> unit(channels, 1 x n + 2)
  out = concat(along, pooled)
}

model m {
  input   = 3 x 32 x 48
  classes = 10

  stem = conv(8, 7 x 1, stride = 2, padding = same) -> avg_pool(1 x 2) -> max_pool(3 x 2, stride = 1, padding = same)

  stages {
    | op       | channels | n | kernel | stride | layers |
    | factored | 8        | 3 | -      | 1      | 2      |
    | factored | 16       | 5 | -      | 2      | 1      |
    | unit     | 16       | - | 1 x 3  | 1      | 2      |
    | unit     | 16       | - | 5      | 1      | 1      |
  }

  head = global_avg_pool -> linear(classes)
}
"""


def test_the_built_network_has_the_shapes_and_costs_that_were_told() -> None:
    network = archdsl.loads(TEXT)
    model = network.build().eval()
    assert sum(p.numel() for p in model.parameters()) == network.params
    with FlopCounterMode(display=False) as counter:
        out = model(torch.zeros(1, 3, 32, 48))
    assert out.shape == (1, 10)
    assert counter.get_total_flops() == network.flops


def test_json() -> None:
    architecture = archdsl.loads(TEXT).architecture
    again = Architecture.from_json(architecture.to_json())
    assert again == architecture
    assert again.stages[2].kernel == Size(1, 3)


def test_sizes_and_numbers_are_two_classes_not_one_for_each_kernel() -> None:
    source = archdsl.loads(TEXT).source
    assert source.count("class Unit") == 2
    assert "kernel: tuple[int, int]" in source
    assert "kernel: int" in source
    assert "padding=((n - 1) // 2, 1)" in source  # of the max pooling
