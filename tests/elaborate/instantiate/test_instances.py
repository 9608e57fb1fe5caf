"""Networks of one file share the blocks that they have in common, and are none the less what they are alone."""

from __future__ import annotations

from pathlib import Path

import pytest

import archdsl
from archdsl.compiler import compile_file, compile_source
from archdsl.diagnostics import Source
from archdsl.elaborate.evaluate.values import Tensor
from archdsl.elaborate.instantiate.instances import Instances
from archdsl.ir.base import Shape
from tests.selection import one_in

ROOT = Path(__file__).resolve().parents[3]

SPECS = sorted([*ROOT.glob("specs/*.arch"), *ROOT.glob("examples/*.arch")])


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_network_is_the_same_alone(path: Path) -> None:
    """Those in the middle of a file have networks before and behind them; of them all the last shares the most."""
    together = compile_file(path).checked()
    for network in (*one_in(4, together[:-1]), *together[-1:]):
        (alone,) = compile_file(path, variant=network.name).checked()
        assert alone == network
        assert list(alone.blocks) == list(network.blocks)


def test_settings_and_spellings_are_told_apart() -> None:
    """The blocks of these networks have the same arguments and shapes, and differ in a setting or in their text."""
    text = """\
block inner(channels) { out = in -> conv(channels) -> norm -> act }
block outer(channels, last = identity) {
  spare = in -> inner(channels)
  out = (in -> inner(channels)) + (in -> conv(channels)) -> last
}
model first {
  input = 3 x 8 x 8
  norm = batch_norm
  act = relu
  stem = outer(8)
  head = inner(4) -> outer(8, last = batch_norm)
}
model other_norm extends first { norm = layer_norm }
model other_act extends first { act = silu }
model other_spelling extends first { head = inner(4) -> outer(8, last = batch_norm(eps = 1e-5)) }
model again extends first { }
"""
    source = Source("test.arch", text)
    together = compile_source(source).checked()
    for network in together:
        (alone,) = compile_source(source, variant=network.name).checked()
        assert alone == network
    first, other_norm, other_act, other_spelling, again = (network.blocks for network in together)
    assert first == again
    assert first["inner:1"].layers["norm"] == "batch_norm"
    assert other_norm["inner:1"].layers["norm"] == "layer_norm"
    assert other_act["inner:1"].layers["act"] == "silu"
    assert first["outer:2"].layers["last"] == "batch_norm"
    assert other_spelling["outer:2"].layers["last"] == "batch_norm(eps = 1e-05)"


def test_what_is_taken_from_another_network_is_counted_once() -> None:
    text = """
block inner(channels) {
  out = in -> conv(channels)
}
block outer(channels) {
  out = in -> inner(channels) -> relu
}
model m {
  input = 8 x 4 x 4
  stem = outer(8)
}
"""
    blocks = archdsl.loads(text).architecture.blocks
    result = Tensor(Shape(8, 4, 4), None)
    first = Instances()
    inner = first.add(blocks["inner:1"], result, ())
    outer = first.add(blocks["outer:1"], result, (inner,))
    other, third = Instances(), Instances()
    assert (other.take(outer), other.take(outer), other.take(inner)) == (2, 0, 0)
    assert list(other.blocks) == ["inner:1", "outer:1"]
    assert (third.take(inner), third.take(outer)) == (1, 1)
