"""What oneDNN and PyTorch copy for a convolution, of any size and setting: a table of some hundreds, to the byte."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from archdsl.backends.memory import onednn, workspace
from archdsl.backends.memory.kernels import Gradient
from archdsl.backends.memory.onednn import Convolution
from archdsl.ir.base import Shape, Size
from tests.golden import assert_golden

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = 400


def convolutions() -> Iterator[Convolution]:
    """Kernels of all kinds that networks have, and some that they have not, at sizes where another rule begins."""
    chance = random.Random(0)
    pick = chance.choice
    while True:
        kind = pick(["full", "full", "grouped", "depthwise"])
        groups = 1 if kind == "full" else pick([2, 3, 4, 8, 16, 24])
        each = (1, 1) if kind == "depthwise" else (pick([1, 2, 3, 4, 8, 16, 20, 32]), pick([1, 4, 8, 16, 20, 32]))
        tall, wide = pick(
            [(1, 1), (1, 1), (3, 3), (3, 3), (2, 2), (5, 5), (7, 7), (1, 7), (8, 8), (3, 14), (15, 15), (1, 16)]
        )
        stride, dilation = pick([1, 1, 2, 3]), pick([1, 1, 1, 2, 4])
        source = Shape(groups * each[0], pick([1, 3, 4, 7, 8, 14, 29, 56]), pick([1, 3, 5, 7, 8, 12, 29, 56]))
        reach = Size(dilation * (tall - 1) + 1, dilation * (wide - 1) + 1)
        if pick([True, False, False]):  # as much as is needed, the odd zero to the right
            height, across = (-(-side // stride) for side in source[1:])
            needed = ((out - 1) * stride for out in (height, across))
            padding = Size(*(max(0, n + r - side) // 2 for n, r, side in zip(needed, reach, source[1:], strict=True)))
        else:
            padding = pick([Size((reach.height - 1) // 2, (reach.width - 1) // 2), Size(0, 0), Size(1, 2)])
            height = (source.height + 2 * padding.height - reach.height) // stride + 1
            across = (source.width + 2 * padding.width - reach.width) // stride + 1
        if height < 1 or across < 1:
            continue
        output = Shape(groups * each[1], height, across)
        batch, width = pick([1, 2, 5, 15, 16]), pick([4, 4, 2])
        isa: onednn.Isa = pick(["avx512", "avx2"]) if width == 4 else "avx512"
        kernel = Size(tall, wide)
        yield Convolution(
            source,
            output,
            groups,
            kernel,
            Size(stride, stride),
            Size(dilation, dilation),
            padding,
            batch,
            width,
            isa,
            pick([1, 2, 4, 7]),
        )


def test_copies(pytestconfig: pytest.Config) -> None:
    lines = []
    for it, _ in zip(convolutions(), range(SAMPLES), strict=False):
        used = [onednn.forward(it), onednn.backward_data(it), onednn.backward_weights(it), *onednn.channels_last(it)]
        copies = " | ".join(f"{one.x} {one.filters} {one.y} {one.scratch} {one.is_channels_last:d}" for one in used)
        steps = [
            workspace.convolution(it, Gradient(1), channels_last=last, needs_gradient=needs)
            for last, needs in ((False, True), (False, False), (True, True), (True, False))
        ]
        work = " | ".join(" ".join(map(_step, (*each.forward, 0, *each.after, 0, *each.backward))) for each in steps)
        lines.append(f"{' '.join(map(str, it))}: {copies}; {work}")
    assert_golden("\n".join(lines) + "\n", GOLDEN / "convolutions.txt", pytestconfig)


@pytest.mark.parametrize(
    ("size", "wide", "fits"),
    [(12, 8, True), (9, 8, True), (13, 8, True), (6, 8, True), (12, 7, True), (14, 8, True), (12, 9, False)],
)
def test_zeros_to_the_right_of_a_narrow_map_on_avx2(size: int, wide: int, fits: bool) -> None:
    """More of them than the three columns that are computed at once take more registers, of which there are seven; and
    of zeros to the left there are three columns at most. What does not fit is columns of the image, read as it is."""
    shape = Shape(8, 1, size)
    it = Convolution(shape, shape, 1, Size(1, wide), Size(1, 1), Size(1, 1), Size(0, (wide - 1) // 2), 2, 4, "avx2", 1)
    assert (onednn.forward(it).x > 0) == fits


def _step(step: object) -> str:
    return f"d{step.of}" if isinstance(step, Gradient) else str(step)
