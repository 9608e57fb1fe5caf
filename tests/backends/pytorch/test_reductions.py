"""`reduction` is the product of the strides: sizes that do not divide round, and a quotient of them would say less."""

from __future__ import annotations

import pytest

from archdsl.backends.pytorch.reductions import Feature, features_of, stage_reductions, stem_features_of
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.ir.architecture import Architecture

BLOCKS = """
block down(channels) {
  half    = in -> conv(channels, 3, stride = 2, padding = valid) -> conv(channels, 3, stride = 2, padding = valid)
  quarter = half -> conv_norm_act(channels, 3, stride = 2) -> max_pool(3, stride = 2, padding = valid)
  out     = quarter * (quarter -> global_avg_pool -> conv(channels) -> sigmoid)
}

block twice(channels) {
  out = in -> [conv(channels, 3, stride = 2, padding = valid) -> norm] * 2
}

block there_and_back(channels) {
  small = in -> avg_pool(2) -> conv(channels, 3, stride = 2)
  out   = in + (small -> resize(like = in) -> conv(in.channels))
}

block finer(channels) {
  out = in -> conv(channels) -> resize(2)
}
"""


def network(rows: str, size: int) -> Architecture:
    model = (
        f"model m {{\n  input = 3 x {size} x {size}\n  stem = conv(8, 3, stride = 2, padding = valid)\n"
        f"  stages {{\n    | op | channels |\n{rows}  }}\n}}\n"
    )
    (architecture,) = compile_source(Source("m.arch", BLOCKS + model)).checked()
    return architecture


@pytest.mark.parametrize("size", [65, 128, 224, 299, 331, 333])
def test_strides_within_blocks_count_whatever_the_size(size: int) -> None:
    assert stage_reductions(network("    | down | 8 |\n", size)) == [32]


def test_blocks_in_sequence_and_branches() -> None:
    rows = "".join(f"    | {op} | 8 |\n" for op in ("twice", "there_and_back", "finer", "twice"))
    assert stage_reductions(network(rows, 331)) == [8, 8, 4, 16]


def test_of_several_stages_with_one_reduction_the_last_is_listed() -> None:
    found = features_of(network("    | twice | 8 |\n    | there_and_back | 8 |\n    | twice | 16 |\n", 331))
    assert [(feature.module, feature.reduction) for feature in found] == [("stages.1", 8), ("stages.2", 32)]


def of_stem(stem: str, first: str = "max_pool(3, stride = 2)") -> list[Feature]:
    """What a stem has, as modules, channels and reductions, before a stage that begins with a stride."""
    text = (
        f"model m {{\n  input = 3 x 64 x 64\n  stem = {stem}\n  stages {{\n    | op |\n    | {first} |\n"
        "    | conv(8, stride = 2) |\n  }\n}\n"
    )
    (architecture,) = compile_source(Source("m.arch", text)).checked()
    return stem_features_of(architecture)


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("conv(8, 3, stride = 2) -> norm -> act", [("stem", 8, 2)]),
        ("conv(8, 3, stride = 2) -> norm -> act -> max_pool(3, stride = 2)", [("stem.act", 8, 2), ("stem", 8, 4)]),
        ("conv_norm_act(8, 3, stride = 2) -> conv(9, 3, stride = 2)", [("stem.conv_norm_act", 8, 2), ("stem", 9, 4)]),
        ("[conv(8, 3, stride = 2) -> act] * 2", [("stem", 8, 4)]),
        # A pooling that leaves the size belongs to what makes it smaller.
        (
            "conv(8, 3, stride = 2) -> max_pool(3, stride = 1) -> blur(3, stride = 2)",
            [("stem.conv", 8, 2), ("stem", 8, 4)],
        ),
        # The image is none, nor what has its channels.
        ("conv(8, 3) -> act", []),
        ("max_pool(3, stride = 2) -> conv(8)", [("stem", 8, 2)]),
        ("max_pool(3, stride = 2) -> norm", []),
        ("max_pool(3, stride = 2) -> conv(8) -> avg_pool(2)", [("stem.conv", 8, 2), ("stem", 8, 4)]),
        ("max_pool(3, stride = 2) -> norm -> conv(8, 3, stride = 2)", [("stem", 8, 4)]),
    ],
)
def test_maps_of_the_stem_that_are_larger_than_those_of_stages(stem: str, expected: list[tuple[str, int, int]]) -> None:
    assert of_stem(stem) == expected


def test_a_stage_of_the_same_size_takes_the_place_of_the_stem() -> None:
    assert of_stem("conv(8, 3, stride = 2)", "conv(9, 3)") == []
    assert of_stem("conv(8, 3, stride = 2) -> max_pool(3, stride = 2)", "conv(9, 3)") == [("stem.conv", 8, 2)]
