"""Poolings have the output sizes of torch's."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from archdsl.ir.base import Shape, ShapeError, Size
from archdsl.ir.operators.pooling import AvgPool, MaxPool


@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize("padding", ["valid", "symmetric", 1])
@pytest.mark.parametrize("kernel", [2, 3, Size(3, 2)])
@pytest.mark.parametrize("stride", [None, 1, 2, 3])
def test_output_sizes(ceil: bool, padding: str | int, kernel: int | Size, stride: int | None) -> None:
    zeros = {"valid": 0, "symmetric": None}.get(padding, padding) if isinstance(padding, str) else padding
    if zeros is None:
        zeros = tuple((side - 1) // 2 for side in kernel) if isinstance(kernel, Size) else (kernel - 1) // 2
    sides = kernel if isinstance(kernel, Size) else (kernel, kernel)
    is_shifted = padding == "symmetric" and any(side > 2 and (stride or side) >= side for side in sides)
    for operator, module in ((MaxPool, nn.MaxPool2d), (AvgPool, nn.AvgPool2d)):
        ours = operator(kernel=kernel, stride=stride, padding=padding, ceil=ceil)
        theirs = module(kernel, stride, zeros, ceil_mode=ceil)
        if is_shifted:
            with pytest.raises(ShapeError, match="do not overlap"):
                ours.output(Shape(1, 8, 8))
            continue
        for size in range(3, 14):
            expected = theirs(torch.zeros(1, 1, size, size + 1)).shape
            assert tuple(ours.output(Shape(1, size, size + 1))) == tuple(expected[1:]), size


def test_same_rounds_up_already() -> None:
    with pytest.raises(ShapeError, match="rounds up"):
        MaxPool(kernel=3, padding="same", ceil=True).output(Shape(1, 8, 8))
