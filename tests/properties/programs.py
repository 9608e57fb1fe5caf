"""Whole programs of the language as text: small, readable, and nearly always valid.

`program(random)` writes one; `programs` is the same as a Hypothesis strategy that shrinks. Whatever is drawn, channels
are multiples of what groups need, branches end in one shape, and strides are a block's own. The few programs that are
not valid all the same (a map that shrinks away, say) are for the compiler to refuse; tests leave them out.
"""

from __future__ import annotations

import re
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


# What is of two dimensions in a program, and what it is in one.
_IN_ONE = (
    (r"parameter\(([^,()]+) x ([^,()]+) x ([^,()]+?)([,)])", r"parameter(\1 x \3\4"),
    (r"(?<!input = )\b(?:1|margin|stride|0) x (\w+)\b(?! x)", r"\1"),
    (r"(?<!input = )\b(\w+) x (?:1|margin|0)\b(?! x)", r"\1"),
    (r"transpose\((?:height, width|width, height)\)", "relu"),
    (r"\.(?:height|width)\b", ".length"),
    (r"over = (?:height|width)\b", "over = length"),
    (r"transpose\(channels, (?:height|width)\)", "transpose(channels, length)"),
    (r"transpose\((?:height|width), channels\)", "transpose(length, channels)"),
    ("bicubic", "nearest_exact"),
    (r"\bblur\(stride = (\w+)\)", r"avg_pool(3, stride = \1)"),
    (r"\btop = ", "left = "),
    (r"\bbottom = ", "right = "),
    (r"(input|image|mask|depth) = (\w+)(?: x \w+)? x (\w+)", r"\1 = \2 x \3"),
)


def in_one_dimension(text: str) -> str:
    """A program on series, if the compiler takes it: most that is said of heights and widths, said of lengths."""
    for pattern, instead in _IN_ONE:
        text = re.sub(pattern, instead, text)
    return text


programs: st.SearchStrategy[str] = st.randoms(use_true_random=False).map(program)
