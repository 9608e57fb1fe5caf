"""Layers of a stage: the first has the row's stride, the others one of 1 where their operator has a stride at all."""

from __future__ import annotations

import pytest

import archdsl
from archdsl.ir.walk import walk

TEXT = """
block strided(channels, stride = 1) {{
  out = in -> conv(channels, stride = stride)
}}
block plain(channels) {{
  out = in -> conv(channels)
}}
model m {{
  input = 8 x 16 x 16
  stages {{
    | op | {columns} | layers |
    | {op} | {values} | 3 |
  }}
}}
"""


@pytest.mark.parametrize(
    ("op", "columns", "values", "sizes"),
    [
        ("strided", "channels | stride", "8 | 2", [8, 8, 8]),
        ("conv", "channels | stride", "8 | 4", [4, 4, 4]),
        ("max_pool", "kernel | stride", "2 | 2", [8, 7, 6]),
        ("plain", "channels", "8", [16, 16, 16]),
        ("channel_shuffle", "groups", "2", [16, 16, 16]),
    ],
)
def test_only_the_first_has_the_stride(op: str, columns: str, values: str, sizes: list[int]) -> None:
    architecture = archdsl.loads(TEXT.format(op=op, columns=columns, values=values)).architecture
    (stage,) = architecture.stages
    assert [layer.apply.output.height for layer in stage.layers] == sizes
    assert len(architecture.blocks) == {"strided": 2, "plain": 1}.get(op, 0)
    assert len([visit for visit in walk(architecture) if visit.primitive]) == 3
