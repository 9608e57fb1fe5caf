"""The proof can fail: exchange two tensors of one shape, and the outputs differ."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import combinations
from random import Random

import pytest
import torch

import archdsl
from archdsl.weights import KeyMap, Pair
from archdsl.weights.from_module import map_module
from archdsl.weights.key_map import COUNTER
from archdsl.weights.proof import TOLERANCE, difference

MOBILE = """\
model mobile {
  input   = 3 x 32 x 32
  classes = 10
  act     = silu
  stem = conv_norm_act(8, kernel = 3, stride = 2)
  stages {
    | op     | kernel | stride | expansion | channels | layers | se   |
    | mbconv | 3      | 1      | 2         | 8        | 3      | 0.25 |
  }
  head = global_avg_pool -> linear(classes)
}
"""
NORMALIZER_FREE = """\
block unit() {
  out = (in -> act -> ws_conv(8, 3) -> act -> ws_conv(8, 3) -> squeeze_excite(2, inner = relu) -> gain(0)) * 0.2 + in
}
model normalizer_free {
  input   = 3 x 32 x 32
  classes = 10
  act     = gelu
  stem = ws_conv(8, 3, stride = 2) -> unit * 3
  head = act -> global_avg_pool -> linear(classes)
}
"""


@pytest.mark.parametrize("text", [MOBILE, NORMALIZER_FREE], ids=["mobile", "normalizer_free"])
def test_exchanging_two_tensors_shows(text: str) -> None:
    network = archdsl.loads(text)
    torch.manual_seed(0)
    ours, theirs = network.build(), network.build()
    shapes = {key: tuple(tensor.shape) for key, tensor in ours.state_dict().items()}
    key_map = KeyMap(network.name, "there", tuple(Pair(key, key, shape, shape) for key, shape in shapes.items()))
    images = torch.randn(2, 3, 32, 32)
    assert difference(ours, theirs, key_map, images) < 1e-12

    alike: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for key, shape in shapes.items():
        if not key.endswith(COUNTER):
            alike[shape].append(key)
    exchanges = [pair for keys in alike.values() for pair in combinations(keys, 2)]
    for one, other in Random(0).sample(exchanges, 60):
        swapped = {one: other, other: one}
        pairs = tuple(replace(pair, theirs=swapped.get(pair.ours, pair.theirs)) for pair in key_map.pairs)
        error = difference(ours, theirs, replace(key_map, pairs=pairs), images)
        assert error > 10 * TOLERANCE, f"{one} and {other}"


def test_standardizations_that_differ_for_small_weights_only_are_told() -> None:
    network = archdsl.loads(NORMALIZER_FREE)
    added = archdsl.loads(NORMALIZER_FREE.replace("ws_conv(8, 3", "ws_conv(8, 3, variance_eps = 1e-5"))
    key_map = map_module(network, added.build(), "there")
    assert {pair.theirs for pair in key_map.pairs} == set(network.build().state_dict())
    assert key_map.caveat is not None
    assert "equal where standardized weights are large" in key_map.caveat
    assert map_module(added, added.build(), "there").caveat is None
