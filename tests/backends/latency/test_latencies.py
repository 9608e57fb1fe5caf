"""Times of the parts of a network."""

from __future__ import annotations

import archdsl
from archdsl.backends.latency import Latencies, profile

TEXT = """
use "archdsl:mobilenetv2.arch"
model net {
  input    = 3 x 224 x 224
  backbone = mobilenetv2.100
  head     = global_avg_pool -> linear(10)
}
"""


def test_the_layers_of_a_part_take_as_long_as_in_its_own_network() -> None:
    device = profile("phone")
    ours = dict(Latencies(archdsl.loads(TEXT).architecture, device).blocks())
    theirs = dict(Latencies(archdsl.find("mobilenetv2_100").architecture, device).blocks())
    shared = [path for path in theirs if path != "head" and f"backbone.{path}" in ours]
    assert [f"backbone.{path}" for path in shared] == [path for path in ours if path != "head"]
    assert len(shared) == 8
    for path in shared:
        times = [[fragment.time for _, fragment in parts] for parts in (ours[f"backbone.{path}"], theirs[path])]
        assert times[0] == times[1]
    (stem,) = ours["backbone.stem"]
    assert next(part.path for part in stem[1].operators) == "backbone.stem.conv"
