"""How much of a model there is to be looked at, with what it inherits."""

from __future__ import annotations

from archdsl.compiler import link_source
from archdsl.diagnostics import Source
from archdsl.elaborate.resolve import merge

TEXT = """
model base(width = 1.0, depth = 1) {
  act = relu
  stem = conv(8)
  stages {
    | op   | channels |
    | conv | 8        |
    | conv | 16       |
  }
  require macs == 1
}
model small(width = 0.5) extends base(depth = 2) {
  head = relu
}
"""


def test_each_parameter_binding_value_and_cell_counts_one() -> None:
    """Two parameters, `depth = 2`, `act`, `stem` and `head`, and four cells; claims are not inherited."""
    environment = link_source(Source("net.arch", TEXT)).environment
    base, small = (merge.merge(definition).size for definition in environment.own_models)
    assert (base, small) == (2 + 2 + 1 + 4, 2 + 1 + 3 + 4)
