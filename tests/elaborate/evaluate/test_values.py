"""How much layers of layers are written out as: what keeps a few lines from unfolding without end."""

from __future__ import annotations

from archdsl.compiler import link_source
from archdsl.diagnostics import Source, Span
from archdsl.elaborate.evaluate.values import (
    AlternativeLayer,
    BlockLayer,
    LayerStep,
    PrimitiveLayer,
    RepeatLayer,
    SequenceLayer,
    bulk,
)
from archdsl.ir.operators import PRIMITIVES

SPAN = Span(Source("net.arch", ""), 0, 0)
RELU = PrimitiveLayer(PRIMITIVES["relu"](kind="relu"), (), {}, {}, SPAN)  # type: ignore[call-arg]


def test_each_layer_counts_one_and_what_is_in_it() -> None:
    sequence = SequenceLayer((LayerStep("a", RELU), LayerStep("b", RELU), LayerStep("c", None)), SPAN)
    assert (bulk(RELU), bulk(3), bulk(sequence)) == (1, 1, 1 + 1 + 1 + 1)
    assert bulk(RepeatLayer(sequence, 5, SPAN)) == 1 + 4
    assert bulk(AlternativeLayer("a", True, sequence)) == 1 + 4


def test_arguments_of_a_block_count() -> None:
    source = Source("net.arch", "block b(channels, act) {\n  out = in -> conv(channels) -> act\n}\n")
    definition = link_source(source).environment.block("b")
    assert definition is not None
    given = (("act", RELU), ("channels", 8))
    assert bulk(BlockLayer(definition, given, {}, {}, SPAN)) == 3
