"""What is known of a block before it is applied, and of a symbol wherever it is defined."""

from __future__ import annotations

from archdsl.compiler import link_source
from archdsl.diagnostics import Source
from archdsl.elaborate.resolve.definitions import Definition, Environment
from archdsl.elaborate.resolve.symbols import is_in_library, of_block

TEXT = """
block plain(channels) {
  out = in -> conv(channels)
}
block sets(channels) {
  out = in -> conv(channels)
  out.gain = 2
}
block reads(channels) {
  out = in -> conv(channels * in.gain)
}
block sizes(channels) {
  out = in -> conv(max(channels, in.channels))
}
block applies(channels) {
  out = in -> sets(channels) -> relu
}
block layered(channels) {
  out = in -> plain(channels) -> relu
}
"""


def environment(text: str = TEXT) -> Environment:
    return link_source(Source("net.arch", text)).environment


def block(name: str) -> Definition:
    found = environment().block(name)
    assert found is not None
    return found


def test_a_block_heeds_facts_that_it_sets_or_reads_or_whose_blocks_do() -> None:
    heed = {name for name in ("plain", "sets", "reads", "sizes", "applies", "layered") if block(name).heeds_facts}
    assert heed == {"sets", "reads", "applies"}


def test_facts_are_those_that_the_file_and_the_library_set() -> None:
    assert environment().facts == {"gain"}
    other = environment("block b(channels) {\n  out = in -> conv(channels)\n  out.shift = 1\n}\n")
    other.library = environment()
    assert other.facts == {"gain", "shift"}


def test_a_block_of_the_library_is_in_the_library() -> None:
    assert is_in_library(of_block(block("conv_norm_act")))
    assert not is_in_library(of_block(block("plain")))
