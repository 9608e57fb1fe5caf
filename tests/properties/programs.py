"""Whole programs of the language as text: small, readable, and nearly always valid.

`program(random)` writes one; `programs` is the same as a Hypothesis strategy that shrinks. Whatever is drawn, channels
are multiples of what groups need, branches end in one shape, and strides are a block's own. The few programs that are
not valid all the same (a map that shrinks away, say) are for the compiler to refuse; tests leave them out.
"""

from __future__ import annotations

from random import Random

from hypothesis import strategies as st

from tests.properties.drawing import Block, Draw
from tests.properties.program_blocks import BLOCK_NAMES, BlockWriter
from tests.properties.program_models import ModelWriter


def program(random: Random) -> str:
    """The text of one program."""
    draw = Draw(random)
    has_facts = draw.chance(15)
    blocks: list[Block] = []
    names = list(BLOCK_NAMES)
    for _ in range(draw.number(1, 4)):
        name = names.pop(draw.number(0, len(names) - 1))
        blocks.append(BlockWriter(draw, name, list(blocks), has_facts).write())
    models = [ModelWriter(draw, "network", blocks, has_facts).write()]
    if draw.chance(10):
        models.append(ModelWriter(draw, "second_network", blocks, has_facts).write())
    return "\n".join([*(block.text for block in blocks), *models])


programs: st.SearchStrategy[str] = st.randoms(use_true_random=False).map(program)
