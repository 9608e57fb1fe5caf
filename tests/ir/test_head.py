"""Which outputs of a head that reads tensors by name are vectors, and that the emitted network gives them as such."""

from __future__ import annotations

import pytest
import torch

import archdsl
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.ir.body import Bound
from archdsl.ir.head import is_vector

TEXT = """
block scores(n) {{
  out = in -> global_avg_pool -> linear(n)
}}
model net(flat = true) {{
  input   = 3 x 16 x 16
  classes = 5
  stem = conv(8, 3, stride = 2)
  shared vector = linear(4) -> relu
  two = for i in 2: stem -> global_avg_pool -> linear(4)
  a = stem -> global_avg_pool -> linear(4)
  p = stem -> global_avg_pool
  head = {head}
}}
variants net {{
  | name | flat  |
  | yes  | true  |
  | no   | false |
}}
"""
VECTORS = [
    "a",
    "stem -> linear(classes) -> softmax(channels)",
    "stem -> flatten",
    "stem -> vector",
    "a + a * 2 -> batch_norm -> dropout(0.2)",
    "two[1]",
    "concat(a, sum(two)) -> [relu -> l2_norm] * 2",
    "-a -> drop_path when flat",
]
MAPS = ["p", "p -> conv(classes)", "a -> conv(4)", "a * (p -> conv(4))", "stem -> conv(8) * 0", "p -> scores(4)"]


@pytest.mark.parametrize(("head", "expected"), [*((one, True) for one in VECTORS), *((one, False) for one in MAPS)])
def test_vectors_leave_a_network_as_such(head: str, expected: bool) -> None:
    compiled = compile_source(Source("net.arch", TEXT.format(head=head)))
    assert compiled.problems == ()
    architecture = compiled.architectures[0]
    assert architecture.head is not None
    (apply,) = architecture.head.steps.steps
    assert is_vector(Bound(name="out"), architecture.blocks[apply.block]) == expected  # type: ignore[union-attr, index]
    network = archdsl.loads(TEXT.format(head=head), "yes")
    shape = network.build().eval()(torch.randn(2, 3, 16, 16)).shape
    channels, *size = architecture.output
    assert shape == ((2, channels) if expected else (2, channels, *size))


def test_variants_of_vectors_and_of_maps_stand_side_by_side() -> None:
    text = TEXT.format(head="p -> if flat then linear(classes) else conv(classes)")
    shapes = {name: archdsl.loads(text, name).build()(torch.randn(2, 3, 16, 16)).shape for name in ("yes", "no")}
    assert shapes == {"yes": (2, 5), "no": (2, 5, 1, 1)}
