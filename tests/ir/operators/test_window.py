"""What a window may be padded with."""

from __future__ import annotations

from itertools import product
from math import ceil

import pytest
from pydantic import TypeAdapter, ValidationError

from archdsl.ir.operators.window import Padding, same_zeros, window

PADDING: TypeAdapter[object] = TypeAdapter(Padding)


@pytest.mark.parametrize("padding", ["symmetric", "same", "valid", 0, 2**15 - 1])
def test_paddings(padding: object) -> None:
    assert PADDING.validate_python(padding) == padding


@pytest.mark.parametrize("padding", ["full", -1, 2**15])
def test_what_is_no_padding(padding: object) -> None:
    with pytest.raises(ValidationError):
        PADDING.validate_python(padding)


def test_same_padding_adds_as_many_zeros_as_its_last_window_lacks() -> None:
    for size, kernel, stride, dilation in product((1, 2, 7, 8, 15), (1, 2, 3, 7), (1, 2, 5), (1, 2, 3)):
        zeros, extent = same_zeros(size, kernel, stride, dilation), dilation * (kernel - 1) + 1
        starts = range(0, size + zeros - extent + 1, stride)
        assert len(starts) >= window(size, kernel, stride, "same", dilation) == ceil(size / stride)
        if zeros:  # one less, and there would be one window less
            assert starts[-1] + extent == size + zeros
