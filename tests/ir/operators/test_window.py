"""What a window may be padded with."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from archdsl.ir.operators.window import Padding

PADDING: TypeAdapter[object] = TypeAdapter(Padding)


@pytest.mark.parametrize("padding", ["symmetric", "same", "valid", 0, 2**15 - 1])
def test_paddings(padding: object) -> None:
    assert PADDING.validate_python(padding) == padding


@pytest.mark.parametrize("padding", ["full", -1, 2**15])
def test_what_is_no_padding(padding: object) -> None:
    with pytest.raises(ValidationError):
        PADDING.validate_python(padding)
